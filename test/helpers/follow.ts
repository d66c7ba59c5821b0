import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'

/** What a follower knows of an event. */
export interface Seen {
  cursor: number
  subject: string
  sequence: number
  type: string
}

export interface Place {
  url: string
  key: string
  /** `job:<id>`, `batch:<id>` or `tag:<name>:<value>`. */
  topic: string
  after: number
  /** Has followers give up between two connections. */
  signal: AbortSignal
}

/** Follows a topic over one connection, until the topic is over or the connection is. */
type Way = (place: Place) => AsyncGenerator<Seen>

/** Every way to follow a topic. */
export const WAYS = { sse: followSse, ndjson: followLines, poll: followPages, websocket: followSocket } as const satisfies Record<string, Way>
export type WayName = keyof typeof WAYS

const REST_MS = 20
const WAIT_SECONDS = 10

/** Follows a topic until an event that is the last, however often the connection breaks, each time from the cursor that was seen last. Answers all that it was told, as it came. */
export async function follow (way: WayName, place: Place, isLast: (event: Seen) => boolean): Promise<Seen[]> {
  const seen: Seen[] = []
  while (!place.signal.aborted) {
    try {
      for await (const event of WAYS[way]({ ...place, after: seen.at(-1)?.cursor ?? place.after })) {
        seen.push(event)
        if (isLast(event)) return seen
      }
    } catch (error) {
      if (!isBroken(error)) throw error
    }
    await delay(REST_MS) // somebody may be starting it again
  }
  return seen
}

/** Broken connections are what is tested; everything else is a mistake. */
function isBroken (error: unknown): boolean {
  return error instanceof Error && (('code' in error && /^(?:ECONN|EPIPE|ERR_STREAM_PREMATURE_CLOSE)/.test(String(error.code))) || /socket hang up|aborted|WebSocket was closed/.test(error.message))
}

async function * followSse (place: Place): AsyncGenerator<Seen> {
  const response = await ask(pathOf(place, {}), place, { accept: 'text/event-stream', 'last-event-id': String(place.after) })
  if (response.statusCode === 204) return
  for await (const block of split(response, '\n\n')) {
    const data = /^data: (.*)$/m.exec(block)?.[1]
    const event = data === undefined ? undefined : JSON.parse(data) as Seen // the service's own
    if (event && /^id: /m.test(block)) yield event
  }
}

async function * followLines (place: Place): AsyncGenerator<Seen> {
  for await (const line of split(await ask(pathOf(place, { after: place.after }), place, { accept: 'application/x-ndjson' }), '\n')) {
    const event = JSON.parse(line) as Seen // likewise
    if (!event.type.startsWith('system.')) yield event
  }
}

async function * followPages (place: Place): AsyncGenerator<Seen> {
  for (let after: string | null = String(place.after); after !== null;) {
    const response = await ask(pathOf(place, { after, wait: WAIT_SECONDS }), place, {})
    const page = JSON.parse((await response.toArray()).join('')) as { data: Seen[], nextCursor: string | null } // likewise
    yield * page.data
    after = page.nextCursor
  }
}

async function * followSocket ({ url, key, topic, after }: Place): AsyncGenerator<Seen> {
  const socket = new WebSocket(new URL('/v1/stream', url.replace(/^http/, 'ws')), ['batchbox.v1.json'], { headers: { authorization: `Bearer ${key}` } })
  let isClosed = false
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isClosed = true
      resolve()
    })
  })
  socket.on('error', () => {}) // the close that follows tells
  try {
    await Promise.race([new Promise((resolve) => { socket.once('open', resolve) }), closed])
    if (isClosed) return
    socket.send(JSON.stringify({ type: 'subscribe', payload: { subscription: 's', topic, after } }))
    let frames = Promise.withResolvers<void>()
    const came: unknown[] = []
    socket.on('message', (data: Buffer) => {
      came.push(...[JSON.parse(data.toString()) as unknown].flat())
      frames.resolve()
    })
    for (;;) {
      await Promise.race([frames.promise, closed])
      frames = Promise.withResolvers()
      for (const message of came.splice(0)) {
        const { type, headers } = message as { type: string, headers: Omit<Seen, 'type'> } // the service's own
        if (type === 'ended') return
        if (headers.sequence !== undefined) {
          socket.send(JSON.stringify({ type: 'ack', payload: { subscription: 's', cursor: headers.cursor } }))
          yield { type, cursor: headers.cursor, subject: headers.subject, sequence: headers.sequence }
        }
      }
      if (isClosed) return
    }
  } finally {
    socket.terminate()
  }
}

function pathOf ({ topic }: Place, query: Record<string, string | number>): string {
  const [, type = '', rest = ''] = /^(\w+):(.*)$/s.exec(topic) ?? []
  const parameters = new URLSearchParams(Object.entries({ ...(type === 'tag' ? { tag: rest } : {}), ...query }).map(([name, value]) => [name, String(value)]))
  return `${{ job: `/v1/jobs/${rest}`, batch: `/v1/batches/${rest}` }[type] ?? '/v1'}/events?${String(parameters)}`
}

async function ask (path: string, { url, key }: Place, headers: Record<string, string>): Promise<IncomingMessage> {
  const asked = request(new URL(path, url), { agent: false, headers: { authorization: `Bearer ${key}`, ...headers } }).end()
  const [response] = await once(asked, 'response') as [IncomingMessage]
  if (response.statusCode !== 200 && response.statusCode !== 204) throw new Error(`Cannot follow ${path}: the answer is ${response.statusCode}`)
  return response.setEncoding('utf8')
}

/** Parts of a response that are whole; what a broken connection left of the last one is dropped. */
async function * split (response: IncomingMessage, end: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of response as AsyncIterable<string>) {
    const parts = (rest + chunk).split(end)
    rest = parts.pop() ?? ''
    yield * parts
  }
}
