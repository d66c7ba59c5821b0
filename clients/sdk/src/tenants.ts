import type { Act, Erasure, TenantBounds } from './api-types.ts'
import { buildListing, type Listing } from './http/pages.ts'
import type { Requester } from './http/requester.ts'
import type { RequestOptions } from './options.ts'

const ROOT = 'v1/tenants'

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
    bounds: (tenant, options) => json({ path: [ROOT, tenant, 'bounds'], ...options }),
    setBounds: (tenant, bounds, options) => json({ method: 'PUT', path: [ROOT, tenant, 'bounds'], json: bounds, ...options }),
    erase: (tenant, options) => json({ method: 'DELETE', path: [ROOT, tenant], ...options }),
    erasure: (tenant, options) => json({ path: [ROOT, tenant, 'erasure'], ...options }),
    acts: (query, options) => buildListing(requester, 'v1/audit', { query, options }),
  }
}
