import { z } from 'zod'
import { BatchView, ItemOutcome } from '../core/batch.ts'
import { isId, itemId } from '../core/ids.ts'
import { refuseMissing } from '../store/read.ts'
import { readBatch, readFirstExceptions, type BatchRecord } from '../store/batches/read.ts'
import type { Db } from '../store/db.ts'
import { formatTime, viewWebhook } from './job-view.ts'

/** Items whose outcomes stand in the answer to who posted them. */
const OUTCOMES_MAX = 1000

/** A batch as it is answered to who posted it. */
export const PostedBatch = BatchView.extend({
  items: z.array(ItemOutcome).describe(`What became of each item, where there are at most ${OUTCOMES_MAX}; of more, the first ${OUTCOMES_MAX} that were not accepted. The results have all`),
})

/** Reads a tenant's batch. Throws NOT_FOUND for an id that is malformed, unknown or another tenant's, and GONE for one that was removed not long ago. */
export async function findBatch (db: Db, tenant: string, id: string): Promise<BatchRecord> {
  const batch = isId('batch', id) ? await readBatch(db, tenant, id) : undefined
  return batch ?? refuseMissing(db, tenant, 'batch', id)
}

export function viewBatch (batch: BatchRecord): BatchView {
  const self = `/v1/batches/${batch.id}`
  const { id, status, total, counts, incomplete, replayOf, shardsOf } = batch
  return {
    id, status, total, counts, incomplete,
    createdAt: formatTime(batch.createdAt),
    finishedAt: batch.finishedAt === null ? null : formatTime(batch.finishedAt),
    expiresAt: batch.expiresAt === null ? null : formatTime(batch.expiresAt),
    replayOf,
    shardsOf,
    webhook: batch.webhook ? viewWebhook({ ...batch.webhook, events: ['batch.completed'] }) : null,
    links: { self, results: `${self}/results`, events: `${self}/events`, jobs: `/v1/jobs?batch=${id}` },
  }
}

/** Reads a batch that was just posted. */
export async function viewPostedBatch (db: Db, tenant: string, id: string): Promise<z.infer<typeof PostedBatch>> {
  const batch = await findBatch(db, tenant, id)
  return { ...viewBatch(batch), items: await viewOutcomes(db, batch) }
}

/** Tells what became of the items of a batch as they were posted: of all, where there are few; else of the first that were not accepted. */
async function viewOutcomes (db: Db, batch: BatchRecord): Promise<ItemOutcome[]> {
  const exceptions = await readFirstExceptions(db, batch, OUTCOMES_MAX)
  const indexes = batch.total <= OUTCOMES_MAX ? Array.from({ length: batch.total }, (_, index) => index) : [...exceptions.keys()]
  return indexes.map((index): ItemOutcome => {
    const exception = exceptions.get(index)
    if (!exception) return { index, outcome: 'accepted', jobId: itemId(batch.id, index) }
    if (exception.type === 'repeated') return { index, outcome: 'repeated', jobId: exception.jobId }
    return { index, outcome: 'refused', jobId: null, error: exception.refusal }
  })
}
