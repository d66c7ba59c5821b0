import { JobError } from '../core/failures.ts'
import type { ReachedBound, RoomBound, RoomBounds } from '../store/tenant-room.ts'
import type { Caller } from './access.ts'
import type { JobService } from './job-service.ts'

type Service = Pick<JobService, 'tenantBounds'>

/** What there is too much of, and the variable that bounds it for every tenant. */
const BOUNDS = {
  jobsWaiting: { what: 'jobs of the tenant wait', variable: 'BATCHBOX_TENANT_JOBS_WAITING', remedy: 'try again when some have run' },
  storedBytes: { what: 'bytes are stored for the tenant', variable: 'BATCHBOX_TENANT_STORED_BYTES', remedy: 'delete jobs that ended, or wait until they are removed' },
  codes: { what: 'pieces of code are stored for the tenant', variable: 'BATCHBOX_TENANT_CODES', remedy: 'delete jobs whose code is not needed, or pass what differs as input' },
  idempotencyKeys: { what: 'idempotency keys of the tenant are remembered', variable: 'BATCHBOX_TENANT_IDEMPOTENCY_KEYS', remedy: 'try again when some are forgotten' },
} as const satisfies Record<RoomBound, { what: string, variable: string, remedy: string }>

/** Bounds of the caller's tenant, and what its key bounds more closely. */
export function boundsOf ({ bounds }: Pick<Caller, 'bounds'>, { tenantBounds }: Service): RoomBounds {
  return { ...tenantBounds, jobsWaiting: Math.min(bounds.jobsWaiting ?? Infinity, tenantBounds.jobsWaiting ?? Infinity) }
}

/** Tells which bound a tenant has reached, and whose that is. */
export function describeFull (action: string, { bound, observed, own }: ReachedBound, caller: Pick<Caller, 'tenant' | 'bounds'>, service: Service): JobError {
  const { what, variable, remedy } = BOUNDS[bound]
  const limit = own ?? boundsOf(caller, service)[bound]
  const ofKey = limit === service.tenantBounds[bound] ? `every tenant, ${variable},` : `the API key, bounds.${bound},`
  const name = own === null ? ofKey : `the tenant, ${bound} of /v1/tenants/${caller.tenant}/bounds,`
  return new JobError('RATE_LIMITED', `${action}: ${observed} ${what}, and the bound of ${name} is ${limit}; ${remedy}`)
}
