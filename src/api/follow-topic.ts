import type { FeedPage, FeedReader } from '../store/feed/feed.ts'
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
  /** A stream on which nothing was sent for so long says that it is there. */
  heartbeatMs: number
  /** Asked with each heartbeat: whether the caller may read on. */
  isStillValid (): Promise<boolean>
}

/**
 * Writes what happens in a topic from the reader's place on, until it is over. It is read as it is taken: a client that takes nothing holds up nobody and keeps one page
 * in memory.
 */
export async function * followTopic ({ reader, form, stream, from, first, stopped, heartbeatMs, isStillValid }: FollowedTopic): AsyncGenerator<string> {
  let pause = new AbortController()
  const timer = setTimeout(() => pause.abort(), heartbeatMs)
  stopped.addEventListener('abort', () => pause.abort())
  try {
    yield form.begin(from)
    for (let page = first; ; page = await reader.next(STREAM_EVENTS, pause.signal)) {
      if (page.missed > 0) yield form.writeSystem({ type: 'system.dropped', payload: { count: page.missed, cursor: reader.cursor } })
      if (page.events.length > 0) {
        yield form.writeEvents(page.events)
        stream.sent(page.events.length)
      }
      if (page.isOver) return
      if (stopped.aborted) break
      if (pause.signal.aborted || (page === first && page.events.length === 0)) {
        if (!await isStillValid()) return
        yield form.writeSystem({ type: 'system.heartbeat', payload: { cursor: reader.cursor } })
        pause = new AbortController()
        if (stopped.aborted) pause.abort()
      }
      timer.refresh()
    }
    if (stopped.reason === STOPPING) yield form.writeSystem({ type: 'system.shutdown', payload: { reconnectInMs: Math.round(Math.random() * RECONNECT_WITHIN_MS) } })
  } finally {
    clearTimeout(timer)
  }
}
