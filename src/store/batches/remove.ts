import type { Db } from '../db.ts'
import { TOMBSTONE_MS } from '../reap.ts'
import { loadMove, runMove } from '../script.ts'
import { readTime } from '../time.ts'

const SCRIPT = loadMove(new URL('remove.lua', import.meta.url))

/** Removes batches whose retention passed. Their items follow: those stay as long as their batch. Those of a newer version are put off. Answers how many were dealt with. */
export async function removeExpiredBatches (db: Db, limit: number): Promise<number> {
  const ids = await db.redis.zrangebyscore(db.keys.expiringBatches, '-inf', await readTime(db), 'LIMIT', 0, limit)
  const removed = await Promise.all(ids.map((id) => runMove(db, SCRIPT, id, [TOMBSTONE_MS])))
  return removed.filter((answer) => answer === 1).length
}
