import { constants, createZstdDecompress, type ZstdDecompress } from 'node:zlib'
import { RecordError } from '../core/records.ts'
import { decode } from './decode.ts'
import { ZSTD_MAGIC, ZstdFrames } from './zstd-frames.ts'

/**
 * Decompresses the frames of a zstd file, one after another, each with a decoder of its own. `onMember` is called with the byte at which one begins. Throws a RecordError that
 * says which byte of the stored file is wrong.
 */
export async function * unzstd (pieces: AsyncIterable<Buffer>, { windowLog, onMember }: { windowLog: number, onMember: (byte: number) => void }): AsyncGenerator<Buffer> {
  const frames = new ZstdFrames({ windowLog, onFrame: onMember })
  let decoder: ZstdDecompress | undefined
  try {
    for await (const piece of pieces) {
      for (let offset = 0; offset < piece.length;) {
        const { end, part, ended } = frames.walk(piece, offset)
        if (part === 'data') {
          const begun = decoder
          decoder ??= createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: windowLog } })
          const data = piece.subarray(offset, end)
          yield * decodeFrame(decoder, begun ? data : Buffer.concat([ZSTD_MAGIC, data]), frames.frameStart)
        }
        if (ended) {
          decoder?.destroy()
          decoder = undefined
        }
        offset = end
      }
    }
    frames.end()
  } finally {
    decoder?.destroy()
  }
}

async function * decodeFrame (decoder: ZstdDecompress, data: Buffer, start: number): AsyncGenerator<Buffer> {
  try {
    yield * decode(decoder, data)
  } catch (error) {
    throw new RecordError(`the zstd frame that begins at byte ${start} of the stored file is damaged: ${String(error)}`, { byte: start, cause: error })
  }
}
