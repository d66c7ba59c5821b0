import type { Db } from '../db.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { readTime } from '../time.ts'

const DROP = loadMove(new URL('drop.lua', import.meta.url))
const EXPIRE = loadMove(new URL('expire.lua', import.meta.url))

/** Removes a file of a tenant's own, or an upload: with a holder, only as long as that one writes it. Jobs that hold it keep it. Answers whether there was one. */
export async function dropFile (db: Db, tenant: string, id: string, holder = ''): Promise<boolean> {
  return await runMove(db, DROP, id, [tenant, holder]) === 1
}

/** Removes files whose time is over, and uploads that nobody went on with, at most so many. Answers how many there were. */
export async function expireFiles (db: Db, limit: number): Promise<number> {
  return Number(await runMove(db, EXPIRE, NO_JOB, [limit]))
}

/** Blobs that no file has had for that long, those that were owed first before the others. */
export async function owedBlobs (db: Db, { limit, restMs }: { limit: number, restMs: number }): Promise<string[]> {
  return db.redis.zrangebyscore(db.keys.owedBlobs, '-inf', await readTime(db) - restMs, 'LIMIT', 0, limit)
}

/** Has a blob that could not be removed be tried again after that time. */
export async function putOffBlob (db: Db, blob: string, restMs: number): Promise<void> {
  await db.redis.zadd(db.keys.owedBlobs, 'XX', await readTime(db) + restMs, blob)
}

/** Notes that the store has a blob no more. */
export async function strikeBlob ({ redis, keys }: Db, blob: string): Promise<void> {
  await redis.zrem(keys.owedBlobs, blob)
}

/** Which of these blobs no file has: also none that was just removed. */
export async function findOrphans ({ redis, keys }: Db, blobs: readonly string[]): Promise<string[]> {
  const known = await Promise.all(blobs.map((blob) => redis.exists(keys.blob(blob))))
  return blobs.filter((_, index) => known[index] === 0)
}
