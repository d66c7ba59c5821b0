import type { Db } from '../db.ts'
import { readText } from '../moves/reply.ts'
import { loadMove, runMove } from '../script.ts'
import { readTime } from '../time.ts'

/** `lost`: Redis has lost some of the items. */
export type Sealed = 'sealed' | 'mismatch' | 'lost' | 'cancelled' | 'missing'

const SCRIPT = loadMove(new URL('seal.lua', import.meta.url))

/** Says that a batch has all its items: it is over as soon as all of them have ended. Saying it again changes nothing; what does not agree with what was added is refused. */
export async function sealBatch (db: Db, batchId: string, { tenant, total, digest }: { tenant: string, total: number, digest: string }): Promise<Sealed> {
  return readText(await runMove(db, SCRIPT, batchId, [tenant, total, digest, '']), 0) as Sealed // seal.lua has these five
}

/** Seals batches that got no items for so long: nobody is posting them any more. Answers how many. */
export async function sealAbandoned (db: Db, idleMs: number, limit: number): Promise<number> {
  const ids = await db.redis.zrangebyscore(db.keys.openBatches, '-inf', await readTime(db) - idleMs, 'LIMIT', 0, limit)
  await Promise.all(ids.map((id) => runMove(db, SCRIPT, id, ['', '', '', idleMs])))
  return ids.length
}
