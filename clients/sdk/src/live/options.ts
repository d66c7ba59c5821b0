import type { EventType } from '../api-types.ts'
import type { BatchboxError } from '../errors.ts'
import type { Envelope } from './envelope.ts'

/** A way in which events come, best first. */
export type TransportName = 'websocket' | 'sse' | 'poll'
export const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'poll']

/**
 * What the connection of all followers is doing. `idle`: nobody follows. `connecting`: none has been open yet. `open`. `reconnecting`: it was open, broke,
 * and is looked for again. `closed`: for good, by `close()`.
 */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'reconnecting' | 'closed'

/** `at-most-once`: a slow reader is skipped ahead and told. `at-least-once`: each event until it is acknowledged. `effectively-once`: that, and repeats are left out by the event's id. */
export type Delivery = 'at-most-once' | 'at-least-once' | 'effectively-once'

/** An event of a job or a batch. There may be types and members that this release does not know. */
export interface LiveEvent {
  /** The same at every reader, however often it comes. */
  id: string
  type: EventType | (string & {})
  /** RFC 3339, UTC. */
  time: string
  /** Of the job's or batch's own history, from 1. */
  sequence: number
  /** Of the job, from 1; 0 before the first. */
  attempt: number
  payload: Record<string, unknown>
  version: number
  /** Id of the job or batch. */
  subject: string
  /** Where it stands in what is followed: pass it as `after` to go on behind it. */
  cursor: number
}

/** How messages are written on a WebSocket: JSON unless another is given, as `@batchbox/client/msgpack` has one. */
export interface Codec {
  readonly subprotocol: string
  encode (message: unknown): string | Uint8Array<ArrayBuffer>
  decode (data: string | ArrayBuffer): unknown
}

/** Looks at what comes before its reader does, and at what is sent before it leaves; may change it, or answer null to have it left out. */
export interface Interceptor {
  incoming? (event: LiveEvent, topic: string): LiveEvent | null
  outgoing? (message: Envelope): Envelope | null
}

/** Options of a client for what it follows. */
export interface LiveOptions {
  /** The one transport to use, or those to try, best first; by default WebSocket, then Server-Sent Events, then the long poll. */
  transport?: TransportName | readonly TransportName[] | undefined
  /** Instead of the global WebSocket, where there is none (Node 20) or it is behind a proxy. */
  WebSocket?: typeof globalThis.WebSocket | undefined
  codec?: Codec | undefined
  /** How long a connection may be silent before it counts as dead; the service says something each 15 s. */
  heartbeatTimeoutMs?: number | undefined
  /** How long a transport may take to prove that it works before the next one is tried. */
  connectTimeoutMs?: number | undefined
  /** Waits between attempts to connect: doubling from the one to the other, with jitter. */
  reconnect?: { delayMs?: number, maxDelayMs?: number } | undefined
  /** Most streams at a time where each followed topic needs one (Server-Sent Events, long poll). 4 in browsers, which have six connections to a host; else 256. */
  maxStreams?: number | undefined
  /** How long to wait for one of them before following fails with `POOL_TIMEOUT`. */
  acquireTimeoutMs?: number | undefined
}

/** Options of one follower. */
export interface FollowOptions {
  /** The cursor of the last event that was seen. By default jobs and batches are told from their start, tags from now on. */
  after?: number | undefined
  signal?: AbortSignal | undefined
  /** Only events of these types. */
  types?: readonly string[] | undefined
  /** At least once, by default. */
  delivery?: Delivery | undefined
  /** Over a WebSocket, has the service send several events at a time: at most 100, at most a second late. */
  batch?: { maxMessages?: number, maxDelayMs?: number } | undefined
}

/** The events of a topic, one by one. Asking for the next one acknowledges the last. It ends when nothing will come any more. */
export interface Follower extends AsyncIterableIterator<LiveEvent, undefined> {
  readonly topic: string
  /** Of the last event that was taken: to go on later, pass it as `after`. */
  readonly cursor: number | null
  /** Events that were left out: skipped at most once, or of a tag and too old to be had. */
  readonly missed: number
  return (): Promise<IteratorResult<LiveEvent, undefined>>
}

/** What listeners hear. */
export interface LiveSignals {
  state: { state: ConnectionState, transport: TransportName | null }
  /** Every event, as its follower gets it. */
  event: LiveEvent
  /** A connection broke or could not be made; it is tried again unless the follower throws. */
  error: { error: Error | BatchboxError, transport: TransportName, topic: string }
  /** Events were left out. `after` is where they begin: follow the topic from there to catch up, if they are still kept. */
  dropped: { topic: string, count: number, after: number, cursor: number }
}

export interface Settings {
  transports: readonly TransportName[]
  WebSocket: typeof globalThis.WebSocket | undefined
  codec: Codec | undefined
  heartbeatTimeoutMs: number
  connectTimeoutMs: number
  delayMs: number
  maxDelayMs: number
  maxStreams: number
  acquireTimeoutMs: number
}

/** Fills in what was not said. Throws a TypeError for a transport that there is not. */
export function readSettings (options: LiveOptions): Settings {
  const { transport = TRANSPORTS } = options
  const transports = typeof transport === 'string' ? [transport] : transport
  const unknown = transports.find((name) => !TRANSPORTS.includes(name))
  if (unknown !== undefined || transports.length === 0) throw new TypeError(`Cannot use the transport ${JSON.stringify(unknown ?? transport)}: there are ${TRANSPORTS.join(', ')}`)
  return {
    transports,
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    codec: options.codec,
    heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? 40_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    delayMs: options.reconnect?.delayMs ?? 250,
    maxDelayMs: options.reconnect?.maxDelayMs ?? 15_000,
    maxStreams: options.maxStreams ?? ('document' in globalThis ? 4 : 256),
    acquireTimeoutMs: options.acquireTimeoutMs ?? 30_000,
  }
}
