import { pack, unpack } from './codec.ts'

/** First byte of a value made of segments; the segments follow. */
export const SEGMENTED = Buffer.of(1)
/** A segment starts with the bytes that follow its head and the number of the last event in it, each big-endian in 32 bits. */
const HEAD_BYTES = 8

/** Packs JSON text as one segment. Segments let a long value be made and read piece by piece. */
export async function packSegment (json: string | Buffer, lastSequence = 0): Promise<Buffer> {
  const packed = await pack(json)
  const head = Buffer.allocUnsafe(HEAD_BYTES)
  head.writeUInt32BE(packed.length, 0)
  head.writeUInt32BE(lastSequence, 4)
  return Buffer.concat([head, packed])
}

/** Unpacks a value's segments in order, leaving out those that end at or before that number. Throws an Error for a newer format. */
export async function * readSegments (value: Buffer, after = -1): AsyncGenerator<string> {
  if (value[0] !== SEGMENTED[0]) throw new Error(`Cannot read stored value: its form is ${value[0]}, this version knows 1`)
  for (let at = SEGMENTED.length; at < value.length;) {
    const start = at + HEAD_BYTES
    const end = start + value.readUInt32BE(at)
    if (value.readUInt32BE(at + 4) > after) yield (await unpack(value.subarray(start, end))).toString()
    at = end
  }
}
