import { setTimeout as delay } from 'node:timers/promises'
import { JobError } from '../../core/failures.ts'
import { formatTopic, type Topic } from '../../core/topic.ts'
import type { Db } from '../db.ts'
import { isStoreAway } from '../store-away.ts'
import type { Subscriber } from '../subscriber.ts'
import type { FeedEvent } from './feed-event.ts'
import { cutPage } from './ring.ts'
import { openHistory, type Source } from './source.ts'
import { openTagLog, type TagLogBounds } from './tag-log.ts'
import { Tail } from './tail.ts'

/** Events of jobs, batches and tags for any number of readers, over one subscriber and with one read of what is new for all readers of a topic. */
export interface Feed {
  /** Opens a topic of a tenant after a cursor; null is its start, and of a tag now. Throws NOT_FOUND or GONE where there is no such job or batch, RATE_LIMITED where the tenant follows too many tags. */
  open (tenant: string, topic: Topic, after: number | null): Promise<FeedReader>
  /** Lets everybody who waits go, without events. The subscriber is the caller's to close, after it. */
  close (): void
}

/** One reader's place in a topic. It takes what it asks for: the log is the buffer, so that a slow reader costs no memory and delays nobody. */
export interface FeedReader {
  /** Cursor of the last event that was read. */
  readonly cursor: number
  /**
   * Answers the next events, at most that many and fewer where they are long, and waits for them where there are none; once the signal has come it looks without waiting. While Redis
   * is away it waits as well, and throws what Redis says once the signal has come. Throws NOT_FOUND or GONE where the topic was removed, and UNAVAILABLE where Redis lost events of it: another reader goes on. One call at a time.
   */
  next (limit: number, signal: AbortSignal): Promise<FeedPage>
  /** Goes on to the newest event; answers how many were left out. */
  skip (): Promise<number>
  close (): void
}

export interface FeedPage {
  readonly events: readonly FeedEvent[]
  /** Events that were there and are no longer, between the last page and the end of this one; only of tags. At least one where nobody counted. */
  readonly missed: number
  /** Nothing will come any more. */
  readonly isOver: boolean
}

/** Events that one reader reads at one time of what only the store has. */
const OLDER_EVENTS = 200
/** How long a reader rests while Redis is away. */
const REST_MS = 500
export const NOTHING: FeedPage = Object.freeze({ events: [], missed: 0, isOver: false })

export interface FeedOptions {
  subscriber: Pick<Subscriber, 'listen'>
  tagLogs: TagLogBounds
}

/** Creates the feed of a process beside a store's connection. */
export function createFeed (db: Db, { subscriber, tagLogs }: FeedOptions): Feed {
  const tails = new Map<string, Tail>()
  const room = { chars: 0 }
  const closing = new AbortController()

  function openSource (tenant: string, topic: Topic): Source {
    return topic.type === 'tag' ? openTagLog(db, tenant, topic, tagLogs) : openHistory(db, tenant, topic)
  }

  return {
    async open (tenant, topic, after) {
      const name = `${tenant} ${formatTopic(topic)}`
      const source = tails.get(name)?.source ?? openSource(tenant, topic)
      const state = await source.readState()
      // A cursor that lies ahead is not one that we gave, or Redis lost what it tells of.
      const start = Math.min(after ?? (topic.type === 'tag' ? state.newest : 0), state.newest)
      const tail = tails.get(name) ?? new Tail({ source, subscriber, room, after: start, state })
      tails.set(name, tail)
      tail.learn(state)
      tail.readers += 1
      return createReader(tail, { after: start, stopped: closing.signal, onClose () {
        tail.readers -= 1
        if (tail.readers > 0) return
        tails.delete(name)
        tail.close()
      } })
    },
    close () {
      closing.abort()
      for (const tail of tails.values()) tail.close()
    },
  }
}

interface ReaderOptions {
  after: number
  stopped: AbortSignal
  onClose (): void
}

function createReader (tail: Tail, { after, stopped, onClose }: ReaderOptions): FeedReader {
  let cursor = after
  let isClosed = false
  const { losses } = tail
  let olderEvents = OLDER_EVENTS

  function take (events: readonly FeedEvent[]): FeedPage {
    let missed = 0
    for (const event of events) {
      missed += countMissed(cursor, event.cursor, tail.begin)
      cursor = event.cursor
    }
    return { events, missed, isOver: events.some(({ type }) => tail.source.isLast(type)) }
  }

  /** Long events are read a few at a time, since a page takes only so many of them. What the ring still has, the store may have no longer. */
  async function readOlder (limit: number): Promise<FeedPage> {
    const { start } = tail.ring
    const { events, last } = await tail.readOlder(cursor, Math.min(limit, olderEvents))
    const older = events.filter((event) => event.cursor <= start)
    const page = cutPage(older, 0, limit)
    olderEvents = Math.max(1, page.length < older.length ? page.length : Math.min(OLDER_EVENTS, olderEvents * 2))
    return page.length > 0 ? take(page) : { ...NOTHING, missed: passOver(Math.min(last, start), tail.begin) }
  }

  /** Goes on after a number; answers how many it leaves out. */
  function passOver (to: number, begin: number): number {
    if (to <= cursor) return 0
    const missed = countMissed(cursor, to + 1, begin)
    cursor = to
    return missed
  }

  /** Answers undefined where it is to look again. */
  async function look (limit: number, signal: AbortSignal): Promise<FeedPage | undefined> {
    if (tail.losses > losses) throw new JobError('UNAVAILABLE', 'Cannot go on: Redis has lost some of the events; ask again with the same cursor')
    if (cursor < tail.ring.start) return readOlder(limit)
    const events = tail.ring.read(cursor, limit)
    if (events.length > 0) return take(events)
    if (tail.isBehind) await tail.refresh()
    else if (tail.isOver) return { ...NOTHING, isOver: true }
    else if (signal.aborted) return NOTHING
    else await tail.wait(signal)
    return undefined
  }

  return {
    get cursor () { return cursor },
    async next (limit, signal) {
      while (!isClosed && !stopped.aborted) {
        try {
          const page = await look(limit, signal)
          if (page) return page
        } catch (error) {
          if (stopped.aborted) return NOTHING
          if (!isStoreAway(error) || signal.aborted) throw error
          await delay(REST_MS, undefined, { signal: AbortSignal.any([signal, stopped]) }).catch(() => {}) // who comes, asks once more
        }
      }
      return NOTHING
    },
    async skip () {
      const { newest, begin } = await tail.source.readState()
      return passOver(newest, begin)
    },
    close () {
      if (isClosed) return
      isClosed = true
      onClose()
    },
  }
}

/** Numbers between two cursors. Those before `begin` are of other events, which nobody counted: at least one was missed. */
function countMissed (from: number, to: number, begin: number): number {
  return from < begin && begin < to ? Math.max(1, to - begin - 1) : to - from - 1
}
