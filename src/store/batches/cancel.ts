import type { Db } from '../db.ts'
import { readText } from '../moves/reply.ts'
import { CANCELLED_FAILURE } from '../moves/verdicts.ts'
import { loadMove, runMove } from '../script.ts'

/** `ended`: it had ended before. */
export type CancelledBatch = 'missing' | 'ended' | 'asked'

/** Items in one step: each takes Redis some 40 µs. */
const STEP_ITEMS = 100

const CANCEL = loadMove(new URL('cancel.lua', import.meta.url))
const STOP = loadMove(new URL('stop-items.lua', import.meta.url))

/** Has a batch take no more items and begin none of those that wait, from now on. `stopItems` then ends them. */
export async function cancelBatch (db: Db, tenant: string, batchId: string): Promise<CancelledBatch> {
  return readText(await runMove(db, CANCEL, batchId, [tenant]), 0) as CancelledBatch // cancel.lua has these three
}

/** Ends the next items of a batch that is being cancelled, and has workers told of those that run. Answers whether there are more. */
export async function stopItems (db: Db, batchId: string, retentionMs: number): Promise<boolean> {
  return await runMove(db, STOP, batchId, [STEP_ITEMS, retentionMs, CANCELLED_FAILURE]) === 1
}

/** Does so until there are no more. Of a batch that is not being cancelled nothing is ended. */
export async function stopAllItems (db: Db, batchId: string, retentionMs: number): Promise<void> {
  while (await stopItems(db, batchId, retentionMs));
}

/** Goes on with the cancelling that was begun first; answers how many batches were looked at. */
export async function goOnCancelling (db: Db, retentionMs: number): Promise<number> {
  const [id] = await db.redis.zrange(db.keys.cancellingBatches, 0, '0')
  if (id === undefined) return 0
  await stopItems(db, id, retentionMs)
  return 1
}
