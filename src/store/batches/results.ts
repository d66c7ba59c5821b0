import { JobError } from '../../core/failures.ts'
import { itemId } from '../../core/ids.ts'
import type { Db } from '../db.ts'
import type { JobRecord } from '../job-record.ts'
import { withUnreadable } from '../listed-record.ts'
import { readListedRecord, readResult } from '../read.ts'
import { readExceptions, type BatchRecord, type Exception } from './read.ts'

/** An item, its job as it is now, if there is one, and its result as JSON text, if it has one. */
export interface Item {
  index: number
  jobId: string | null
  exception: Exception | undefined
  job: JobRecord | undefined
  result: string | undefined
}

/** Items whose records are read at one time. */
const STEP = 50

/**
 * Reads the items of a batch in the order they were posted, after that index, as they are asked for: some records are read ahead, but no more than one
 * result that does not stand in its record.
 */
export async function * readItems (db: Db, batch: BatchRecord, after: number): AsyncGenerator<Item> {
  const { id, tenant, total } = batch
  for (let from = after + 1; from < total; from += STEP) {
    const count = Math.min(STEP, total - from)
    const exceptions = await readExceptions(db, batch, from, count)
    const items = await Promise.all(Array.from({ length: count }, async (_, at): Promise<Omit<Item, 'result'>> => {
      const index = from + at
      const exception = exceptions.get(index)
      const jobId = jobIdOf(id, index, exception)
      const job = jobId === null ? undefined : await readListedRecord(db, jobId)
      return { index, jobId, exception, job: job?.tenant === tenant ? job : undefined }
    }))
    for (const item of items) yield withResult(db, tenant, item)
  }
}

function jobIdOf (batchId: string, index: number, exception: Exception | undefined): string | null {
  if (!exception) return itemId(batchId, index)
  return exception.type === 'repeated' ? exception.jobId : null
}

/** A result that cannot be decrypted keeps nothing from the other items. */
async function withResult (db: Db, tenant: string, item: Omit<Item, 'result'>): Promise<Item> {
  const { job } = item
  if (!job?.result) return { ...item, result: undefined }
  try {
    return { ...item, result: job.result.json ?? (await readResult(db, tenant, job.id))?.toString() }
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    return { ...item, job: withUnreadable(job, error), result: undefined }
  }
}
