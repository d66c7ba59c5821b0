import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, opendir, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { JobError } from '../core/failures.ts'
import { BLOB_NAME, type BlobStore, type BlobWriter } from './blob-store.ts'
import { createSealedWriter, readSealed } from './sealed-blob.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants
const NAME_BYTES = 16
/** Only the service's own user reads them. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
/** Read at one time. */
const CHUNK_BYTES = 262_144
/** What a full disk, a used-up quota and the bound of a file system on one file are called. Source: write(2). */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** What the names of blobs begin with that are encrypted. */
const SEALED = 'e'

/** A file of the folder that is being written. */
export interface BlobFile {
  writeAt (bytes: Buffer, position: number): Promise<void>
  sync (): Promise<void>
  /** Removes it, too, where it was never synced. */
  close (): Promise<void>
}

/**
 * Opens the blobs in a folder, which processes share: each makes blobs of its own, under random names that no other has (O_EXCL), and follows no symbolic link to one (O_NOFOLLOW).
 * With a key, what is written is encrypted. The folder is there; see `makeFolder`.
 */
export async function openFolderStore (folder: string, fileKey?: Buffer): Promise<BlobStore> {
  const entries = await open(folder, O_RDONLY | O_DIRECTORY)
  return {
    async create () {
      const blob = (fileKey ? SEALED : '') + randomBytes(NAME_BYTES).toString('hex')
      const path = pathOf(folder, blob)
      const handle = await attempt('Cannot make a file in the store', () => open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE))
      const file = createFile({ path, handle, syncEntries: () => entries.sync() })
      return fileKey ? createSealedWriter({ file, blob, fileKey }) : createWriter(file, blob)
    },

    read: (blob, start, end) => Readable.from(readBlob({ folder, blob, fileKey }, { start, end }), { objectMode: false, highWaterMark: CHUNK_BYTES }),

    async remove (blob) {
      await attempt('Cannot remove a blob of the store', () => unlinkThere(pathOf(folder, blob)))
    },

    async * list (olderThanMs) {
      for await (const entry of await opendir(folder)) {
        if (!BLOB_NAME.test(entry.name)) continue
        const stats = await lstat(join(folder, entry.name)).catch(() => undefined) // it may be gone by now
        if (stats && Date.now() - stats.mtimeMs > olderThanMs) yield entry.name
      }
    },

    close: () => entries.close(),
  }
}

/** Makes a folder for blobs, where it is not there. */
export async function makeFolder (folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
}

function createFile ({ path, handle, syncEntries }: { path: string, handle: FileHandle, syncEntries (): Promise<void> }): BlobFile {
  let isKept = false
  let lost: unknown
  return {
    async writeAt (bytes, position) {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await attempt('Cannot write to the store', () => handle.write(bytes, at, bytes.length - at, position + at))
        at += bytesWritten
      }
    },

    async sync () {
      if (lost !== undefined) throw lost // asked again, the system may say that all is well: it has forgotten what it could not write. Source: fsync(2), EIO
      await attempt('Cannot make a file of the store durable', async () => {
        const now = new Date()
        await handle.utimes(now, now) // what is about to be committed is no orphan, however long nothing was written
        await handle.datasync()
        if (!isKept) await syncEntries()
        if ((await handle.stat()).nlink === 0) throw new Error('it was removed meanwhile, for it was not written to for long')
      }).catch((error: unknown) => {
        lost = error
        throw error
      })
      isKept = true
    },

    async close () {
      await handle.close()
      if (!isKept) await unlinkThere(path)
    },
  }
}

function createWriter (file: BlobFile, blob: string): BlobWriter {
  let bytes = 0
  return {
    async write (chunk) {
      await file.writeAt(chunk, bytes)
      bytes += chunk.length // of one that did not fit as a whole, nothing is there
    },

    async sync () {
      await file.sync()
      return bytes === 0 ? [] : [{ blob, bytes }]
    },

    close: () => file.close(),
  }
}

async function * readBlob ({ folder, blob, fileKey }: { folder: string, blob: string, fileKey: Buffer | undefined }, { start, end }: { start: number, end: number }): AsyncGenerator<Buffer> {
  const handle = await attempt('Cannot read from the store', () => open(pathOf(folder, blob), O_RDONLY | O_NOFOLLOW), 'the blob is not there: it was removed, or this process has another folder')
  try {
    if (blob.length === 2 * NAME_BYTES) {
      yield * readPlain(handle, { start, end })
    } else if (fileKey) {
      yield * readSealed({ readAt: (bytes, position) => readAt(handle, bytes, position), blob, fileKey }, { start, end })
    } else {
      throw new JobError('UNAVAILABLE', 'Cannot read from the store: the blob is encrypted, and BATCHBOX_ENCRYPTION_KEYS is empty here')
    }
  } finally {
    await handle.close()
  }
}

async function * readPlain (handle: FileHandle, { start, end }: { start: number, end: number }): AsyncGenerator<Buffer> {
  for (let at = start; at < end;) {
    const chunk = await readAt(handle, Math.min(CHUNK_BYTES, end - at), at)
    if (chunk.length === 0) throw new JobError('UNAVAILABLE', `Cannot read from the store: the blob ends at byte ${at} and has to have ${end}; it was cut off on the disk`)
    at += chunk.length
    yield chunk
  }
}

/** Reads that many bytes, or those that there are. */
async function readAt (handle: FileHandle, bytes: number, position: number): Promise<Buffer> {
  const chunk = Buffer.allocUnsafeSlow(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await attempt('Cannot read from the store', () => handle.read(chunk, filled, bytes - filled, position + filled))
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return chunk.subarray(0, filled)
}

/** Throws a RangeError for what is not the name of a blob. */
function pathOf (folder: string, blob: string): string {
  if (!BLOB_NAME.test(blob)) throw new RangeError('Cannot name a blob: a name is 32 hexadecimal digits, with an e before them where it is encrypted')
  return join(folder, blob)
}

async function unlinkThere (path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => { if (codeOf(error) !== 'ENOENT') throw error })
}

/** Says of what the disk refuses who has to act. */
async function attempt<T> (action: string, act: () => Promise<T>, missing = 'its folder is gone'): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (cause instanceof JobError || cause instanceof RangeError) throw cause
    const code = codeOf(cause)
    if (code === 'ENOENT') throw new JobError('FILE_GONE', `${action}: ${missing}`, { cause })
    if (FULL.has(code)) throw new JobError('STORAGE_FULL', `${action}: there is no room left on its disk (${code}); free some, or set BATCHBOX_FILES to a larger one`, { cause })
    throw new JobError('UNAVAILABLE', `${action}: ${describe(cause)}`, { cause })
  }
}

/** Without the path that comes after it: callers are told. */
function describe (error: unknown): string {
  return error instanceof Error ? error.message.split(', ', 1)[0] ?? '' : String(error)
}

function codeOf (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
