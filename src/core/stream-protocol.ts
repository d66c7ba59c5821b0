import { z } from 'zod'
import { FAILURES, type FailureCode } from './failures.ts'
import { Priority } from './job-request.ts'

/** Subprotocols of `GET /v1/stream`: what frames are written in. Another version of the protocol gets names of its own. */
export const STREAM_PROTOCOLS = ['batchbox.v1.json', 'batchbox.v1.msgpack'] as const
export type StreamProtocol = (typeof STREAM_PROTOCOLS)[number]

/** A subprotocol that is this and an API key tells who connects, for browsers: they can set no header. It is never answered. */
export const BEARER_PROTOCOL = 'batchbox.bearer.'

/** Bounds of what is sent either way. */
export const STREAM_BOUNDS = {
  /** Largest frame that a client may send, before and after it is decompressed. */
  frameBytes: 65_536,
  /** Most messages of a frame. */
  messages: 100,
  /** Longest that an event waits for others to fill a frame. */
  delayMs: 1000,
  /** Events that a subscription may be ahead of its last acknowledgement. */
  unacknowledged: 1000,
  /** Longest name of a subscription, and id of a message. */
  nameChars: 128,
  /** Longest topic: a tag's name and value, with room to spare. */
  topicChars: 512,
  /** Deepest that values of a client's frame may be nested. */
  depth: 8,
} as const

/** How a connection is ended, by the code of its close frame. Source: RFC 6455, 7.4.1; from 4000 on they are ours. */
export const CLOSE_CODES = {
  /** The service stops; `system.shutdown` came before. */
  goingAway: 1001,
  /** A text frame where frames are MessagePack, or a binary one where they are JSON. */
  wrongKind: 1003,
  /** A frame that cannot be decoded. */
  malformed: 1007,
  /** A frame larger than the bound. */
  tooLarge: 1009,
  /** Something failed inside; the log has it. */
  failed: 1011,
  /** The API key was rotated or revoked, or is past its expiry. */
  keyEnded: 4401,
} as const

/** What happens to events that a reader is too slow for, or never acknowledges. */
export const Delivery = z.enum(['at-most-once', 'at-least-once', 'effectively-once'])
export type Delivery = z.infer<typeof Delivery>

const Name = z.string().min(1).max(STREAM_BOUNDS.nameChars)
const Cursor = z.int().min(0)

const Subscribe = z.object({
  subscription: Name,
  topic: z.string().min(1).max(STREAM_BOUNDS.topicChars),
  after: Cursor.optional(),
  delivery: Delivery.default('at-least-once'),
  batch: z.object({
    maxMessages: z.int().min(1).max(STREAM_BOUNDS.messages).default(STREAM_BOUNDS.messages),
    maxDelayMs: z.int().min(0).max(STREAM_BOUNDS.delayMs).default(0),
  }).prefault({}),
})
export type Subscribe = z.infer<typeof Subscribe>

const Asked = z.object({ id: z.string().max(STREAM_BOUNDS.nameChars).nullish() })

/** A message of a client. Members of the envelope that it may leave out, and those that nobody knows, are not looked at. */
export const ClientMessage = z.discriminatedUnion('type', [
  Asked.extend({ type: z.literal('subscribe'), payload: Subscribe }),
  Asked.extend({ type: z.literal('unsubscribe'), payload: z.object({ subscription: Name }) }),
  Asked.extend({ type: z.literal('ack'), payload: z.object({ subscription: Name, cursor: Cursor }) }),
  Asked.extend({ type: z.literal('ping'), payload: z.object({}).nullish() }),
])
export type ClientMessage = z.infer<typeof ClientMessage>

/** The envelope of every message (row MSG-5). */
const Envelope = z.object({
  id: z.string(),
  timestamp: z.iso.datetime(),
  version: z.literal(1),
  source: z.string().describe('Topic of an event; `stream` for what the service itself says'),
  correlationId: z.string().nullable().describe('Of an event, the name of its subscription; of an answer, the id of what it answers'),
  ttl: z.number().int().nullable().describe('Milliseconds after which nobody needs it; null for ever'),
  priority: Priority,
  headers: z.record(z.string(), z.unknown()),
})

const codes = Object.keys(FAILURES) as [FailureCode, ...FailureCode[]] // the keys of a closed, non-empty table

/** What the service itself says, by type. Events have their own types, and the headers below. */
export const ControlMessage = z.discriminatedUnion('type', [
  Envelope.extend({ type: z.literal('subscribed'), payload: z.object({ subscription: z.string(), cursor: z.number() }) }),
  Envelope.extend({ type: z.literal('ended'), payload: z.object({ subscription: z.string(), cursor: z.number(), reason: z.enum(['over', 'unsubscribed']) }) }),
  Envelope.extend({
    type: z.literal('dropped'),
    payload: z.object({ subscription: z.string(), count: z.number(), after: z.number(), cursor: z.number(), reason: z.enum(['slow', 'trimmed']) }),
  }),
  Envelope.extend({ type: z.literal('error'), payload: z.object({ code: z.enum(codes), detail: z.string(), subscription: z.string().optional() }) }),
  Envelope.extend({ type: z.literal('pong'), payload: z.object({}) }),
  Envelope.extend({ type: z.literal('system.heartbeat'), payload: z.object({}) }),
  Envelope.extend({ type: z.literal('system.shutdown'), payload: z.object({ reconnectInMs: z.number() }) }),
])
export type ControlMessage = z.infer<typeof ControlMessage>

/** An event as a subscription gets it: `source` is its topic, `id` is the event's own. */
export const EventMessage = Envelope.extend({
  type: z.string(),
  payload: z.record(z.string(), z.unknown()),
  headers: z.object({ cursor: z.number(), sequence: z.number(), attempt: z.number(), subject: z.string(), eventVersion: z.literal(1), subscription: z.string() }),
})
export type EventMessage = z.infer<typeof EventMessage>
