import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { NO_BOUNDS, NO_CEILINGS, type KeyRights } from '../core/api-key.ts'
import { sha256 } from '../core/digest.ts'
import { OPERATOR, type Actor } from '../store/audit.ts'
import type { FoundKey } from '../store/keys.ts'

/** Tenant of the operator's key, which is configured. */
export const DEFAULT_TENANT = 'default'

/** Who makes a request: the holder of a key. */
export type Caller = Readonly<KeyRights & Actor>

/** Looks up a key by its token; undefined where it is unknown, revoked or expired. */
export type FindCaller = (token: string) => Promise<Caller | undefined>

/** The callers that a process knows. */
export interface Callers {
  find: FindCaller
  /** Has a key looked up again, since it was rotated or revoked; all of them without an id. */
  forget (keyId?: string): void
  /** Has somebody told of the ids of keys that are forgotten. */
  onForget (listener: (keyId: string) => void): void
}

/** How long a revoked key may go on in a process that was not told. */
export const KEY_CACHE_MS = 5000
/** Tokens remembered, and tokens that are none: a flood of those pushes out no others. */
const KEY_CACHE_MAX = { known: 10_000, unknown: 1000 } as const
const BEARER = /^Bearer +(\S{1,256}) *$/i
const CACHE = { ttl: KEY_CACHE_MS, ttlResolution: 0 } as const
const CONFIGURED = { ...OPERATOR, tenant: DEFAULT_TENANT, ceilings: NO_CEILINGS, bounds: NO_BOUNDS, expiresAt: null, rateGroup: OPERATOR.keyId } as const

/** Reads the token of an `Authorization` header. Source: RFC 6750. */
export function parseBearer (header: string | undefined): string | undefined {
  return header === undefined ? undefined : BEARER.exec(header)?.[1]
}

/** Tells whether a key that a stream was opened with may go on: one that expires, or whose end this process was not told of, is found by looking it up again. */
export async function isStillValid (findCaller: FindCaller, token: string): Promise<boolean> {
  try {
    return await findCaller(token) !== undefined
  } catch {
    return true // while the store is away; it is looked up again
  }
}

/** Tokens that the operator configures. */
export interface ConfiguredTokens {
  admin: string
  /** Opens the metrics and nothing else. */
  metrics?: string | undefined
}

/**
 * Builds the look-up of callers. The operator's own tokens are compared in constant time and need no Redis. Others are remembered until they are
 * to be forgotten, and for 5 s at the most, counted from before the look-up; unknown tokens are remembered too, by hash alone.
 */
export function buildCallers (tokens: ConfiguredTokens, find: (token: string) => Promise<FoundKey | undefined>): Callers {
  const configured = [
    { token: tokens.admin, caller: { ...CONFIGURED, scopes: ['operator'] } },
    { token: tokens.metrics, caller: { ...CONFIGURED, scopes: ['metrics:read'] } },
  ].flatMap(({ token, caller }) => token === undefined ? [] : [{ hash: Buffer.from(sha256(token)), caller: Object.freeze(caller) }])
  const [known, unknown] = [new LRUCache<string, Caller>({ max: KEY_CACHE_MAX.known, ...CACHE }), new LRUCache<string, true>({ max: KEY_CACHE_MAX.unknown, ...CACHE })]
  const listeners: ((keyId: string) => void)[] = []
  let changes = 0

  async function lookUp (token: string, hash: string): Promise<Caller | undefined> {
    const [start, changesBefore] = [performance.now(), changes]
    const key = await find(token)
    const caller = key && toCaller(key)
    const ttl = Math.floor(Math.min(KEY_CACHE_MS, key?.leftMs ?? Infinity) - (performance.now() - start))
    // What was read before a change that was told of meanwhile may be what was changed.
    if (ttl <= 0 || changes !== changesBefore) return caller
    if (caller) known.set(hash, caller, { ttl })
    else unknown.set(hash, true, { ttl })
    return caller
  }

  return {
    async find (token) {
      const hash = sha256(token)
      const own = configured.find((each) => timingSafeEqual(Buffer.from(hash), each.hash))
      if (own) return own.caller
      return unknown.has(hash) ? undefined : known.get(hash) ?? lookUp(token, hash)
    },
    forget (keyId) {
      changes += 1
      if (keyId === undefined) return known.clear()
      for (const [hash, caller] of known.entries()) if (caller.keyId === keyId) known.delete(hash)
      for (const listener of listeners) listener(keyId)
    },
    onForget (listener) {
      listeners.push(listener)
    },
  }
}

function toCaller ({ id, tokenHash, tenant, scopes, ceilings, bounds, expiresAt, rateGroup }: FoundKey): Caller {
  return Object.freeze({ keyId: id, tokenHash, tenant, scopes, ceilings, bounds, expiresAt, rateGroup })
}
