import { createHash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
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
import { createUpload, tooLarge, type Upload } from './upload.ts'

const HOLDER_BYTES = 9

/** What an upload is said to be. */
export interface UploadAbout {
  type: string | null
  encoding: string | null
  /** The default without it, and no more than the most. */
  ttlMs?: number | undefined
  /** Of the whole, where that is known. */
  bytes?: number | undefined
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
  findUpload (tenant: string, name: string): Promise<FileRecord | undefined>
  /** Goes on with an upload, and takes it from whoever writes it. Throws UPLOAD_CONFLICT where it stands elsewhere, NOT_FOUND where there is none. */
  resume (tenant: string, name: string, offset: number): Promise<Upload>
  /** Writes an output of the job of a run. Nobody sees of it what is not committed. */
  output (run: Run, about: OutputAbout): Promise<OutputWriter>
  commit (run: Run, outputs: readonly RunOutput[]): Promise<CommittedOutputs>
  /** Removes from the store what no file has: what is owed, and with `orphans` what processes that died left behind. Answers how many blobs. */
  sweep (what: 'owed' | 'orphans', limit: number): Promise<number>
  close (): Promise<void>
}

/** Opens the files of a service. The caller closes it. */
export function openFiles (db: Db, settings: FileSettings): Files {
  const { location, tenantBytes, tenantFiles, maxBytes, uploadIdleMs: idleMs, orphanMs } = settings
  const bounds = { tenantBytes, tenantFiles, maxBytes, idleMs }
  let opening: Promise<BlobStore> | undefined

  /** One that failed is tried again by whoever comes next. */
  function blobs (): Promise<BlobStore> {
    if (location === undefined) throw new JobError('UNAVAILABLE', 'Cannot use files: no store is configured; set BATCHBOX_FILES to a folder, the same one for the API and every worker')
    opening ??= openBlobs(db, location).catch((error: unknown) => {
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

    async upload (tenant, name, { type, encoding, ttlMs = settings.ttlMs, bytes = 0 }) {
      const store = await blobs()
      if (bytes > maxBytes) throw tooLarge(name, maxBytes)
      const [id, holder] = [newId('file'), newHolder()]
      await beginUpload(db, { id, tenant, name, type, encoding, ttlMs: Math.min(ttlMs, settings.ttlMaxMs), holder, bytes }, bounds)
      return createUpload({ db, blobs: store, file: { id, tenant, name }, holder, before: [], hash: createHash('sha256'), bounds })
    },

    async findUpload (tenant, name) {
      await blobs()
      return findUpload(db, tenant, name)
    },

    async resume (tenant, name, offset) {
      const store = await blobs()
      const file = await findUpload(db, tenant, name)
      if (!file) throw new JobError('NOT_FOUND', `Cannot go on with the upload of ${JSON.stringify(name)}: there is none; begin anew`)
      if (file.bytes !== offset) throw conflictAt(name, offset, file.bytes)
      const holder = newHolder()
      await takeUpload(db, file, { offset, holder, idleMs })
      const hash = createHash('sha256')
      for await (const chunk of readExtents(Promise.resolve(store), file, { start: 0, end: offset })) hash.update(chunk as Buffer) // the stream has no encoding
      return createUpload({ db, blobs: store, file, holder, before: file.extents, hash, bounds })
    },

    async output (run, about) {
      const store = await blobs()
      const id = await db.redis.hget(db.keys.jobFiles(run.jobId), about.name) ?? newId('file')
      return createOutput({ db, blobs: store, run, id, about, bounds })
    },

    commit: (run, outputs) => commitOutputs(db, run, outputs),

    async sweep (what, limit) {
      return location === undefined ? 0 : sweepBlobs(db, await blobs(), { what, limit, orphanMs })
    },

    async close () {
      await (await opening?.catch(() => undefined))?.close()
    },
  }
}

function newHolder (): string {
  return randomBytes(HOLDER_BYTES).toString('base64url')
}
