import { EVENT_VERSION, type EventType } from '../core/events.ts'
import type { FeedEvent } from '../store/feed/feed-event.ts'
import { NDJSON } from './ndjson.ts'

export const EVENT_STREAM = 'text/event-stream'

/** What a stream says of itself; it has no cursor, so that nobody goes on after it. */
export interface SystemEvent {
  type: Extract<EventType, `system.${string}`>
  payload: Readonly<Record<string, number>>
}

/** How a stream is written. */
export interface StreamForm {
  readonly transport: 'sse' | 'ndjson'
  readonly mediaType: string
  /** What comes before everything, for a reader that has seen that cursor. */
  begin (cursor: number): string
  writeEvents (events: readonly FeedEvent[]): string
  writeSystem (event: SystemEvent): string
}

/** How long a browser waits before it connects again, unless it is told otherwise. */
const RETRY_MS = 1000

/** Server-sent events. Source: the HTML standard, 9.2. The first block has no data: it gives the delay, and the cursor of a reader that has seen no event yet. */
export const SSE: StreamForm = {
  transport: 'sse',
  mediaType: `${EVENT_STREAM}; charset=utf-8`,
  begin: (cursor) => `retry: ${RETRY_MS}\nid: ${cursor}\n\n`,
  writeEvents: (events) => events.map(({ cursor, type, json }) => `id: ${cursor}\nevent: ${type}\ndata: ${json}\n\n`).join(''),
  writeSystem: (event) => `${event.type === 'system.shutdown' ? `retry: ${event.payload['reconnectInMs']}\n` : ''}event: ${event.type}\ndata: ${writeSystem(event)}\n\n`,
}

/** One event as JSON a line. */
export const LINES: StreamForm = {
  transport: 'ndjson',
  mediaType: NDJSON,
  begin: () => '',
  writeEvents: (events) => events.map(({ json }) => `${json}\n`).join(''),
  writeSystem: (event) => `${writeSystem(event)}\n`,
}

function writeSystem ({ type, payload }: SystemEvent): string {
  return JSON.stringify({ type, version: EVENT_VERSION, time: new Date().toISOString(), payload })
}
