import { itemId } from '../../core/ids.ts'
import { isTerminal, type JobStatus } from '../../core/status.ts'
import type { StoredPayload } from '../codec.ts'
import type { Db } from '../db.ts'
import type { JobRecord } from '../job-record.ts'
import { readRecord } from '../read.ts'
import { openPacked, placeOf } from '../sealing.ts'
import { readStoredInput } from '../stored-input.ts'
import type { BatchRecord } from './read.ts'

/** The job of an item, with what it was made of as it was packed; undefined where that is gone. */
export interface StoredItem {
  job: JobRecord
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
      if (code?.hash !== job.codeHash) code = { hash: job.codeHash, bytes: await readCode(db, tenant, job.codeHash) }
      yield { job, code: code.bytes, input: await readStoredInput(db, tenant, job.id) }
    }
  }
}

async function readCode (db: Db, tenant: string, hash: string): Promise<Buffer | undefined> {
  const stored = await db.redis.hgetBuffer(db.keys.code(tenant, hash), 'bytes')
  return stored ? openPacked(db, stored, placeOf('code', tenant, hash)) : undefined
}
