import { isTerminal, JobStatus } from '../../core/status.ts'
import type { EventType } from '../../core/events.ts'
import { isId } from '../../core/ids.ts'
import type { Topic } from '../../core/topic.ts'
import { readBatch } from '../batches/read.ts'
import type { Db } from '../db.ts'
import { RECORD_VERSION } from '../job-record.ts'
import { readEvents, readRecord, refuseMissing } from '../read.ts'
import { buildFeedEvent, type FeedEvent } from './feed-event.ts'

/** Where nobody says anything, it is looked whether there is something all the same: a Redis that lost writes says nothing of it, nor does the removal of a job. */
const DOUBT_MS = 30_000

/** Where a topic's events come from. */
export interface Source {
  /** Channel of the number of the newest event, whenever there are new ones. */
  readonly channel: string
  /** How often the state is to be read while somebody follows. */
  readonly keepEveryMs: number
  /** Throws NOT_FOUND or GONE where the topic is not there, or no longer. */
  readState (): Promise<TopicState>
  /** Reads what follows an event, where the newest is known to be another: some events, or a place further on where there are none. Undefined where nothing is found. */
  readAfter (after: number, limit: number, newest: number): Promise<Stretch | undefined>
  /** Tells whether no event follows one of that type. */
  isLast (type: EventType): boolean
}

export interface TopicState {
  /** Cursor of the newest event; of none, that at which events begin. */
  newest: number
  /** Numbers up to this one are not of these events: what a reader has seen before is not known. */
  begin: number
  /** Whether the newest event is the last. */
  isOver: boolean
}

/** Events that follow one another, up to a cursor. */
export interface Stretch {
  events: FeedEvent[]
  last: number
}

/** Opens the history of a job or a batch. */
export function openHistory (db: Db, tenant: string, { type: kind, id }: Exclude<Topic, { type: 'tag' }>): Source {
  return {
    channel: db.keys.newsChannel(id),
    keepEveryMs: DOUBT_MS,
    readState: async () => (isId(kind, id) ? await (kind === 'job' ? readJobState : readBatchState)(db, tenant, id) : undefined) ?? refuseMissing(db, tenant, kind, id),
    async readAfter (after, limit) {
      const events = await readEvents(db, id, { after, limit })
      const last = events.at(-1)
      return last ? { events: events.map((event) => buildFeedEvent(id, event)), last: last.sequence } : undefined
    },
    isLast: (type) => type === 'batch.completed' || isEnd(type),
  }
}

/** The event of a terminal state is the last that a job has. */
function isEnd (type: EventType): boolean {
  const status = JobStatus.safeParse(type.slice('job.'.length))
  return status.success && isTerminal(status.data)
}

async function readJobState (db: Db, tenant: string, id: string): Promise<TopicState | undefined> {
  const [owner, status, sequence, version] = await db.redis.hmget(db.keys.job(id), 'tenant', 'status', 'seq', 'v')
  if (owner !== tenant || !status) return undefined
  // The number of a job that ended may be folded away; of a newer record nothing is known, as reading it tells.
  const newest = sequence && Number(version ?? 1) <= RECORD_VERSION ? sequence : (await readRecord(db, id))?.sequence
  return newest === undefined ? undefined : { newest: Number(newest), begin: 0, isOver: isTerminal(status as JobStatus) } // a move wrote it
}

async function readBatchState (db: Db, tenant: string, id: string): Promise<TopicState | undefined> {
  const batch = await readBatch(db, tenant, id)
  return batch && { newest: batch.sequence, begin: 0, isOver: batch.finishedAt !== null }
}
