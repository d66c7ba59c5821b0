import { itemId } from '../../core/ids.ts'
import { isTerminal, type JobStatus } from '../../core/status.ts'
import type { StoredPayload } from '../codec.ts'
import type { Db } from '../db.ts'
import type { JobRecord } from '../job-record.ts'
import type { ListedRecord } from '../listed-record.ts'
import { readListedRecord } from '../read.ts'
import { openPacked, placeOf } from '../sealing.ts'
import { readStoredInput } from '../stored-input.ts'
import type { BatchRecord } from './read.ts'

/** What the job of an item was made of, as it was packed; undefined where that is gone. */
export interface StoredItem {
  code: Buffer | undefined
  input: StoredPayload | undefined
}

/** Items whose records are read at one time. */
const STEP = 50

/** Reads the jobs of a batch's items that ended in one of those states, in the order they were posted, as they are asked for. */
export async function * readEndedItems (db: Db, { id, tenant, total }: BatchRecord, statuses: ReadonlySet<JobStatus>): AsyncGenerator<ListedRecord> {
  for (let from = 0; from < total; from += STEP) {
    const jobs = await Promise.all(Array.from({ length: Math.min(STEP, total - from) }, (_, at) => readListedRecord(db, itemId(id, from + at))))
    for (const job of jobs) {
      if (job?.tenant === tenant && isTerminal(job.status) && statuses.has(job.status)) yield job
    }
  }
}

/** Reads what jobs were made of, one after another: items of one batch may share their code. Throws UNAVAILABLE for one that cannot be decrypted. */
export function createItemReader (db: Db): (job: ListedRecord) => Promise<StoredItem> {
  let code: { hash: string, bytes: Buffer | undefined } | undefined
  return async (job) => {
    if (job.unreadable) throw job.unreadable
    if (code?.hash !== job.codeHash) code = { hash: job.codeHash, bytes: await readCode(db, job) }
    return { code: code.bytes, input: await readStoredInput(db, job.tenant, job.id) }
  }
}

async function readCode ({ redis, keys, cipher }: Db, { tenant, codeHash }: JobRecord): Promise<Buffer | undefined> {
  const stored = await redis.hgetBuffer(keys.code(tenant, codeHash), 'bytes')
  return stored ? openPacked({ cipher }, stored, placeOf('code', tenant, codeHash)) : undefined
}
