import { itemId } from '../../core/ids.ts'
import { isTerminal, type JobStatus } from '../../core/status.ts'
import type { StoredPayload } from '../codec.ts'
import { readReference } from '../codec.ts'
import type { Db } from '../db.ts'
import type { JobRecord } from '../job-record.ts'
import { readRecord } from '../read.ts'
import type { BatchRecord } from './read.ts'

/** The job of an item, with what it was made of as it is stored; undefined where that is gone. */
export interface StoredItem {
  job: JobRecord
  /** Packed. */
  code: Buffer | undefined
  input: StoredPayload | undefined
}

/** Items whose records are read at one time. */
const STEP = 50

/** Reads the items of a batch that ended in one of those states, in the order they were posted, as they are asked for. */
export async function * readStoredItems (db: Db, { id, tenant, total }: BatchRecord, statuses: ReadonlySet<JobStatus>): AsyncGenerator<StoredItem> {
  let code: { hash: string, bytes: Buffer | undefined } | undefined
  for (let from = 0; from < total; from += STEP) {
    const jobs = await Promise.all(Array.from({ length: Math.min(STEP, total - from) }, (_, at) => readRecord(db, itemId(id, from + at))))
    for (const job of jobs) {
      if (!job || job.tenant !== tenant || !isTerminal(job.status) || !statuses.has(job.status)) continue
      if (code?.hash !== job.codeHash) code = { hash: job.codeHash, bytes: await db.redis.hgetBuffer(db.keys.code(tenant, job.codeHash), 'bytes') ?? undefined }
      yield { job, code: code.bytes, input: await readInput(db, job.id) }
    }
  }
}

async function readInput (db: Db, jobId: string): Promise<StoredPayload | undefined> {
  const field = await db.redis.hgetBuffer(db.keys.job(jobId), 'input')
  if (!field) return undefined
  if (readReference(field) === undefined) return { field, body: null }
  const body = await db.redis.getBuffer(db.keys.payload(jobId, 'input'))
  return body ? { field, body } : undefined
}
