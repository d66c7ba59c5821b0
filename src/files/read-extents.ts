import { Readable } from 'node:stream'
import { JobError } from '../core/failures.ts'
import type { FileRecord } from '../store/files/file-record.ts'
import type { BlobStore } from './blob-store.ts'

/** Reads a part of a file, extent after extent. Throws a RangeError for one that it does not have; the stream fails with a JobError that names the byte. */
export function readExtents (blobs: Promise<BlobStore>, file: Pick<FileRecord, 'id' | 'name' | 'extents' | 'bytes'>, { start, end }: { start: number, end: number }): Readable {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start || end > file.bytes) throw new RangeError(`Cannot read bytes ${start} to ${end} of a file that has ${file.bytes}`)
  return Readable.from(readAll(blobs, file, { start, end }), { objectMode: false })
}

async function * readAll (blobs: Promise<BlobStore>, { id, name, extents }: Pick<FileRecord, 'id' | 'name' | 'extents'>, { start, end }: { start: number, end: number }): AsyncGenerator<Buffer> {
  let at = start
  try {
    const store = await blobs
    let begins = 0
    for (const { blob, bytes } of extents) {
      const [from, to] = [Math.max(0, at - begins), Math.min(bytes, end - begins)]
      if (from < to) {
        for await (const chunk of store.read(blob, from, to) as AsyncIterable<Buffer>) { // it has no encoding
          at += chunk.length
          yield chunk
        }
      }
      begins += bytes
    }
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    throw new JobError(error.code, `Cannot read file ${JSON.stringify(name)} (${id}) from byte ${at} on. ${error.message}`, { cause: error })
  }
}
