import { isTerminal, JobStatus } from '../core/status.ts'
import type { Db } from './db.ts'
import { removeOver } from './reap.ts'

const ENDED = JobStatus.options.filter(isTerminal)
/** Tenants looked at in one go. */
const TENANTS = 20

/** Where a walk over the tenants stands. */
export interface TenantWalk {
  cursor: string
}

/**
 * Removes the oldest jobs that ended of tenants that have more of them than are to be kept: at most that many, of the next few tenants in the walk.
 * Answers how many, and moves the walk on once they have no more.
 */
export async function removeSurplus (db: Db, walk: TenantWalk, { keep, limit }: { keep: number, limit: number }): Promise<number> {
  const [next, tenants] = await db.redis.sscan(db.keys.tenants, walk.cursor, 'COUNT', TENANTS)
  let removed = 0
  for (const tenant of tenants) {
    if (removed < limit) removed += await removeOldest(db, tenant, { keep, limit: limit - removed })
  }
  if (removed < limit) walk.cursor = next
  return removed
}

async function removeOldest (db: Db, tenant: string, { keep, limit }: { keep: number, limit: number }): Promise<number> {
  const counts = await Promise.all(ENDED.map((status) => db.redis.zcard(db.keys.jobs(tenant, status))))
  const surplus = Math.min(limit, counts.reduce((total, count) => total + count, 0) - keep)
  if (surplus <= 0) return 0
  const oldest = await Promise.all(ENDED.map((status) => readOldest(db, db.keys.jobs(tenant, status), surplus)))
  const jobIds = oldest.flat().sort((a, b) => a.createdAt - b.createdAt).slice(0, surplus).map(({ jobId }) => jobId)
  return removeOver(db, keep, jobIds)
}

async function readOldest (db: Db, index: string, count: number): Promise<{ jobId: string, createdAt: number }[]> {
  const flat = await db.redis.zrange(index, 0, String(count - 1), 'WITHSCORES')
  return flat.flatMap((jobId, at) => at % 2 === 0 ? [{ jobId, createdAt: Number(flat[at + 1]) }] : [])
}
