import { JobError } from '../../core/failures.ts'

/** Takes a place of a tenant; answers how it is given back. Throws RATE_LIMITED where the tenant has as many as it may. */
export type TakePlace = (tenant: string) => () => void

/** Builds the count of the subscriptions that tenants have in this process, over all of their connections. */
export function buildSubscriptionPlaces (perTenant: number): TakePlace {
  const taken = new Map<string, number>()
  return (tenant) => {
    const own = taken.get(tenant) ?? 0
    if (own >= perTenant) throw new JobError('RATE_LIMITED', `Cannot subscribe: the tenant has ${own} subscriptions here, and may have ${perTenant} (BATCHBOX_TENANT_SUBSCRIPTIONS); unsubscribe from one`)
    taken.set(tenant, own + 1)
    return () => {
      const left = (taken.get(tenant) ?? 1) - 1
      if (left > 0) taken.set(tenant, left)
      else taken.delete(tenant)
    }
  }
}
