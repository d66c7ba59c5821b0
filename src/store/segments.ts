import type { Place } from './cipher.ts'
import { packSealed, unpackSealed, type Sealing } from './sealing.ts'

/** First byte of a value made of segments; the segments follow. */
export const SEGMENTED = Buffer.of(1)
/** A segment starts with the bytes that follow its head and the number of the last event in it, each big-endian in 32 bits. */
const HEAD_BYTES = 8

/** A segment as it is stored. */
interface Segment {
  packed: Buffer
  lastSequence: number
}

/** Packs JSON text as one segment, encrypted where there is a key. Segments let a long value be made and read piece by piece. */
export async function packSegment (sealing: Sealing, json: string | Buffer, place: Place, lastSequence = 0): Promise<Buffer> {
  return joinSegment({ packed: await packSealed(sealing, json, place), lastSequence })
}

/**
 * Unpacks a value's segments in order, leaving out those that end at or before that number. What a segment belongs to is told by the number of the last event in it. Throws an
 * Error for a newer format, and UNAVAILABLE for a segment that cannot be decrypted.
 */
export async function * readSegments (sealing: Sealing, value: Buffer, placeOfSegment: (lastSequence: number) => Place, after = -1): AsyncGenerator<string> {
  for (const { packed, lastSequence } of splitSegments(value)) {
    if (lastSequence > after) yield (await unpackSealed(sealing, packed, placeOfSegment(lastSequence))).toString()
  }
}

/** Takes a value apart. Throws an Error for a newer format. */
function splitSegments (value: Buffer): Segment[] {
  if (value[0] !== SEGMENTED[0]) throw new Error(`Cannot read stored value: its form is ${value[0]}, this version knows 1`)
  const segments: Segment[] = []
  for (let at = SEGMENTED.length; at < value.length;) {
    const start = at + HEAD_BYTES
    const end = start + value.readUInt32BE(at)
    segments.push({ packed: value.subarray(start, end), lastSequence: value.readUInt32BE(at + 4) })
    at = end
  }
  return segments
}

/** Makes a value of what becomes of each of its segments, one after another. */
export async function mapSegments (value: Buffer, change: (packed: Buffer, lastSequence: number) => Promise<Buffer>): Promise<Buffer> {
  const changed: Buffer[] = [SEGMENTED]
  for (const { packed, lastSequence } of splitSegments(value)) changed.push(joinSegment({ packed: await change(packed, lastSequence), lastSequence }))
  return Buffer.concat(changed)
}

function joinSegment ({ packed, lastSequence }: Segment): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES)
  head.writeUInt32BE(packed.length, 0)
  head.writeUInt32BE(lastSequence, 4)
  return Buffer.concat([head, packed])
}
