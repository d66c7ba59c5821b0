import { JobError } from '../core/failures.ts'
import { isId } from '../core/ids.ts'
import { INLINE_RESULT_BYTES } from '../core/job.ts'
import type { Db } from './db.ts'
import { parseJobRecord, type JobRecord } from './job-record.ts'
import { parseListedRecord, type ListedRecord } from './listed-record.ts'
import { placeOf, unpackSealed } from './sealing.ts'

/** Of an id that is nobody's. */
const SHOWN_CHARS = 64

export { readEvents } from './events.ts'
export { listJobs } from './list.ts'
export type { JobRecord } from './job-record.ts'

/** Reads a tenant's job, with its result while that is short enough to stand in the answer. Undefined for another tenant's. */
export async function readJob (db: Db, tenant: string, jobId: string): Promise<JobRecord | undefined> {
  const job = await readRecord(db, jobId)
  if (job?.tenant !== tenant) return undefined
  if (!job.result || job.result.json !== null || job.result.bytes > INLINE_RESULT_BYTES) return job
  const body = await readBody(db, job)
  return { ...job, result: { bytes: job.result.bytes, json: body?.toString() ?? null } }
}

/** Reads the result of a tenant's job as UTF-8 JSON; undefined where there is none. */
export async function readResult (db: Db, tenant: string, jobId: string): Promise<Buffer | undefined> {
  const job = await readRecord(db, jobId)
  if (job?.tenant !== tenant || !job.result) return undefined
  return job.result.json === null ? readBody(db, job) : Buffer.from(job.result.json)
}

/** Reads a job of any tenant. */
export async function readRecord (db: Db, jobId: string): Promise<JobRecord | undefined> {
  const fields = await db.redis.hgetallBuffer(db.keys.job(jobId))
  return fields['status'] ? parseJobRecord(db, jobId, fields) : undefined
}

/** Reads a job of any tenant for a list: see `parseListedRecord`. */
export async function readListedRecord (db: Db, jobId: string): Promise<ListedRecord | undefined> {
  const fields = await db.redis.hgetallBuffer(db.keys.job(jobId))
  return fields['status'] ? parseListedRecord(db, jobId, fields) : undefined
}

/** Tells whether a tenant's job was there and was removed not long ago. */
export async function isGone (db: Db, tenant: string, jobId: string): Promise<boolean> {
  return await db.redis.get(db.keys.gone(jobId)) === tenant
}

/** Says why a tenant has no job or batch of that id: throws GONE where it was removed not long ago, else NOT_FOUND, also for an id that is malformed or another tenant's. */
export async function refuseMissing (db: Db, tenant: string, kind: 'job' | 'batch', id: string): Promise<never> {
  if (isId(kind, id) && await isGone(db, tenant, id)) throw new JobError('GONE', `Cannot find ${kind} "${id}": it was removed`)
  throw new JobError('NOT_FOUND', `Cannot find ${kind} ${JSON.stringify(id.slice(0, SHOWN_CHARS))}`)
}

async function readBody (db: Db, { id, tenant }: JobRecord): Promise<Buffer | undefined> {
  const body = await db.redis.getBuffer(db.keys.payload(id, 'result'))
  return body ? unpackSealed(db, body, placeOf('result', tenant, id)) : undefined
}
