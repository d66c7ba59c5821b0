import type { Act, Erasure, TenantBounds } from './api-types.ts'
import { buildListing, type Listing } from './http/pages.ts'
import type { Requester } from './http/requester.ts'
import type { RequestOptions } from './options.ts'

/** What operators do with tenants; administrators read the bounds of their own, and what was done in it. */
export interface Tenants {
  bounds (tenant: string, options?: RequestOptions): Promise<TenantBounds>
  setBounds (tenant: string, bounds: TenantBounds, options?: RequestOptions): Promise<TenantBounds>
  /** Erases a tenant with everything it has; `erasure` tells how far that is. */
  erase (tenant: string, options?: RequestOptions): Promise<Erasure>
  erasure (tenant: string, options?: RequestOptions): Promise<Erasure>
  /** What administrators did, newest first. */
  acts (query?: { tenant?: string, limit?: number, cursor?: string }, options?: RequestOptions): Listing<Act>
}

export function buildTenants (requester: Requester): Tenants {
  const { json } = requester
  return {
    bounds: (tenant, options) => json({ path: `${pathOf(tenant)}/bounds`, ...options }),
    setBounds: (tenant, bounds, options) => json({ method: 'PUT', path: `${pathOf(tenant)}/bounds`, json: bounds, ...options }),
    erase: (tenant, options) => json({ method: 'DELETE', path: pathOf(tenant), ...options }),
    erasure: (tenant, options) => json({ path: `${pathOf(tenant)}/erasure`, ...options }),
    acts: (query, options) => buildListing(requester, { path: 'v1/audit', query: { ...query }, ...options }),
  }
}

function pathOf (tenant: string): string {
  return `v1/tenants/${encodeURIComponent(tenant)}`
}
