import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { sha256 } from '../core/digest.ts'

/** What a key may do. `admin` may do everything within its tenant. */
export const SCOPES = ['jobs:read', 'jobs:write', 'admin'] as const
export type Scope = typeof SCOPES[number]

/** Tenant of the administrator's key that the operator configures. */
export const DEFAULT_TENANT = 'default'

/** Who makes a request. */
export interface Caller {
  readonly tenant: string
  readonly scopes: readonly string[]
}

/** Looks up a key by its token; undefined where it is unknown, revoked or expired. */
export type FindCaller = (token: string) => Promise<Caller | undefined>

const KEY_CACHE_MS = 5000
const KEY_CACHE_MAX = 10_000
const BEARER = /^Bearer +(\S{1,256}) *$/i
const UNKNOWN = 'unknown'

export function hasScope (caller: Caller, scope: Scope): boolean {
  return caller.scopes.includes(scope) || caller.scopes.includes('admin')
}

/** Reads the token of an `Authorization` header. Source: RFC 6750. */
export function parseBearer (header: string | undefined): string | undefined {
  return header === undefined ? undefined : BEARER.exec(header)?.[1]
}

/**
 * Builds the look-up of callers. The administrator's key is compared in constant time and needs no Redis. Others are
 * remembered for 5 s, so a revoked key works for that long at most; unknown tokens are remembered too, by hash alone.
 */
export function buildFindCaller (adminKey: string, find: FindCaller): FindCaller {
  const admin: Caller = Object.freeze({ tenant: DEFAULT_TENANT, scopes: ['admin'] })
  const adminHash = Buffer.from(sha256(adminKey))
  const cache = new LRUCache<string, Caller | typeof UNKNOWN>({ max: KEY_CACHE_MAX, ttl: KEY_CACHE_MS })
  return async (token) => {
    const hash = sha256(token)
    if (timingSafeEqual(Buffer.from(hash), adminHash)) return admin
    const known = cache.get(hash) ?? await find(token) ?? UNKNOWN
    if (!cache.has(hash)) cache.set(hash, known)
    return known === UNKNOWN ? undefined : known
  }
}
