import type { Readable } from 'node:stream'

/** Bytes as they are stored, with their compression. */
export interface RecordSource {
  bytes: number
  /** The bytes from there to the end. Whoever opens destroys what was opened. */
  open (start: number): Readable
}

/** Largest piece that is worked on in one go: what is done for each of its bytes then takes well under a millisecond. */
const PIECE_BYTES = 65_536

/** What was read of a source so far. */
export interface Meter {
  storedBytes: number
}

/** Reads what is stored, in pieces that are not too large. */
export async function * readStored (source: RecordSource, start: number, meter: Meter): AsyncGenerator<Buffer> {
  for await (const chunk of source.open(start) as AsyncIterable<Buffer>) { // streams of bytes give buffers
    for (let offset = 0; offset < chunk.length; offset += PIECE_BYTES) {
      const piece = chunk.subarray(offset, offset + PIECE_BYTES)
      meter.storedBytes += piece.length
      yield piece
    }
  }
}
