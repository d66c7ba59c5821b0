import { createHash, type Hash } from 'node:crypto'
import { JobError } from '../core/failures.ts'
import type { Extent } from '../core/file.ts'
import type { Db } from '../store/db.ts'
import { sumExtents, type FileRecord } from '../store/files/file-record.ts'
import { dropFile } from '../store/files/remove.ts'
import { completeUpload, saveUpload, type FileBounds } from '../store/files/uploads.ts'
import { isPassing } from '../store/script.ts'
import type { BlobStore, BlobWriter } from './blob-store.ts'
import { createCharging } from './charging.ts'
import { readExtents } from './read-extents.ts'

/** How often what came is committed while more comes: a process that is killed costs the client no more. */
const SAVE_EVERY_MS = 5000

/** An upload that is being written. Its calls are made one after another, and one of `complete`, `leave` and `discard` is the last. */
export interface Upload {
  readonly id: string
  /** Bytes that were taken, with those before it was gone on with. */
  readonly bytes: number
  /** Throws FILE_TOO_LARGE, RATE_LIMITED, STORAGE_FULL, UNAVAILABLE, and UPLOAD_CONFLICT where another took it over. */
  write (bytes: Buffer): Promise<void>
  /** Commits what came: a broken upload goes on from there. Answers its bytes. */
  save (): Promise<number>
  /** Has its name stand for it. Throws CHECKSUM_MISMATCH, and forgets it, where it is not what the client says it is. */
  complete (expected?: { sha256?: string | undefined, bytes?: number | undefined }): Promise<FileRecord>
  /** Commits what came, as far as that is possible, and lets go of it. Answers the bytes that another goes on from. */
  leave (): Promise<number>
  /** Forgets all of it. */
  discard (): Promise<void>
}

/** The hash of the first bytes of an upload. */
export interface HashSoFar {
  bytes: number
  hash: Hash
}

export interface UploadOptions {
  db: Db
  blobs: BlobStore
  file: Pick<FileRecord, 'id' | 'tenant' | 'name' | 'expected'>
  holder: string
  /** What was committed before, and its hash, where that is known. */
  before: readonly Extent[]
  hash: Hash | undefined
  /** Told of the hash when the upload is left. */
  keepHash (id: string, soFar: HashSoFar): void
  bounds: FileBounds & { maxBytes: number, idleMs: number }
}

/** Writes an upload that this holder has. */
export function createUpload ({ db, blobs, file, holder, before, hash, keepHash, bounds }: UploadOptions): Upload {
  const { id, tenant, name, expected } = file
  const target = { id, name, holder }
  const start = sumExtents(before)
  const charging = createCharging(db, { type: 'upload', ...target }, { bounds, from: start })
  let writer: BlobWriter | undefined
  let bytes = start
  let saved = start
  let savedAt = performance.now()

  async function sync (): Promise<Extent[]> {
    return [...before, ...await writer?.sync() ?? []]
  }

  async function save (): Promise<number> {
    if (saved < bytes) await saveUpload(db, target, await sync(), bounds.idleMs)
    saved = bytes
    savedAt = performance.now()
    return saved
  }

  /** Reads what came once more: who ends it has not seen all of it. */
  async function hashSaved (): Promise<Hash> {
    await save()
    const whole = createHash('sha256')
    for await (const chunk of readExtents(Promise.resolve(blobs), { ...file, bytes, extents: await sync() }, { start: 0, end: bytes })) whole.update(chunk as Buffer) // the stream has no encoding
    return whole
  }

  async function close (): Promise<void> {
    const closed = writer
    writer = undefined
    await closed?.close()
  }

  async function discard (): Promise<void> {
    await close().finally(() => dropFile(db, tenant, id, holder))
  }

  return {
    id,
    get bytes () { return bytes },

    async write (chunk) {
      if (chunk.length === 0) return
      if (bytes + chunk.length > bounds.maxBytes) throw tooLarge(name, bounds.maxBytes)
      await charging.upTo(bytes + chunk.length)
      writer ??= await blobs.create()
      await writer.write(chunk)
      hash?.update(chunk)
      bytes += chunk.length
      if (performance.now() - savedAt > SAVE_EVERY_MS) await save()
    },

    save,
    discard,

    async complete (said = {}) {
      const wrongBytes = [said.bytes, expected.bytes].find((each) => each !== bytes && each !== null && each !== undefined)
      if (wrongBytes !== undefined) throw new JobError('UPLOAD_CONFLICT', `Cannot end the upload of ${JSON.stringify(name)}: ${bytes} bytes came, and ${wrongBytes} are to`)
      const found = (hash?.copy() ?? await hashSaved()).digest('hex')
      const wrongDigest = [said.sha256, expected.sha256].find((each) => each !== found && each !== null && each !== undefined)
      if (wrongDigest !== undefined) {
        await discard()
        throw new JobError('CHECKSUM_MISMATCH', `Cannot take file ${JSON.stringify(name)}: the SHA-256 of the ${bytes} bytes that came is ${found}, and not ${wrongDigest}; send it again`)
      }
      const completed = await completeUpload(db, target, await sync(), found)
      await close()
      return completed
    },

    async leave () {
      // Neither an upload that was lost nor a Redis that is away keeps it from being left.
      await save().catch((error: unknown) => { if (!(error instanceof JobError || isPassing(error))) throw error }).finally(close)
      if (hash && saved === bytes) keepHash(id, { bytes, hash })
      return saved
    },
  }
}

/** What is said of a file that is larger than it may be. */
export function tooLarge (name: string, maxBytes: number): JobError {
  return new JobError('FILE_TOO_LARGE', `Cannot take file ${JSON.stringify(name)}: it has more than ${maxBytes} bytes (BATCHBOX_FILE_BYTES)`)
}
