import type { JobEvent } from '../../core/events.ts'
import { JobError } from '../../core/failures.ts'
import type { Db } from '../db.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { readEvents } from '../read.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { digestTag } from '../tags.ts'
import { buildFeedEvent, type FeedEvent } from './feed-event.ts'
import type { Source } from './source.ts'

/** How much is kept of the tags that are followed. */
export interface TagLogBounds {
  /** How long after the last follower left. */
  keepMs: number
  /** Newest events of one tag, give or take a hundred. */
  events: number
  /** Tags of one tenant. */
  perTenant: number
}

/** Of a tag that cannot be followed. */
const SHOWN_CHARS = 64
/** Times that a log is renewed before it would end. */
const RENEWALS = 3

const SCRIPT = loadMove(new URL('follow.lua', import.meta.url))

/** An event of a job, by its place in a log. */
interface Reference {
  cursor: number
  jobId: string
  sequence: number
}

/** Opens the log of a tag: what happens to the tenant's jobs that have it, noted while somebody follows. Events of jobs that were removed are left out, and those that cannot be decrypted. */
export function openTagLog (db: Db, tenant: string, { name, value }: { name: string, value: string }, { keepMs, events, perTenant }: TagLogBounds): Source {
  const tag = digestTag(name, value)
  return {
    channel: db.keys.tagNewsChannel(tenant, tag),
    keepEveryMs: keepMs / RENEWALS,
    async readState () {
      const reply = await runMove(db, SCRIPT, NO_JOB, [tenant, tag, keepMs, events, perTenant])
      if (readText(reply, 0) === 'full') throw new JobError('RATE_LIMITED', `Cannot follow tag ${JSON.stringify(`${name}:${value}`.slice(0, SHOWN_CHARS))}: the tenant follows ${perTenant} others, or did so lately (BATCHBOX_TENANT_TAG_LOGS); follow fewer, or wait for the oldest to end`)
      return { begin: readNumber(reply, 1), newest: readNumber(reply, 2), isOver: false }
    },
    async readAfter (after, limit, newest) {
      const entries = await db.redis.xrange(db.keys.tagLog(tenant, tag), `${after + 1}-0`, '+', 'COUNT', limit)
      const references = entries.map(([id, [, jobId = '', , sequence]]): Reference => ({ cursor: Number.parseInt(id, 10), jobId, sequence: Number(sequence) }))
      return { events: await resolve(db, references), last: references.at(-1)?.cursor ?? newest }
    },
    isLast: () => false,
  }
}

/** Reads the events that are referred to, job by job. */
async function resolve (db: Db, references: readonly Reference[]): Promise<FeedEvent[]> {
  const byJob = Map.groupBy(references, ({ jobId }) => jobId)
  const found = new Map(await Promise.all([...byJob].map(async ([jobId, own]) => [jobId, await readReadable(db, jobId, own)] as const)))
  return references.flatMap(({ cursor, jobId, sequence }) => {
    const event = found.get(jobId)?.get(sequence)
    return event ? [buildFeedEvent(jobId, event, cursor)] : []
  })
}

/** One that cannot be decrypted keeps nothing of the others from those who follow: it is found by halves. */
async function readReadable (db: Db, jobId: string, references: readonly Reference[]): Promise<Map<number, JobEvent>> {
  try {
    return await readRange(db, jobId, references)
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    if (references.length === 1) return new Map()
    const middle = references.length >> 1
    const halves = await Promise.all([references.slice(0, middle), references.slice(middle)].map((half) => readReadable(db, jobId, half)))
    return new Map(halves.flatMap((half) => Array.from(half)))
  }
}

async function readRange (db: Db, jobId: string, references: readonly Reference[]): Promise<Map<number, JobEvent>> {
  const sequences = references.map(({ sequence }) => sequence)
  const [first, last] = [Math.min(...sequences), Math.max(...sequences)]
  const events = new Map<number, JobEvent>()
  for (let after = first - 1; after < last;) {
    const page = await readEvents(db, jobId, { after, limit: last - after })
    for (const event of page) events.set(event.sequence, event)
    after = page.at(-1)?.sequence ?? last
  }
  return events
}
