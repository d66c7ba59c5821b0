import { JobError } from '../../core/failures.ts'
import { STREAM_BOUNDS, type Subscribe } from '../../core/stream-protocol.ts'
import type { FeedPage, FeedReader } from '../../store/feed/feed.ts'
import type { FeedEvent } from '../../store/feed/feed-event.ts'
import type { StreamCodec } from './codec.ts'
import { buildControl } from './control.ts'
import type { Outbox } from './outbox.ts'

/** Frames of events are ended at this size; one event alone may be larger. */
const FRAME_BYTES = 65_536

/** One topic that a connection follows. */
export interface Subscription {
  /** Takes the client's word that it has everything up to that number. Throws INVALID for a number that was not sent. */
  acknowledge (cursor: number): void
  /** Sends nothing more; answers the number of the last event that was sent. */
  close (): number
}

export interface SubscriptionOptions {
  asked: Subscribe
  open (): Promise<FeedReader>
  codec: StreamCodec
  outbox: Outbox
  /** How long a reader may leave no room before an at-most-once subscription goes on without it. */
  slowMs: number
  /** Id of the message that asked. */
  correlationId: string | null
  onSent (events: number): void
  /** Called once if it ends by itself: without an error once the topic is over and `ended` was sent. */
  onEnd (error?: unknown): void
}

/** Follows a topic: opens it, answers `subscribed`, and sends its events as the client takes them. */
export function createSubscription ({ asked, open, codec, outbox, slowMs, correlationId, onSent, onEnd }: SubscriptionOptions): Subscription {
  const { subscription, topic, delivery, batch } = asked
  const [stop, tail] = [new AbortController(), codec.encodeTail(subscription)]
  const { signal } = stop
  let [sent, acknowledged] = [asked.after ?? 0, 0]
  let news = Promise.withResolvers<void>()
  const say = (...message: Parameters<typeof buildControl>) => outbox.send(codec.encode(buildControl(...message)))

  async function follow (): Promise<void> {
    const reader = await open()
    try {
      if (signal.aborted) return
      sent = acknowledged = reader.cursor
      say('subscribed', { subscription, cursor: sent }, correlationId)
      while (!await sendPage(reader)) if (signal.aborted) return
      if (signal.aborted) return
      say('ended', { subscription, cursor: sent, reason: 'over' }, subscription)
      onEnd()
    } finally {
      reader.close()
    }
  }

  /** Answers whether that was the last. */
  async function sendPage (reader: FeedReader): Promise<boolean> {
    const limit = Math.min(batch.maxMessages, await waitForAcknowledgement())
    if (signal.aborted) return false
    const { events, missed, isOver } = await readBatch(reader, limit)
    if (signal.aborted) return false // its name may be another's by now
    if (events.length === 0 && missed === 0 && !isOver) stop.abort() // the feed is closed, or the subscription
    if (missed > 0) drop(missed, (events[0]?.cursor ?? reader.cursor + 1) - 1, 'trimmed')
    for (let at = 0; at < events.length;) {
      const isSlow = await waitForRoom()
      if (signal.aborted) return false
      if (isSlow && delivery === 'at-most-once') {
        drop(events.length - at + await reader.skip(), reader.cursor, 'slow')
        break
      }
      const part = events.slice(at, at + countFrame(events, at))
      outbox.send(codec.encodeEvents(part, topic, tail))
      onSent(part.length)
      at += part.length
      sent = part.at(-1)?.cursor ?? sent
    }
    return isOver
  }

  /** Answers how many events may be sent before the client has to say that it has some. */
  async function waitForAcknowledgement (): Promise<number> {
    if (delivery === 'at-most-once') return STREAM_BOUNDS.messages
    while (sent - acknowledged >= STREAM_BOUNDS.unacknowledged && !signal.aborted) {
      news = Promise.withResolvers()
      await news.promise
    }
    return STREAM_BOUNDS.unacknowledged - (sent - acknowledged)
  }

  /** Answers whether the client left no room for long. A socket that closes ends the subscription. */
  async function waitForRoom (): Promise<boolean> {
    if (outbox.hasRoom()) return false
    const since = performance.now()
    if (!await outbox.room(signal)) stop.abort()
    return performance.now() - since >= slowMs
  }

  /** Reads what there is, and what comes within the delay that was asked for while the frame has room. */
  async function readBatch (reader: FeedReader, limit: number): Promise<FeedPage> {
    const first = await reader.next(limit, signal)
    if (batch.maxDelayMs === 0 || first.isOver || first.events.length === limit) return first
    const events = [...first.events]
    let [missed, isOver] = [first.missed, false]
    const until = new AbortController()
    const giveUp = () => until.abort()
    const timer = setTimeout(giveUp, batch.maxDelayMs)
    signal.addEventListener('abort', giveUp)
    try {
      while (!isOver && events.length < limit) {
        const more = await reader.next(limit - events.length, until.signal)
        if (more.events.length === 0 && more.missed === 0 && !more.isOver) break
        events.push(...more.events)
        missed += more.missed
        isOver = more.isOver
      }
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    }
    return { events, missed, isOver }
  }

  function drop (count: number, cursor: number, reason: 'slow' | 'trimmed'): void {
    if (count > 0) say('dropped', { subscription, count, after: sent, cursor, reason }, subscription)
    sent = cursor
    acknowledged = Math.max(acknowledged, cursor)
  }

  follow().catch((error: unknown) => { if (!signal.aborted) onEnd(error) })
  return {
    acknowledge (cursor) {
      if (cursor > sent) throw new JobError('INVALID', `Cannot acknowledge event ${cursor} of subscription "${subscription}": the last that was sent is ${sent}`)
      acknowledged = Math.max(acknowledged, cursor)
      news.resolve()
    },
    close () {
      stop.abort()
      news.resolve()
      return sent
    },
  }
}

/** Counts the events from there on that go into one frame. */
function countFrame (events: readonly FeedEvent[], from: number): number {
  let bytes = 0
  const end = events.findIndex(({ json }, index) => index >= from && (bytes += json.length) > FRAME_BYTES && index > from)
  return (end === -1 ? events.length : end) - from
}
