import { NOTHING, type FeedPage, type FeedReader } from '../store/feed/feed.ts'
import { isStoreAway } from '../store/store-away.ts'
import type { OpenStream } from './open-streams.ts'
import { STOPPING } from './plugins/waiting.ts'
import type { StreamForm } from './stream-forms.ts'

/** Events that are written at one time, fewer where they are long. */
export const STREAM_EVENTS = 200
/** Clients of a process that goes come back within that time, not all at once. */
const RECONNECT_WITHIN_MS = 2000

export interface FollowedTopic {
  reader: FeedReader
  form: StreamForm
  stream: OpenStream
  /** Where the reader began, and what it read before the stream did. */
  from: number
  first: FeedPage
  /** Ends the stream; with the reason STOPPING, it says so. */
  stopped: AbortSignal
  /** How often a stream says that it is there. */
  heartbeatMs: number
  /** Asked with each heartbeat, so that a stream that is never silent is asked as well: whether the caller may read on. */
  isStillValid (): Promise<boolean>
}

/**
 * Writes what happens in a topic from the reader's place on, until it is over. It is read as it is taken: a client that takes nothing holds up nobody and keeps one page
 * in memory.
 */
export async function * followTopic ({ reader, form, stream, from, first, stopped, heartbeatMs, isStillValid }: FollowedTopic): AsyncGenerator<string> {
  let beat = new AbortController()
  const timer = setInterval(() => beat.abort(), heartbeatMs)
  stopped.addEventListener('abort', () => beat.abort())
  try {
    yield form.begin(from)
    for (let page = first; ; page = await readOn(reader, beat.signal)) {
      if (page.missed > 0) yield form.writeSystem({ type: 'system.dropped', payload: { count: page.missed, cursor: reader.cursor } })
      if (page.events.length > 0) {
        yield form.writeEvents(page.events)
        stream.sent(page.events.length)
      }
      if (page.isOver) return
      if (stopped.aborted) break
      if (!beat.signal.aborted && (page !== first || page.events.length > 0)) continue
      if (!await isStillValid()) return
      yield form.writeSystem({ type: 'system.heartbeat', payload: { cursor: reader.cursor } })
      beat = new AbortController()
      if (stopped.aborted) beat.abort()
    }
    if (stopped.reason === STOPPING) yield form.writeSystem({ type: 'system.shutdown', payload: { reconnectInMs: Math.round(Math.random() * RECONNECT_WITHIN_MS) } })
  } finally {
    clearInterval(timer)
  }
}

/** While Redis is away there is nothing to read: the stream goes on when it is back. */
async function readOn (reader: FeedReader, signal: AbortSignal): Promise<FeedPage> {
  try {
    return await reader.next(STREAM_EVENTS, signal)
  } catch (error) {
    if (isStoreAway(error)) return NOTHING
    throw error
  }
}
