import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { EventView } from '../../core/events.ts'
import type { Topic } from '../../core/topic.ts'
import type { FeedReader } from '../../store/feed/feed.ts'
import { isStillValid, parseBearer, type FindCaller } from '../access.ts'
import { followTopic, STREAM_EVENTS } from '../follow-topic.ts'
import type { JobService } from '../job-service.ts'
import { NDJSON } from '../ndjson.ts'
import type { OpenStreams } from '../open-streams.ts'
import { withProblems } from '../problem.ts'
import { BatchParams, buildPageSize, EventCursor, JobParams, Tag, Wait } from '../schemas.ts'
import { sendJsonText } from '../send-json.ts'
import { EVENT_STREAM, LINES, SSE, type StreamForm } from '../stream-forms.ts'

export interface EventRoutesOptions {
  jobs: JobService
  streams: OpenStreams
  findCaller: FindCaller
  heartbeatMs: number
}

const EVENTS_MAX = 1000
/** A page of JSON that holds so much ends early. */
const PAGE_CHARS = 4_194_304
/** How long a client may take to take the rest, when its stream is to end. */
const LAST_MS = 2000
const NOW = AbortSignal.abort()

const EventQuery = z.strictObject({
  after: EventCursor.optional(),
  limit: buildPageSize(EVENTS_MAX, 100),
  wait: Wait,
})
const EventHeaders = z.object({ 'last-event-id': z.literal('').transform(() => undefined).or(EventCursor).optional().describe('What browsers send when they connect again; it goes before `after`') })

const EventAnswer = z.object({
  data: z.array(EventView),
  nextCursor: z.string().nullable().describe('Pass it as `after` for more; null once what they tell of has ended and all was read'),
  missed: z.number().int().optional().describe('Only of a tag: events after the cursor that are no longer kept, at least one where nobody counted'),
})

const response = withProblems({
  200: {
    description: `A page, or with \`Accept: ${EVENT_STREAM}\` or \`${NDJSON}\` what there is and what comes, until it is over`,
    content: {
      'application/json': { schema: EventAnswer },
      [EVENT_STREAM]: { schema: z.string().describe('Server-sent events: `id` is the cursor, `event` the type, `data` the event as JSON') },
      [NDJSON]: { schema: z.string().describe('One event as JSON per line') },
    },
  },
  204: z.null().describe('To a stream that was asked for from the end of what is over: do not connect again'),
}, 'NOT_FOUND', 'GONE', 'OVERLOADED')

type EventRequest = FastifyRequest & { query: z.output<typeof EventQuery>, headers: z.output<typeof EventHeaders> }

/** What happens to a job, in a batch or to all jobs with a tag: page by page, by a long poll, or as a stream. All of them read the same sequence by the same cursors. */
export const eventRoutes: FastifyPluginAsyncZod<EventRoutesOptions> = async (app, options) => {
  const schema = { querystring: EventQuery, headers: EventHeaders, response }

  app.get('/v1/jobs/:id/events', {
    config: { access: 'jobs:read' },
    schema: { ...schema, tags: ['jobs'], summary: 'Read or follow the events of a job', params: JobParams },
  }, async (request, reply) => {
    await answer(options, { type: 'job', id: request.params.id }, request, reply)
    return reply
  })

  app.get('/v1/batches/:id/events', {
    config: { access: 'jobs:read' },
    schema: { ...schema, tags: ['batches'], summary: 'Read or follow the events of a batch', params: BatchParams },
  }, async (request, reply) => {
    await answer(options, { type: 'batch', id: request.params.id }, request, reply)
    return reply
  })

  app.get('/v1/events', {
    config: { access: 'jobs:read' },
    schema: { ...schema, tags: ['jobs'], summary: 'Read or follow the events of all jobs with a tag', querystring: EventQuery.extend({ tag: Tag }) },
  }, async (request, reply) => {
    await answer(options, { type: 'tag', ...request.query.tag }, request, reply)
    return reply
  })
}

async function answer (options: EventRoutesOptions, topic: Topic, request: EventRequest, reply: FastifyReply): Promise<void> {
  const form = chooseForm(request.headers.accept)
  const after = request.headers['last-event-id'] ?? request.query.after ?? null
  reply.header('cache-control', 'no-store')
  if (form) return sendStream(options, { topic, after, form }, request, reply)
  const reader = await options.jobs.feed.open(request.caller.tenant, topic, after)
  try {
    sendJsonText(reply, 200, await readPage(reader, request.query, reply))
  } finally {
    reader.close()
  }
}

function chooseForm (accept = ''): StreamForm | undefined {
  if (accept.includes(EVENT_STREAM)) return SSE
  return accept.includes(NDJSON) ? LINES : undefined
}

interface StreamRequest {
  topic: Topic
  after: number | null
  form: StreamForm
}

async function sendStream ({ jobs, streams, findCaller, heartbeatMs }: EventRoutesOptions, { topic, after, form }: StreamRequest, request: EventRequest, reply: FastifyReply): Promise<void> {
  const { caller: { tenant }, headers: { authorization } } = request
  const stream = streams.enter(tenant, form.transport)
  const left = reply.untilLeft()
  const whenLeft = (end: () => void) => { if (left.aborted) end(); else left.addEventListener('abort', end) }
  whenLeft(stream.leave)
  const reader = await jobs.feed.open(tenant, topic, after)
  whenLeft(reader.close)
  const from = reader.cursor
  const first = await reader.next(STREAM_EVENTS, NOW)
  if (form === SSE && first.isOver && first.events.length === 0) return void reply.code(204).send()
  const token = parseBearer(authorization) ?? ''
  const stopped = reply.untilStopped()
  stopped.addEventListener('abort', () => {
    const timer = setTimeout(() => reply.raw.destroy(), LAST_MS)
    whenLeft(() => clearTimeout(timer))
  })
  const text = followTopic({ reader, form, stream, from, first, stopped, heartbeatMs, isStillValid: () => isStillValid(findCaller, token) })
  // What stands between is told neither to change it nor to hold it back.
  void reply.headers({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' }).type(form.mediaType)
  void reply.send(Readable.from(text, { objectMode: false, highWaterMark: 1 }))
}

/** Waits for the first event as long as it may, and takes what else is there. */
async function readPage (reader: FeedReader, { limit, wait }: { limit: number, wait: number }, reply: FastifyReply): Promise<string> {
  const events: string[] = []
  let [chars, missed] = [0, 0]
  let signal = wait > 0 ? reply.untilStopped(wait * 1000) : NOW
  for (;;) {
    const page = await reader.next(limit - events.length, signal)
    signal = NOW
    missed += page.missed
    for (const { json } of page.events) {
      events.push(json)
      chars += json.length
    }
    if (!page.isOver && page.events.length > 0 && events.length < limit && chars < PAGE_CHARS) continue
    return `{"data":[${events.join(',')}],"nextCursor":${page.isOver ? null : `"${reader.cursor}"`}${missed > 0 ? `,"missed":${missed}` : ''}}`
  }
}
