import { ApiError, buildApiError, ConnectionError } from '../errors.ts'
import type { Requester } from '../http/requester.ts'
import type { Envelope } from './envelope.ts'
import type { Samples } from './metrics.ts'
import type { FollowOptions, LiveEvent, LiveSignals, Settings, TransportName } from './options.ts'

/** What the codes are over HTTP that a WebSocket answers to one who asks in vain. */
const STATUSES: Readonly<Record<string, number>> = { BAD_REQUEST: 400, UNAUTHENTICATED: 401, FORBIDDEN: 403, NOT_FOUND: 404, GONE: 410, INVALID: 422, RATE_LIMITED: 429, OVERLOADED: 503, UNAVAILABLE: 503 }

/** One follower, as transports see it; they move its cursor where the service says where it begins. */
export interface Subscription {
  readonly topic: string
  readonly options: Pick<FollowOptions, 'delivery' | 'batch'>
  cursor: number | null
  missed: number
  /** Events that the long poll asks for next. */
  pageSize?: number
  /** The transport has proven that it works for this one. */
  found (): void
}

/** A way in which events come. */
export interface Transport {
  readonly name: TransportName
  /**
   * Gives the events after the subscription's cursor; being asked for the next one means that the last was taken. Returns when nothing will come any more.
   * Throws when the way is refused or broken, after what had come by then, and the signal's reason.
   */
  read (subscription: Subscription, signal: AbortSignal): AsyncGenerator<LiveEvent, void>
}

/** What transports are given. */
export interface Context {
  readonly requester: Requester
  readonly settings: Settings
  readonly roundTrips: Samples
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal
  /** A connection was opened; it is until what is answered is called. */
  opened (name: TransportName): () => void
  received (bytes: number): void
  sent (bytes: number): void
  /** Counts an event; answers it. */
  receive (event: LiveEvent, bytes: number): LiveEvent
  outgoing (message: Envelope): Envelope | null
  dropped (signal: LiveSignals['dropped']): void
}

/** Where a topic's events are asked for over HTTP. Throws a TypeError for what is no topic. */
export function locateTopic (topic: string): { path: string, query: Record<string, string> } {
  const [, kind, rest = ''] = /^(job|batch|tag):(.+)$/s.exec(topic) ?? []
  if (kind === 'tag' && rest.includes(':')) return { path: 'v1/events', query: { tag: rest } }
  if (kind === 'job') return { path: `v1/jobs/${encodeURIComponent(rest)}/events`, query: {} }
  if (kind === 'batch') return { path: `v1/batches/${encodeURIComponent(rest)}/events`, query: {} }
  throw new TypeError(`Cannot follow ${JSON.stringify(topic)}: a topic is "job:<id>", "batch:<id>" or "tag:<name>:<value>"`)
}

/** Notes that events were left out, where there were any. */
export function noteMissed (context: Context, subscription: Subscription, { count, after, cursor }: { count: number, after?: number, cursor: number }): void {
  if (!(count > 0)) return
  subscription.missed += count
  context.dropped({ topic: subscription.topic, count, after: after ?? subscription.cursor ?? 0, cursor })
}

/** The error of a way that is broken or cannot be had; it is tried again, after that time if the service named one. */
export function buildBroken (message: string, { retryAfterMs, cause }: { retryAfterMs?: number, cause?: unknown } = {}): ConnectionError & { retryAfterMs?: number } {
  return Object.assign(new ConnectionError(message, { cause }), retryAfterMs === undefined ? {} : { retryAfterMs })
}

/** The error of a topic that the service refuses over a WebSocket: the same as over HTTP. */
export function buildRefusal (topic: string, payload: Envelope['payload']): ApiError {
  return buildApiError(`Following "${topic}"`, { status: STATUSES[String(payload['code'])] ?? 500, text: JSON.stringify(payload), retryAfterMs: undefined })
}

/** Tells whether an error would come again over every transport. What a proxy refuses on one of them is no word of the service. */
export function isFinal (error: unknown, transport: TransportName): boolean {
  if (!(error instanceof ApiError)) return error instanceof TypeError || (error as { code?: unknown }).code === 'POOL_TIMEOUT'
  const isRefused = error.status >= 400 && error.status < 500 && ![406, 408, 425, 426, 429].includes(error.status)
  return isRefused && (transport === 'poll' || error.problem !== undefined)
}

/** Waits for a promise, or throws the signal's reason before it is kept. */
export async function untilAborted<T> (promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
