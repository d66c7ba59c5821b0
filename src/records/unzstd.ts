import { constants, createZstdDecompress } from 'node:zlib'
import { RecordError } from '../core/records.ts'
import { decode } from './decode.ts'
import { ZstdFrames } from './zstd-frames.ts'

/** Decompresses the frames of a zstd file, one after another. `onMember` is called when one begins. Throws a RecordError that says which byte of the stored file is wrong. */
export async function * unzstd (pieces: AsyncIterable<Buffer>, { windowLog, onMember }: { windowLog: number, onMember: () => void }): AsyncGenerator<Buffer> {
  const frames = new ZstdFrames({ windowLog, onFrame: onMember })
  const decoder = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: windowLog } })
  try {
    for await (const piece of pieces) {
      const before = frames.frameStart
      frames.walk(piece)
      try {
        yield * decode(decoder, piece)
      } catch (error) {
        throw new RecordError(`a zstd frame that begins between the bytes ${before} and ${frames.frameStart} of the stored file is damaged: ${String(error)}`, { byte: before, cause: error })
      }
    }
    frames.end()
  } finally {
    decoder.destroy()
  }
}
