import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { sha256 } from '../core/digest.ts'

/** What a key may do. `admin` may do everything within its tenant; `metrics:read` is about all tenants, so that it does not include it. */
export const SCOPES = ['jobs:read', 'jobs:write', 'metrics:read', 'admin'] as const
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
  return caller.scopes.includes(scope) || (scope !== 'metrics:read' && caller.scopes.includes('admin'))
}

/** Reads the token of an `Authorization` header. Source: RFC 6750. */
export function parseBearer (header: string | undefined): string | undefined {
  return header === undefined ? undefined : BEARER.exec(header)?.[1]
}

/** Tokens that the operator configures. */
export interface ConfiguredTokens {
  admin: string
  /** Opens the metrics and nothing else. */
  metrics?: string | undefined
}

/**
 * Builds the look-up of callers. The operator's own tokens are compared in constant time and need no Redis. Others are
 * remembered for 5 s, so a revoked key works for that long at most; unknown tokens are remembered too, by hash alone.
 */
export function buildFindCaller (tokens: ConfiguredTokens, find: FindCaller): FindCaller {
  const configured = [
    { token: tokens.admin, caller: { tenant: DEFAULT_TENANT, scopes: ['admin', 'metrics:read'] } },
    { token: tokens.metrics, caller: { tenant: DEFAULT_TENANT, scopes: ['metrics:read'] } },
  ].flatMap(({ token, caller }) => token === undefined ? [] : [{ hash: Buffer.from(sha256(token)), caller: Object.freeze(caller) }])
  const cache = new LRUCache<string, Caller | typeof UNKNOWN>({ max: KEY_CACHE_MAX, ttl: KEY_CACHE_MS })
  return async (token) => {
    const hash = sha256(token)
    const own = configured.find((each) => timingSafeEqual(Buffer.from(hash), each.hash))
    if (own) return own.caller
    const known = cache.get(hash) ?? await find(token) ?? UNKNOWN
    if (!cache.has(hash)) cache.set(hash, known)
    return known === UNKNOWN ? undefined : known
  }
}
