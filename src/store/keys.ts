import { randomBytes } from 'node:crypto'
import { sha256 } from '../core/digest.ts'
import { newId } from '../core/ids.ts'
import type { Db } from './db.ts'

const TOKEN_PREFIX = 'bbx_'
const TOKEN_BYTES = 32
/** Without a colon, which ends a tenant in the names of keys in Redis: `acme:queued` would own the index of acme's queued jobs. */
const TENANT = /^[\w-]{1,64}$/

/** What an API key stands for. Times in milliseconds of the Unix epoch. */
export interface ApiKey {
  id: string
  tenant: string
  scopes: readonly string[]
  createdAt: number
  expiresAt: number | null
}

export interface NewKey {
  tenant: string
  scopes: readonly string[]
  expiresAt?: number | null
}

/**
 * Makes a key. Its token is answered this once: only a SHA-256 of it is stored. Throws a RangeError for a tenant that is not 1 to 64
 * letters, digits, hyphens and underscores.
 */
export async function createKey (db: Db, { tenant, scopes, expiresAt = null }: NewKey): Promise<ApiKey & { token: string }> {
  if (!TENANT.test(tenant)) throw new RangeError(`Cannot make a key: ${JSON.stringify(tenant)} is no name of a tenant`)
  const token = TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString('base64url')
  const key = { id: newId('key'), tenant, scopes, createdAt: Date.now(), expiresAt }
  const name = db.keys.apiKey(sha256(token))
  const stored = JSON.stringify({ v: 1, ...key })
  await (expiresAt === null ? db.redis.set(name, stored) : db.redis.set(name, stored, 'PXAT', expiresAt))
  return { ...key, token }
}

/** Finds the key of a token; undefined if there is none or it expired. Looked up by hash, so timing tells nothing of the token. */
export async function findKey (db: Db, token: string): Promise<ApiKey | undefined> {
  const stored = await db.redis.get(db.keys.apiKey(sha256(token)))
  if (!stored) return undefined
  const { v, ...key } = JSON.parse(stored) as ApiKey & { v: number } // createKey wrote it
  if (v !== 1) throw new Error(`Cannot read API key: its version is ${v}, this version knows 1`)
  return key
}
