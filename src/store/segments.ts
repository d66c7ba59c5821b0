import type { Place } from './cipher.ts'
import { packSealed, unpackSealed, type Sealing } from './sealing.ts'

/** First byte of a value made of segments; the segments follow. */
export const SEGMENTED = Buffer.of(1)
/** A segment starts with the bytes that follow its head and the number of the last event in it, each big-endian in 32 bits. */
const HEAD_BYTES = 8

/** Packs JSON text as one segment. Segments let a long value be made and read piece by piece. */
export async function packSegment (sealing: Sealing, json: string | Buffer, place: Place, lastSequence = 0): Promise<Buffer> {
  const packed = await packSealed(sealing, json, place)
  const head = Buffer.allocUnsafe(HEAD_BYTES)
  head.writeUInt32BE(packed.length, 0)
  head.writeUInt32BE(lastSequence, 4)
  return Buffer.concat([head, packed])
}

/**
 * Unpacks a value's segments in order, leaving out those that end at or before that number. What a segment belongs to is told by the number of the last event in it. Throws an
 * Error for a newer format, and UNAVAILABLE for a segment that cannot be decrypted.
 */
export async function * readSegments (sealing: Sealing, value: Buffer, placeOfSegment: (lastSequence: number) => Place, after = -1): AsyncGenerator<string> {
  if (value[0] !== SEGMENTED[0]) throw new Error(`Cannot read stored value: its form is ${value[0]}, this version knows 1`)
  for (let at = SEGMENTED.length; at < value.length;) {
    const start = at + HEAD_BYTES
    const end = start + value.readUInt32BE(at)
    const last = value.readUInt32BE(at + 4)
    if (last > after) yield (await unpackSealed(sealing, value.subarray(start, end), placeOfSegment(last))).toString()
    at = end
  }
}
