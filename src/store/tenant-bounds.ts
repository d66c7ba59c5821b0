import { NO_CEILINGS, type Ceilings, type TenantBounds } from '../core/api-key.ts'
import { auditArguments, type Actor, type AuditBounds } from './audit.ts'
import type { Db } from './db.ts'
import { loadMove, NO_JOB, runMove } from './script.ts'

const SCRIPT = loadMove(new URL('tenant-bounds.lua', import.meta.url))

/** Bounds a tenant: what waits from the next job on, what runs from the next dealing on, what is asked for once every API was told. Jobs that wait or run stay. */
export async function setTenantBounds (db: Db, tenant: string, bounds: TenantBounds, { actor, audit }: { actor: Actor, audit: AuditBounds }): Promise<void> {
  const act = { tenant, act: 'tenant.bounded', actor, target: tenant, details: bounds } as const
  await runMove(db, SCRIPT, NO_JOB, [tenant, bounds.jobsWaiting ?? '', bounds.jobsRunning ?? '', JSON.stringify(bounds.ceilings), ...auditArguments(act, audit)])
}

/** Reads the bounds of a tenant; one that nobody bounded has none. */
export async function readTenantBounds ({ redis, keys }: Db, tenant: string): Promise<TenantBounds> {
  const [jobsWaiting, jobsRunning, ceilings] = await Promise.all([keys.maxWaiting, keys.maxRunning, keys.ceilings].map((key) => redis.hget(key, tenant)))
  return { jobsWaiting: jobsWaiting ? Number(jobsWaiting) : null, jobsRunning: jobsRunning ? Number(jobsRunning) : null, ceilings: { ...NO_CEILINGS, ...(ceilings ? JSON.parse(ceilings) as Ceilings : {}) } } // tenant-bounds.lua wrote it
}
