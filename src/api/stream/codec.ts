import { decode, Encoder } from '@msgpack/msgpack'
import { JobError } from '../../core/failures.ts'
import { STREAM_BOUNDS, type ControlMessage, type StreamProtocol } from '../../core/stream-protocol.ts'
import type { FeedEvent } from '../../store/feed/feed-event.ts'

/** Reads and writes the frames of one subprotocol. */
export interface StreamCodec {
  /** Whether frames are binary ones; those of the other kind are refused. */
  readonly isBinary: boolean
  /** Reads a frame's messages, not what they say. Throws BAD_REQUEST for what is malformed, too deep, or has too many. */
  decode (frame: Buffer): unknown[]
  encode (message: ControlMessage): Buffer
  /** Writes a frame of events of one topic. What is the same for all who follow it is encoded once for all. */
  encodeEvents (events: readonly FeedEvent[], topic: string, tail: Buffer): Buffer
  /** Encodes what differs from one subscription to another: the end of each of its messages. */
  encodeTail (subscription: string): Buffer
}

/** How one format writes what codecs are built of. */
interface Format {
  isBinary: boolean
  parse (frame: Buffer): unknown
  write (value: unknown): Buffer
  /** The start of an event's message, up to what differs between subscriptions. */
  head (event: FeedEvent, topic: string): Buffer
  tail (subscription: string): Buffer
  /** Puts what stands before, between and after messages around them. */
  join (parts: Buffer[], tail: Buffer): Buffer[]
}

/** Frames as JSON text. */
const JSON_FORMAT: Format = {
  isBinary: false,
  parse: (frame) => JSON.parse(frame.toString()) as unknown,
  write: (value) => Buffer.from(JSON.stringify(value)),
  head (event, topic) {
    const { headers, ...members } = describeEvent(event, topic)
    return Buffer.from(`${JSON.stringify(members).slice(0, -1)},"headers":${JSON.stringify(headers).slice(0, -1)}`)
  },
  tail: (subscription) => Buffer.from(`,"subscription":${JSON.stringify(subscription)}},"correlationId":${JSON.stringify(subscription)}}`),
  join (heads, tail) {
    const parts = heads.flatMap((head, index) => [index === 0 ? OPEN : COMMA, head, tail])
    return heads.length === 1 ? parts.slice(1) : [...parts, CLOSE]
  },
}
const [OPEN, COMMA, CLOSE] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')]

/** Marks of MessagePack. Source: its specification, fixmap and array 16. */
const FIXMAP = 0x80
const ARRAY_16 = 0xdc

/**
 * Frames as MessagePack. The bounds keep its decoder from making room for more than a frame can hold: a length of four bytes would have it take gigabytes.
 */
const MSGPACK_FORMAT: Format = {
  isBinary: true,
  parse: (frame) => decode(frame, { maxArrayLength: STREAM_BOUNDS.messages, maxMapLength: STREAM_BOUNDS.messages, maxStrLength: STREAM_BOUNDS.frameBytes, maxBinLength: 0, maxExtLength: 0 }),
  write: (value) => pack(value),
  head (event, topic) {
    const { headers, ...members } = describeEvent(event, topic)
    return Buffer.concat([
      Buffer.of(FIXMAP + Object.keys(members).length + 2), packMembers(members),
      pack('headers'), Buffer.of(FIXMAP + Object.keys(headers).length + 1), packMembers(headers),
    ])
  },
  tail: (subscription) => packMembers({ subscription, correlationId: subscription }),
  join (heads, tail) {
    const parts = heads.flatMap((head) => [head, tail])
    return heads.length === 1 ? parts : [Buffer.of(ARRAY_16, heads.length >> 8, heads.length & 0xff), ...parts]
  },
}

const encoder = new Encoder({ ignoreUndefined: true })

function pack (value: unknown): Buffer {
  const { buffer, byteOffset, byteLength } = encoder.encode(value)
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Writes members without the mark of the map that they are of: one byte, for fewer than 16. */
function packMembers (members: Readonly<Record<string, unknown>>): Buffer {
  return pack(members).subarray(1)
}

/** What all subscriptions to a topic get of an event. */
function describeEvent ({ cursor, subject, type, version, view }: FeedEvent, topic: string) {
  return {
    id: view.id,
    type,
    timestamp: view.time,
    version: 1,
    source: topic,
    ttl: null,
    priority: 'normal',
    payload: view.payload,
    headers: { cursor, sequence: view.sequence, attempt: view.attempt, subject, eventVersion: version },
  }
}

function buildCodec ({ isBinary, parse, write, head, tail, join }: Format): StreamCodec {
  // An event is an object of its topic alone, so its head can be found by it; it goes with it.
  const heads = new WeakMap<FeedEvent, Buffer>()
  const headOf = (event: FeedEvent, topic: string) => {
    const known = heads.get(event)
    if (known) return known
    const made = head(event, topic)
    heads.set(event, made)
    return made
  }
  return {
    isBinary,
    decode: (frame) => readFrame(frame, parse),
    encode: write,
    encodeEvents: (events, topic, end) => Buffer.concat(join(events.map((event) => headOf(event, topic)), end)),
    encodeTail: tail,
  }
}

function readFrame (frame: Buffer, parse: Format['parse']): unknown[] {
  let value: unknown
  try {
    value = parse(frame)
  } catch (cause) {
    throw new JobError('BAD_REQUEST', `Cannot read the frame: ${cause instanceof Error ? cause.message.slice(0, 200) : 'it is malformed'}`, { cause })
  }
  const messages = Array.isArray(value) ? value as unknown[] : [value]
  if (messages.length > STREAM_BOUNDS.messages) throw new JobError('BAD_REQUEST', `Cannot read the frame: it has ${messages.length} messages, more than the maximum of ${STREAM_BOUNDS.messages}`)
  if (isDeeper(value, STREAM_BOUNDS.depth)) throw new JobError('BAD_REQUEST', `Cannot read the frame: its values are nested deeper than ${STREAM_BOUNDS.depth} levels`)
  return messages
}

function isDeeper (value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1))
}

/** The codec of each subprotocol. */
export const STREAM_CODECS: Readonly<Record<StreamProtocol, StreamCodec>> = {
  'batchbox.v1.json': buildCodec(JSON_FORMAT),
  'batchbox.v1.msgpack': buildCodec(MSGPACK_FORMAT),
}
