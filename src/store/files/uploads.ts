import { JobError } from '../../core/failures.ts'
import type { Extent } from '../../core/file.ts'
import type { Db, Run } from '../db.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { loadMove, runMove, type Reply, type Script } from '../script.ts'
import { formatExtents, parseFile, type FileRecord } from './file-record.ts'

/** An upload that is begun: `holder` is who may write it, drawn anew with every taking. */
export interface NewUpload {
  id: string
  tenant: string
  name: string
  type: string | null
  encoding: string | null
  ttlMs: number
  holder: string
  /** Of the whole, where that is known. */
  bytes: number | null
  sha256: string | null
}

/** What a tenant may have. */
export interface FileBounds {
  tenantBytes: number
  tenantFiles: number
}

/** Who is about to write what: an upload, or an output of a job. */
export type Charged =
  | { type: 'upload', id: string, name: string, holder: string }
  | { type: 'output', id: string, name: string, run: Run, contentType: string | null, encoding: string | null }

const [BEGIN, TAKE, CHARGE, SAVE, COMPLETE] = ['begin', 'take', 'charge', 'save', 'complete'].map((name) => loadMove(new URL(`${name}.lua`, import.meta.url))) as [Script, Script, Script, Script, Script] // as many as there are names

/** Makes the record of an upload, in place of one of the same name that is under way. Throws RATE_LIMITED where the tenant has no room for it. */
export async function beginUpload (db: Db, upload: NewUpload, { tenantBytes, tenantFiles, idleMs }: FileBounds & { idleMs: number }): Promise<void> {
  const { id, tenant, name, type, encoding, ttlMs, holder, bytes, sha256 } = upload
  const reply = await runMove(db, BEGIN, id, [tenant, name, type ?? '', encoding ?? '', ttlMs, holder, bytes ?? '', tenantBytes, tenantFiles, idleMs, sha256 ?? ''])
  if (readText(reply, 0) === 'full') throw describeFull(name, { bound: readText(reply, 1), used: readNumber(reply, 2) }, { tenantBytes, tenantFiles })
}

/** Takes an upload over. Throws UPLOAD_CONFLICT where it stands elsewhere, NOT_FOUND where it is gone. */
export async function takeUpload (db: Db, { id, name }: { id: string, name: string }, { offset, holder, idleMs }: { offset: number, holder: string, idleMs: number }): Promise<void> {
  const reply = await runMove(db, TAKE, id, [offset, holder, idleMs])
  switch (readText(reply, 0)) {
    case 'missing': throw new JobError('NOT_FOUND', `Cannot go on with the upload of ${JSON.stringify(name)}: there is none; begin anew`)
    case 'conflict': throw conflictAt(name, offset, readNumber(reply, 1))
  }
}

/** What whoever goes on with an upload at the wrong place is told. */
export function conflictAt (name: string, offset: number, stands: number): JobError {
  return new JobError('UPLOAD_CONFLICT', `Cannot go on with the upload of ${JSON.stringify(name)} at byte ${offset}: what is kept of it ends at byte ${stands}; go on from there`)
}

/**
 * Charges the tenant for the bytes of a file up to there: `wanted`, or `needed` where there is no room for more. Answers how many it was. Two that write at one time have
 * no more than the bound together. Throws RATE_LIMITED where it has no room, and what `refuseLost` says.
 */
export async function chargeFile (db: Db, file: Charged, { needed, wanted }: { needed: number, wanted: number }, bounds: FileBounds): Promise<number> {
  const args = file.type === 'upload' ? [file.holder, 0, '', '', ''] : [file.run.holder, file.run.fence, file.name, file.contentType ?? '', file.encoding ?? '']
  const reply = await runMove(db, CHARGE, file.type === 'upload' ? file.id : file.run.jobId, [file.id, needed, wanted, bounds.tenantBytes, ...args, bounds.tenantFiles])
  switch (readText(reply, 0)) {
    case 'charged': return readNumber(reply, 1)
    case 'full': throw describeFull(file.name, { bound: readText(reply, 1), used: readNumber(reply, 2) }, bounds)
    default: throw file.type === 'upload' ? lostUpload(file.name) : new JobError('UNAVAILABLE', `Cannot write file ${JSON.stringify(file.name)}: this run has lost its job`)
  }
}

/** Commits what is durable of an upload. Throws UPLOAD_CONFLICT where another has it. */
export async function saveUpload (db: Db, { id, name, holder }: Pick<NewUpload, 'id' | 'name' | 'holder'>, extents: readonly Extent[], idleMs: number): Promise<void> {
  const reply = await runMove(db, SAVE, id, [holder, formatExtents(extents), idleMs])
  if (readText(reply, 0) === 'lost') throw lostUpload(name)
}

/** Ends an upload: its name stands for it. Throws UPLOAD_CONFLICT where another has it. */
export async function completeUpload (db: Db, { id, name, holder }: Pick<NewUpload, 'id' | 'name' | 'holder'>, extents: readonly Extent[], sha256: string): Promise<FileRecord> {
  const reply = await runMove(db, COMPLETE, id, [holder, formatExtents(extents), sha256])
  if (readText(reply, 0) === 'lost') throw lostUpload(name)
  return readRecord(id, reply)
}

function readRecord (id: string, reply: Reply): FileRecord {
  const flat = Array.isArray(reply) && Array.isArray(reply[1]) ? reply[1].map(String) : []
  const file = parseFile(id, Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at], flat[2 * at + 1]])))
  if (!file) throw new TypeError('Cannot read the record of a file: the script answered with none')
  return file
}

function lostUpload (name: string): JobError {
  return new JobError('UPLOAD_CONFLICT', `Cannot go on with the upload of ${JSON.stringify(name)}: another one took its place, or it was removed`)
}

function describeFull (name: string, { bound, used }: { bound: string, used: number }, { tenantBytes, tenantFiles }: FileBounds): JobError {
  const has = bound === 'files' ? `${used} files of ${tenantFiles} that it may have (BATCHBOX_TENANT_FILES)` : `${used} bytes in files of ${tenantBytes} that it may have (BATCHBOX_TENANT_FILE_BYTES)`
  return new JobError('RATE_LIMITED', `Cannot write file ${JSON.stringify(name)}: the tenant has ${has}; delete some, or jobs with their outputs`)
}
