import { randomBytes } from 'node:crypto'
import { JobError } from '../core/failures.ts'
import type { BlobWriter } from './blob-store.ts'
import { CHUNK_BYTES, createContentCipher, deriveBlobKeys, HEAD_BYTES, isSealed, openContent, SALT_BYTES, SEAL_BYTES, sealChunk, SEALS, STRIDE_BYTES } from './blob-seal.ts'
import type { BlobFile } from './folder-store.ts'

/** Chunks that are read at one time. */
const READ_CHUNKS = 4

/**
 * Writes a blob that is encrypted, chunk by chunk: a salt, then the chunks, each with its seals before it. What of a chunk is not written yet is held here. A write that fails is the last: what
 * was meant for a place is never followed by something else in it, under the same counter.
 */
export function createSealedWriter ({ file, blob, fileKey }: { file: BlobFile, blob: string, fileKey: Buffer }): BlobWriter {
  const salt = randomBytes(SALT_BYTES)
  const keys = deriveBlobKeys(fileKey, blob, salt)
  const cipher = createContentCipher(keys)
  const chunk = Buffer.alloc(STRIDE_BYTES)
  let number = 0
  /** Bytes of the chunk that came, and that are in the file with a seal. */
  let filled = 0
  let written = 0
  let nextSeal = 0
  let failure: unknown

  async function store (write: () => Promise<void>): Promise<void> {
    if (failure !== undefined) throw failure
    try {
      await write()
    } catch (error) {
      failure = error
      throw error
    }
  }

  /** Of a chunk that was sealed before, only what came since is written, and the other seal. */
  async function flush (): Promise<void> {
    if (filled === written) return
    if (number === 0 && written === 0) await file.writeAt(salt, 0)
    const at = SALT_BYTES + number * STRIDE_BYTES
    const seal = sealChunk(keys, number, chunk.subarray(HEAD_BYTES, HEAD_BYTES + filled))
    seal.copy(chunk, nextSeal * SEAL_BYTES)
    if (written === 0) {
      await file.writeAt(chunk.subarray(0, HEAD_BYTES + filled), at)
    } else {
      await file.writeAt(chunk.subarray(HEAD_BYTES + written, HEAD_BYTES + filled), at + HEAD_BYTES + written)
      await file.writeAt(seal, at + nextSeal * SEAL_BYTES)
    }
    written = filled
    nextSeal = (nextSeal + 1) % SEALS
  }

  return {
    write: (bytes) => store(async () => {
      for (let from = 0; from < bytes.length;) {
        const part = bytes.subarray(from, from + CHUNK_BYTES - filled)
        cipher.update(part).copy(chunk, HEAD_BYTES + filled)
        filled += part.length
        from += part.length
        if (filled < CHUNK_BYTES) break
        await flush()
        number += 1
        filled = written = nextSeal = 0
        chunk.fill(0, 0, HEAD_BYTES)
      }
    }),

    async sync () {
      await store(flush)
      await file.sync()
      const bytes = number * CHUNK_BYTES + written
      return bytes === 0 ? [] : [{ blob, bytes }]
    },

    close: () => file.close(),
  }
}

/** Reads a part of a blob that `createSealedWriter` wrote. Throws UNAVAILABLE for bytes that are missing, or are not those that were written. */
export async function * readSealed ({ readAt, blob, fileKey }: { readAt (bytes: number, position: number): Promise<Buffer>, blob: string, fileKey: Buffer }, { start, end }: { start: number, end: number }): AsyncGenerator<Buffer> {
  const keys = deriveBlobKeys(fileKey, blob, await readAt(SALT_BYTES, 0))
  const chunks = Math.ceil(end / CHUNK_BYTES)
  for (let first = Math.floor(start / CHUNK_BYTES); first < chunks; first += READ_CHUNKS) {
    const stored = await readAt(Math.min(READ_CHUNKS, chunks - first) * STRIDE_BYTES, SALT_BYTES + first * STRIDE_BYTES)
    for (let number = first; number < Math.min(first + READ_CHUNKS, chunks); number += 1) {
      const begins = number * CHUNK_BYTES
      const bytes = Math.min(CHUNK_BYTES, end - begins)
      const own = stored.subarray((number - first) * STRIDE_BYTES, (number - first + 1) * STRIDE_BYTES)
      if (own.length < HEAD_BYTES + bytes) throw new JobError('UNAVAILABLE', `Cannot read from the store: the blob ends at byte ${begins + Math.max(0, own.length - HEAD_BYTES)} and has to have ${end}; it was cut off on the disk`)
      if (!isSealed(keys, number, own, bytes)) throw new JobError('UNAVAILABLE', `Cannot read from the store: bytes ${begins} to ${begins + bytes} of the blob are not those that were written; they were changed on the disk, or another service wrote them`)
      yield openContent(keys, number, own.subarray(HEAD_BYTES, HEAD_BYTES + bytes)).subarray(Math.max(0, start - begins))
    }
  }
}
