import { JobError, type FailureCode } from '../core/failures.ts'
import { itemIndex } from '../core/ids.ts'
import type { JobSpec } from '../core/job-request.ts'
import type { JobStatus } from '../core/status.ts'
import { itemIdsBelow, readBatch, type BatchRecord } from './batches/read.ts'
import type { Db } from './db.ts'
import type { JobRecord } from './job-record.ts'
import { parseListedRecord } from './listed-record.ts'
import { FOLD, unfoldRecord } from './record-fold.ts'
import { openJson, placeOf } from './sealing.ts'
import { formatPosition, parsePosition, readIndex, type Position } from './walk.ts'

/** Jobs looked at by one call, however few of them match; the cursor goes on from there. */
export const LIST_SCAN_JOBS = 2000
const PAGE_JOBS = 200
/** Records read at one time. A job that was tried a hundred times, with long stacks, takes megabytes. */
const READ_JOBS = 10
/** A page whose attempts, and what is known of their losses, take so many characters ends early. */
const PAGE_CHARS = 4_194_304

export interface JobFilter {
  status?: JobStatus | undefined
  /** Of dead jobs alone: the code of the failure that they are dead of. */
  diedOf?: FailureCode | undefined
  /** Only items of that batch. */
  batch?: string | undefined
  tag?: { name: string, value: string } | undefined
  /** Milliseconds of the Unix epoch, both included. */
  since?: number | undefined
  until?: number | undefined
  limit: number
  cursor?: string | undefined
}

export interface JobPage {
  jobs: JobRecord[]
  /** Null at the end. A page that is not full, or is empty, may have one. */
  nextCursor: string | null
}

/** Lists a tenant's jobs, newest first. Status, failure code and time are looked up in an index, the tag is matched in a bounded scan of it. Of a batch all is, item by item. */
export async function listJobs (db: Db, tenant: string, filter: JobFilter): Promise<JobPage> {
  const { status, diedOf, since, until, tag, limit } = filter
  const batch = filter.batch === undefined ? undefined : await readBatch(db, tenant, filter.batch)
  if (filter.batch !== undefined && !batch) return { jobs: [], nextCursor: null }
  const index = diedOf ? db.keys.dead(tenant, diedOf) : db.keys.jobs(tenant, status)
  const jobs: JobRecord[] = []
  let chars = 0
  let at = parseCursor(filter.cursor)
  for (let scanned = 0; scanned < LIST_SCAN_JOBS; scanned += PAGE_JOBS) {
    const { positions, isLast } = batch ? readItemPositions(batch, at) : await readIndex(db, index, { since, until, at, count: PAGE_JOBS })
    const matching = await Promise.all(positions.map(async ({ id }) => (!batch || await isItem(db, id, filter)) && (!tag || await hasReadableTag(db, id, tag))))
    const wanted = positions.filter((_, index) => matching[index])
    const room = wanted.slice(0, limit - jobs.length)
    let read = 0
    for (; read < room.length && chars < PAGE_CHARS; read += READ_JOBS) {
      for (const job of await readRecords(db, room.slice(read, read + READ_JOBS))) {
        if (!job || (status && job.status !== status)) continue
        jobs.push(job)
        chars += JSON.stringify([job.attempts, job.losses]).length
      }
    }
    const taken = room.slice(0, read)
    if (taken.length < wanted.length || (jobs.length === limit && !isLast)) return { jobs, nextCursor: formatCursor(taken.at(-1) ?? at) }
    if (isLast) return { jobs, nextCursor: null }
    at = positions.at(-1) ?? at
  }
  return { jobs, nextCursor: formatCursor(at) }
}

/** Items of a batch have ids that count them. */
function readItemPositions ({ id, total }: BatchRecord, at: Position | undefined): { positions: Position[], isLast: boolean } {
  const below = at ? Math.min(itemIndex(at.id) || 0, total) : total
  return { positions: itemIdsBelow(id, below, PAGE_JOBS).map((itemId) => ({ createdAt: 0, id: itemId })), isLast: below <= PAGE_JOBS }
}

/** Looks up what an index would tell. */
async function isItem (db: Db, jobId: string, { status, diedOf, since = -Infinity, until = Infinity }: JobFilter): Promise<boolean> {
  const [is, tenant, was] = await db.redis.hmget(db.keys.job(jobId), 'status', 'tenant', 'diedOf')
  if (!is || !tenant || (status && is !== status) || (diedOf && was !== diedOf)) return false
  if (since === -Infinity && until === Infinity) return true
  const createdAt = Number(await db.redis.zscore(db.keys.jobs(tenant), jobId))
  return createdAt >= since && createdAt <= until
}

async function hasTag (db: Db, jobId: string, { name, value }: { name: string, value: string }): Promise<boolean> {
  const [spec, fold, tenant] = await db.redis.hmgetBuffer(db.keys.job(jobId), 'spec', FOLD, 'tenant')
  const text = spec ?? (fold && (await unfoldRecord(db, jobId, { [FOLD]: fold, tenant: tenant ?? undefined }))['spec'])
  if (!text) return false
  const { tags } = openJson(db, text, placeOf('spec', String(tenant), jobId)) as JobSpec // accept wrote it, from a validated request
  return Object.hasOwn(tags, name) && tags[name] === value
}

/** Of one that cannot be decrypted nobody knows. */
async function hasReadableTag (db: Db, jobId: string, tag: { name: string, value: string }): Promise<boolean> {
  try {
    return await hasTag(db, jobId, tag)
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    return false
  }
}

function readRecords (db: Db, positions: readonly Position[]): Promise<(JobRecord | undefined)[]> {
  return Promise.all(positions.map(async ({ id }) => {
    const fields = await db.redis.hgetallBuffer(db.keys.job(id))
    return fields['status'] ? parseListedRecord(db, id, fields) : undefined
  }))
}

function formatCursor (position: Position | undefined): string | null {
  return position ? Buffer.from(formatPosition(position)).toString('base64url') : null
}

function parseCursor (cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined
  const position = parsePosition(Buffer.from(cursor, 'base64url').toString())
  if (!position) throw new JobError('INVALID', 'Cannot list jobs: the cursor is not one that a list answered with')
  return position
}
