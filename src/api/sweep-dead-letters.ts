import { JobError } from '../core/failures.ts'
import { isId, newId } from '../core/ids.ts'
import { stepSweep } from '../store/dead-letters/step.ts'
import { describeSweep, readSweep, startSweep, SWEEPS_PER_TENANT, type NewSweep, type Sweep, type SweepAction } from '../store/dead-letters/sweeps.ts'
import type { Caller } from './access.ts'
import { confirm } from './confirm.ts'
import type { JobService } from './job-service.ts'
import { logAct } from './log-act.ts'
import type { RequestIdempotency } from './plugins/idempotency.ts'
import { describeFull } from './tenant-full.ts'

/** Steps of a purge that the request itself makes, some hundred letters each: what takes more is left to the workers. */
const OWN_STEPS = 10
/** A purge makes no jobs, so that its pace is that of the steps. */
const PURGE_PACE = { perSecond: 1, inFlight: 1 }

export interface NewOrder extends Pick<NewSweep, 'choice' | 'change'> {
  caller: Caller
  idempotency: RequestIdempotency | undefined
}

/**
 * Orders that dead letters are replayed, or purged where nothing is said of the jobs to make. Throws IDEMPOTENCY_MISMATCH as every request with a key does, and
 * RATE_LIMITED while the tenant has as many orders under way, or idempotency keys, as it may.
 */
export async function orderSweep (jobs: JobService, { caller, choice, change, idempotency }: NewOrder): Promise<Sweep> {
  const { tenant } = caller
  const action = change ? 'replay' : 'purge'
  if (action === 'replay') await jobs.checkRoom()
  const sweep: NewSweep = {
    id: newId('sweep'),
    tenant,
    choice,
    change,
    headStart: action === 'purge',
    actor: caller,
    audit: jobs.audit,
    ...(idempotency ? { idempotency: { ...idempotency, ttlMs: jobs.idempotencyMs } } : {}),
  }
  const started = await startSweep(jobs.db, sweep)
  if (started.type === 'mismatch') throw new JobError('IDEMPOTENCY_MISMATCH', 'Cannot take the request: its Idempotency-Key was used with another body')
  if (started.type === 'full') throw describeFull(`Cannot ${action} dead letters`, started, caller, jobs)
  if (started.type === 'busy') throw new JobError('RATE_LIMITED', `Cannot ${action} dead letters: ${SWEEPS_PER_TENANT} such orders are under way, which is the most; wait for one, or cancel one`)
  await confirm(jobs, change ? 'request' : 'purge', async (redis) => await redis.exists(jobs.db.keys.sweep(started.id)) === 1)
  if (started.type === 'started') logAct(jobs.logger, describeSweep(sweep))
  if (action === 'purge') await purgeSome(jobs, started.id)
  return findSweep(jobs, { tenant, action, id: started.id })
}

/** Reads a tenant's order. Throws NOT_FOUND for any other. */
export async function findSweep ({ db }: JobService, { tenant, action, id }: { tenant: string, action: SweepAction, id: string }): Promise<Sweep> {
  const sweep = isId('sweep', id) ? await readSweep(db, { tenant, action, id }) : undefined
  if (!sweep) throw new JobError('NOT_FOUND', `Cannot find ${action} ${JSON.stringify(id.slice(0, 64))}`)
  return sweep
}

async function purgeSome ({ db }: JobService, id: string): Promise<void> {
  for (let i = 0; i < OWN_STEPS; i++) if (!await stepSweep(db, PURGE_PACE, id)) return
}
