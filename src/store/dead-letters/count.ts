import { FAILURES, type FailureCode } from '../../core/failures.ts'
import type { Db } from '../db.ts'

/** Counts a tenant's dead letters, in all and by the code of the failure that they are dead of. Each count is read, none is made. */
export async function countDead (db: Db, tenant: string): Promise<{ total: number, byCode: Partial<Record<FailureCode, number>> }> {
  const codes = Object.keys(FAILURES) as FailureCode[] // the keys of the table
  const [total, ...counts] = await Promise.all([db.keys.jobs(tenant, 'dead'), ...codes.map((code) => db.keys.dead(tenant, code))].map((key) => db.redis.zcard(key)))
  const byCode = Object.fromEntries(codes.map((code, index) => [code, counts[index] ?? 0]).filter(([, count]) => count !== 0))
  return { total: total ?? 0, byCode }
}
