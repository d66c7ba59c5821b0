import { createHash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { LRUCache } from 'lru-cache'
import { JobError } from '../core/failures.ts'
import type { RunOutput } from '../core/file.ts'
import type { FileSettings } from '../core/file-variables.ts'
import { newId } from '../core/ids.ts'
import type { Db, Run } from '../store/db.ts'
import type { FileRecord } from '../store/files/file-record.ts'
import { commitOutputs, type CommittedOutputs } from '../store/files/outputs.ts'
import { findFile, findUpload, listFiles, readJobFiles, type FilePage } from '../store/files/read.ts'
import { dropFile } from '../store/files/remove.ts'
import { beginUpload, conflictAt, takeUpload } from '../store/files/uploads.ts'
import type { BlobStore } from './blob-store.ts'
import { openBlobs } from './open-blobs.ts'
import { createOutput, type OutputAbout, type OutputWriter } from './output.ts'
import { readExtents } from './read-extents.ts'
import { sweepBlobs } from './sweep.ts'
import { createUpload, tooLarge, type HashSoFar, type Upload } from './upload.ts'

const HOLDER_BYTES = 9
/** Parts that an upload may come in: each is a blob, and all of them are looked at with each. */
const PARTS_MAX = 5000
/** Uploads whose hash a process remembers between their parts; others are read once more in the end. */
const HASHES_MAX = 1000

/** What an upload is said to be. */
export interface UploadAbout {
  type: string | null
  encoding: string | null
  /** The default without it, and no more than the most. */
  ttlMs?: number | undefined
  /** Of the whole, where that is known: what is not so is refused in the end. `sha256` is hexadecimal. */
  bytes?: number | undefined
  sha256?: string | undefined
}

/** The files of the service: their records in Redis, their contents in the store. Where no store is configured, all methods throw UNAVAILABLE. */
export interface Files {
  readonly isConfigured: boolean
  /** Opens the store; everything else does so when it is first needed. Throws UNAVAILABLE where it is not there. */
  ready (): Promise<void>
  /** A complete file of the tenant: by its name among its own, or by the id of any, with outputs of jobs. `dropped`: also one that was removed or replaced, and that a job still holds. */
  find (tenant: string, nameOrId: string, options?: { dropped?: boolean }): Promise<FileRecord | undefined>
  /** The tenant's own, newest first. */
  list (tenant: string, page: { limit: number, cursor?: string | undefined }): Promise<FilePage>
  /** Outputs of a job in the order they were made; those that are partial are of a job that has not ended well. */
  ofJob (jobId: string): Promise<FileRecord[]>
  /** Content from `start` to before `end`. The stream fails with FILE_GONE or UNAVAILABLE, which name the byte. */
  open (file: Pick<FileRecord, 'id' | 'name' | 'extents' | 'bytes'>, range?: { start?: number, end?: number }): Readable
  /** Removes a file of the tenant's own, or by its name an upload; jobs that hold it keep it. Answers whether there was one. */
  remove (tenant: string, nameOrId: string): Promise<boolean>
  /** Begins an upload, in place of one of that name that is under way. Throws FILE_TOO_LARGE, RATE_LIMITED. */
  upload (tenant: string, name: string, about: UploadAbout): Promise<Upload>
  findUpload (tenant: string, nameOrId: string): Promise<FileRecord | undefined>
  /** Goes on with an upload, and takes it from whoever writes it. Throws UPLOAD_CONFLICT where it stands elsewhere, INVALID where it came in as many parts as it may, NOT_FOUND where there is none. */
  resume (tenant: string, nameOrId: string, offset: number): Promise<Upload>
  /** Gives an upload up, whoever writes it. Answers whether there was one. */
  dropUpload (tenant: string, nameOrId: string): Promise<boolean>
  /** Writes an output of the job of a run. Nobody sees of it what is not committed. */
  output (run: Run, about: OutputAbout): Promise<OutputWriter>
  commit (run: Run, outputs: readonly RunOutput[]): Promise<CommittedOutputs>
  /** Removes from the store what no file has: what is owed, and with `orphans` what processes that died left behind. Answers how many blobs. */
  sweep (what: 'owed' | 'orphans', limit: number): Promise<number>
  close (): Promise<void>
}

/** Opens the files of a service. The caller closes it. */
export function openFiles (db: Db, settings: FileSettings): Files {
  const { location, tenantBytes, tenantFiles, maxBytes, uploadIdleMs: idleMs, orphanMs, restMs } = settings
  const bounds = { tenantBytes, tenantFiles, maxBytes, idleMs }
  const hashes = new LRUCache<string, HashSoFar>({ max: HASHES_MAX })
  const keepHash = (id: string, soFar: HashSoFar) => { hashes.set(id, soFar) }
  let opening: Promise<BlobStore> | undefined

  /** One that failed is tried again by whoever comes next. */
  function blobs (): Promise<BlobStore> {
    if (location === undefined) throw new JobError('UNAVAILABLE', 'Cannot use files: no store is configured; set BATCHBOX_FILES to a folder or a bucket, the same one for the API and every worker')
    opening ??= openBlobs(db, location, orphanMs).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  return {
    isConfigured: location !== undefined,
    async ready () { await blobs() },

    async find (tenant, nameOrId, options) {
      await blobs()
      return findFile(db, tenant, nameOrId, options)
    },

    async list (tenant, page) {
      await blobs()
      return listFiles(db, tenant, page)
    },

    async ofJob (jobId) {
      await blobs()
      return readJobFiles(db, jobId)
    },

    open: (file, { start = 0, end = file.bytes } = {}) => readExtents(blobs(), file, { start, end }),

    async remove (tenant, nameOrId) {
      await blobs()
      const [file, upload] = await Promise.all([findFile(db, tenant, nameOrId), findUpload(db, tenant, nameOrId)])
      const dropped = await Promise.all([file, upload].map((each) => each !== undefined && dropFile(db, tenant, each.id)))
      return dropped.includes(true)
    },

    async upload (tenant, name, { type, encoding, ttlMs = settings.ttlMs, bytes, sha256 }) {
      const store = await blobs()
      if (bytes !== undefined && bytes > maxBytes) throw tooLarge(name, maxBytes)
      const [id, holder] = [newId('file'), newHolder()]
      await beginUpload(db, { id, tenant, name, type, encoding, ttlMs: Math.min(ttlMs, settings.ttlMaxMs), holder, bytes: bytes ?? null, sha256: sha256 ?? null }, bounds)
      const file = { id, tenant, name, expected: { bytes: bytes ?? null, sha256: sha256 ?? null } }
      return createUpload({ db, blobs: store, file, holder, before: [], hash: createHash('sha256'), keepHash, bounds })
    },

    async findUpload (tenant, nameOrId) {
      await blobs()
      return findUpload(db, tenant, nameOrId)
    },

    async resume (tenant, nameOrId, offset) {
      const store = await blobs()
      const file = await findUpload(db, tenant, nameOrId)
      if (!file) throw new JobError('NOT_FOUND', `Cannot go on with the upload of ${JSON.stringify(nameOrId)}: there is none; begin anew`)
      if (file.bytes !== offset) throw conflictAt(file.name, offset, file.bytes)
      if (file.extents.length >= PARTS_MAX) throw new JobError('INVALID', `Cannot go on with the upload of ${JSON.stringify(file.name)}: it came in ${PARTS_MAX} parts, which is as many as it may; begin anew, with larger ones`)
      const holder = newHolder()
      await takeUpload(db, file, { offset, holder, idleMs })
      const known = hashes.get(file.id)
      hashes.delete(file.id)
      const hash = known?.bytes === offset ? known.hash : undefined
      return createUpload({ db, blobs: store, file, holder, before: file.extents, hash, keepHash, bounds })
    },

    async dropUpload (tenant, nameOrId) {
      await blobs()
      const file = await findUpload(db, tenant, nameOrId)
      return file !== undefined && dropFile(db, tenant, file.id)
    },

    async output (run, about) {
      const store = await blobs()
      const id = await db.redis.hget(db.keys.jobFiles(run.jobId), about.name) ?? about.id ?? newId('file')
      return createOutput({ db, blobs: store, run, id, about, bounds })
    },

    commit: (run, outputs) => commitOutputs(db, run, outputs),

    async sweep (what, limit) {
      return location === undefined ? 0 : sweepBlobs(db, await blobs(), { what, limit, orphanMs, restMs })
    },

    async close () {
      await (await opening?.catch(() => undefined))?.close()
    },
  }
}

function newHolder (): string {
  return randomBytes(HOLDER_BYTES).toString('base64url')
}
