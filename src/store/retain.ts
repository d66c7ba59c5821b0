import { isTerminal, JobStatus } from '../core/status.ts'
import type { Db } from './db.ts'
import { removeOver } from './reap.ts'

/** Dead letters are kept for longer, and counted apart: those who succeed push none of them out. */
const DEAD: readonly JobStatus[] = ['dead']
const OTHERS = JobStatus.options.filter((status) => isTerminal(status) && status !== 'dead')
/** Tenants looked at in one go. */
const TENANTS = 20

/** Where a walk over the tenants stands. */
export interface TenantWalk {
  cursor: string
}

/** How many a tenant may keep of its dead letters, and of the other jobs that ended; 0 for any number. */
export interface RetentionCounts {
  dead: number
  others: number
}

/**
 * Removes the oldest jobs that ended of tenants that have more of them than are to be kept: at most that many, of the next few tenants in the walk.
 * Answers how many, and moves the walk on once they have no more.
 */
export async function removeSurplus (db: Db, walk: TenantWalk, { keep, limit }: { keep: RetentionCounts, limit: number }): Promise<number> {
  const [next, tenants] = await db.redis.sscan(db.keys.tenants, walk.cursor, 'COUNT', TENANTS)
  let removed = 0
  for (const tenant of tenants) {
    if (removed < limit) removed += await removeOldest(db, tenant, { statuses: OTHERS, keep: keep.others, limit: limit - removed })
    if (removed < limit) removed += await removeOldest(db, tenant, { statuses: DEAD, keep: keep.dead, limit: limit - removed })
  }
  if (removed < limit) walk.cursor = next
  return removed
}

async function removeOldest (db: Db, tenant: string, { statuses, keep, limit }: { statuses: readonly JobStatus[], keep: number, limit: number }): Promise<number> {
  if (keep === 0) return 0
  const counts = await Promise.all(statuses.map((status) => db.redis.zcard(db.keys.jobs(tenant, status))))
  const surplus = Math.min(limit, counts.reduce((total, count) => total + count, 0) - keep)
  if (surplus <= 0) return 0
  const oldest = await Promise.all(statuses.map((status) => readOldest(db, db.keys.jobs(tenant, status), surplus)))
  const jobIds = oldest.flat().sort((a, b) => a.createdAt - b.createdAt).slice(0, surplus).map(({ jobId }) => jobId)
  return removeOver(db, keep, jobIds)
}

async function readOldest (db: Db, index: string, count: number): Promise<{ jobId: string, createdAt: number }[]> {
  const flat = await db.redis.zrange(index, 0, String(count - 1), 'WITHSCORES')
  return flat.flatMap((jobId, at) => at % 2 === 0 ? [{ jobId, createdAt: Number(flat[at + 1]) }] : [])
}
