import { isId } from '../core/ids.ts'
import { isTerminal } from '../core/status.ts'
import type { Db } from '../store/db.ts'
import { readJob, refuseMissing, type JobRecord } from '../store/read.ts'
import type { JobService } from './job-service.ts'

/** Reads a tenant's job. Throws NOT_FOUND for an id that is malformed, unknown or another tenant's, and GONE for one that was removed not long ago. */
export async function findJob (db: Db, tenant: string, id: string): Promise<JobRecord> {
  const job = isId('job', id) ? await readJob(db, tenant, id) : undefined
  return job ?? refuseMissing(db, tenant, 'job', id)
}

export interface FollowOptions {
  tenant: string
  id: string
  waitMs: number
  /** Made only if there is a wait, and ends it early: the client left, or the service stops. */
  signal: () => AbortSignal
}

/** Reads a tenant's job once it has ended, or as it is when the time is over or the signal comes. Throws as `findJob` does. */
export async function followJob ({ db, waiter }: JobService, { tenant, id, waitMs, signal }: FollowOptions): Promise<JobRecord> {
  const before = await findJob(db, tenant, id)
  if (waitMs <= 0 || isTerminal(before.status)) return before
  await waiter.waitForEnd(id, waitMs, signal())
  return findJob(db, tenant, id)
}
