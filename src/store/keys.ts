import { randomBytes } from 'node:crypto'
import { Ceilings, hasScope, meetCeilings, NO_BOUNDS, NO_CEILINGS, TenantName, type KeyRights, type Scope } from '../core/api-key.ts'
import { sha256 } from '../core/digest.ts'
import { JobError } from '../core/failures.ts'
import { isId, newId } from '../core/ids.ts'
import { auditArguments, OPERATOR, type Actor, type AuditBounds } from './audit.ts'
import type { Db } from './db.ts'
import { readNumber, readText } from './moves/reply.ts'
import { loadMove, NO_JOB, runMove } from './script.ts'

const TOKEN_PREFIX = 'bbx_'
const TOKEN_BYTES = 32
/** Newest record that this code reads. */
const KEY_VERSION = 2
/** Tokens that one key has at a time: its own, and earlier ones in their grace. Another rotation ends the one with the least time left. */
export const TOKENS_PER_KEY = 5

/** What an API key stands for. Times in milliseconds of the Unix epoch. */
export interface ApiKey extends KeyRights {
  id: string
  name: string
  /** Key that made it; `operator` for the one in the configuration. */
  createdBy: string
  createdAt: number
  rotatedAt: number | null
}

/** A key as its token finds it. */
export interface FoundKey extends ApiKey {
  tokenHash: string
  /** How long the token is valid for, by Redis's clock; null for as long as nobody ends it. */
  leftMs: number | null
}

export type NewKey = Pick<KeyRights, 'tenant'> & { scopes: readonly Scope[] } & Partial<Pick<ApiKey, 'id' | 'name' | 'ceilings' | 'bounds' | 'expiresAt' | 'rateGroup'>>

/** Who changes keys, and what is kept of it. */
export interface KeyChange {
  actor: Actor
  audit: AuditBounds
}

export interface KeyPage {
  keys: ApiKey[]
  nextCursor: string | null
}

/** The part of a key that never changes, as its record has it. */
type KeyBody = Omit<ApiKey, 'createdAt' | 'rotatedAt'>

const CREATE = loadMove(new URL('keys/create.lua', import.meta.url))
const FIND = loadMove(new URL('keys/find.lua', import.meta.url))
const ADOPT = loadMove(new URL('keys/adopt.lua', import.meta.url))
const ROTATE = loadMove(new URL('keys/rotate.lua', import.meta.url))
const REVOKE = loadMove(new URL('keys/revoke.lua', import.meta.url))

/** Most keys of a tenant, where nobody says otherwise. */
export const KEYS_PER_TENANT = 1000
const UNATTENDED: KeyChange = { actor: OPERATOR, audit: { maxEntries: 10_000, maxAgeMs: 90 * 86_400_000 } }

/**
 * Makes a key. Its token is answered this once: only a SHA-256 of it is stored. Throws a RangeError for a tenant that is not 1 to 64
 * letters, digits, hyphens and underscores; INVALID for an expiry that is past, RATE_LIMITED where the tenant has as many keys as it may, and
 * UNAUTHENTICATED where the maker's token was ended meanwhile.
 */
export async function createKey (db: Db, key: NewKey, { actor, audit, maxKeys = KEYS_PER_TENANT }: KeyChange & { maxKeys?: number } = UNATTENDED): Promise<ApiKey & { token: string }> {
  const { tenant, scopes, id = newId('key'), name = '', ceilings = NO_CEILINGS, bounds = NO_BOUNDS, expiresAt = null, rateGroup = id } = key
  if (!TenantName.safeParse(tenant).success) throw new RangeError(`Cannot make a key: ${JSON.stringify(tenant)} is no name of a tenant`)
  const token = newToken()
  const body: KeyBody = { id, tenant, name, scopes, ceilings, bounds, expiresAt, rateGroup, createdBy: actor.keyId }
  const reply = await runMove(db, CREATE, NO_JOB, [
    tenant, id, JSON.stringify(body), sha256(token), expiresAt ?? '', maxKeys, actor.tokenHash,
    ...auditArguments({ tenant, act: 'key.created', actor, target: id, details: { name, scopes, expiresAt } }, audit),
  ])
  switch (readText(reply, 0)) {
    case 'past': throw new JobError('INVALID', 'Cannot make the key: expiresAt is past', { errors: [{ pointer: '/expiresAt', message: 'Expected a time to come' }] })
    case 'full': throw new JobError('RATE_LIMITED', `Cannot make the key: the tenant has ${maxKeys} keys, which is the most; revoke one that is not needed`)
    case 'stranger': throw strangerError()
  }
  return { ...body, createdAt: readNumber(reply, 1), rotatedAt: null, token }
}

/** Finds the key of a token, with ceilings that are its tenant's too; undefined if there is none or it expired. Looked up by hash, so timing tells nothing of the token. */
export async function findKey (db: Db, token: string): Promise<FoundKey | undefined> {
  const tokenHash = sha256(token)
  const reply = await runMove(db, FIND, NO_JOB, [tokenHash])
  if (reply === null) return undefined
  const { v, ...key } = JSON.parse(readText(reply, 0)) as KeyBody & { v: number, createdAt: number } // create.lua, or version 1, wrote it
  if (v !== 1 && v !== 2) throw newerKey(v)
  const left = readNumber(reply, 1)
  const found = { tokenHash, leftMs: left < 0 ? null : left }
  const answers = Array.isArray(reply) ? reply : []
  const stored = answers[2] === null ? undefined : parseKey([readText(reply, 2), readText(reply, 3), answers[4] === null ? null : readText(reply, 4)])
  const whole = stored ? { ...stored, ...found } : v === 1 ? await adopt(db, key, found) : undefined
  if (!whole || answers[5] === null) return whole
  return { ...whole, ceilings: meetCeilings(whole.ceilings, Ceilings.parse(JSON.parse(readText(reply, 5)))) }
}

/** A key of version 1 is in no list until it is seen: then it gets a record, and can be listed, rotated and revoked like any other. */
async function adopt (db: Db, { id, tenant, scopes, expiresAt, createdAt }: KeyBody & { createdAt: number }, found: Pick<FoundKey, 'tokenHash' | 'leftMs'>): Promise<FoundKey | undefined> {
  const body: KeyBody = { id, tenant, name: '', scopes, ceilings: { ...NO_CEILINGS, secrets: [] }, bounds: NO_BOUNDS, expiresAt, rateGroup: id, createdBy: OPERATOR.keyId }
  const adopted = await runMove(db, ADOPT, NO_JOB, [tenant, id, JSON.stringify(body), found.tokenHash, createdAt])
  return adopted === 1 ? { ...body, createdAt, rotatedAt: null, ...found } : undefined
}

/** Reads a key that the reader may see: of the same tenant, or of any for an operator. Undefined for others. */
export async function readKey (db: Db, reader: Pick<KeyRights, 'tenant' | 'scopes'>, id: string): Promise<ApiKey | undefined> {
  if (!isId('key', id)) return undefined
  const key = await readRecord(db, id)
  return key && (key.tenant === reader.tenant || hasScope(reader, 'operator')) ? key : undefined
}

/** Lists a tenant's keys, newest first. */
export async function listKeys (db: Db, tenant: string, { limit, cursor }: { limit: number, cursor?: string | undefined }): Promise<KeyPage> {
  const index = db.keys.apiKeys(tenant)
  const ids = await db.redis.zrevrangebylex(index, cursor === undefined ? '+' : `(${cursor}`, '-', 'LIMIT', 0, limit)
  const keys = await Promise.all(ids.map(async (id) => {
    const key = await readRecord(db, id)
    if (!key) await db.redis.zrem(index, id) // it expired
    return key
  }))
  return { keys: keys.filter((key) => key !== undefined), nextCursor: ids.length < limit ? null : ids.at(-1) ?? null }
}

/**
 * Gives a key another token, answered this once. Those it has go on for the grace, or end at once where there is none. Answers undefined for a key
 * that is gone; throws UNAUTHENTICATED as `createKey` does.
 */
export async function rotateKey (db: Db, key: ApiKey, { graceMs, actor, audit }: KeyChange & { graceMs: number }): Promise<ApiKey & { token: string } | undefined> {
  const { id, tenant, name, expiresAt } = key
  const token = newToken()
  const reply = await runMove(db, ROTATE, NO_JOB, [
    id, sha256(token), graceMs, expiresAt ?? '', TOKENS_PER_KEY, actor.tokenHash,
    ...auditArguments({ tenant, act: 'key.rotated', actor, target: id, details: { name, graceMs } }, audit),
  ])
  return isDone(reply, 'rotated') ? { ...key, rotatedAt: readNumber(reply, 1), token } : undefined
}

/** Ends a key, with all its tokens, and tells every API process. Answers false for a key that is gone; throws UNAUTHENTICATED as `createKey` does. */
export async function revokeKey (db: Db, { id, tenant, name }: ApiKey, { actor, audit }: KeyChange): Promise<boolean> {
  const reply = await runMove(db, REVOKE, NO_JOB, [
    id, actor.tokenHash, ...auditArguments({ tenant, act: 'key.revoked', actor, target: id, details: { name } }, audit),
  ])
  return isDone(reply, 'revoked')
}

function isDone (reply: Parameters<typeof readText>[0], done: string): boolean {
  const type = readText(reply, 0)
  if (type === 'stranger') throw strangerError()
  return type === done
}

function strangerError (): JobError {
  return new JobError('UNAUTHENTICATED', 'Cannot change keys: the token of the request was rotated or revoked meanwhile')
}

async function readRecord (db: Db, id: string): Promise<ApiKey | undefined> {
  const [key, createdAt, rotatedAt, v] = await db.redis.hmget(db.keys.apiKey(id), 'key', 'createdAt', 'rotatedAt', 'v')
  if (Number(v ?? KEY_VERSION) > KEY_VERSION) throw newerKey(Number(v))
  return key && createdAt ? parseKey([key, createdAt, rotatedAt ?? null]) : undefined
}

function newerKey (v: number): JobError {
  return new JobError('UNAVAILABLE', `Cannot use the API key: a newer version of the service wrote it (version ${v}, and this process knows ${KEY_VERSION}); ask again, another process may know it`)
}

function parseKey ([body, createdAt, rotatedAt]: [string, string, string | null]): ApiKey {
  const key = JSON.parse(body) as KeyBody // createKey wrote it
  return { ...key, ceilings: { ...NO_CEILINGS, ...key.ceilings, secrets: key.ceilings.secrets === undefined ? [] : key.ceilings.secrets }, createdAt: Number(createdAt), rotatedAt: rotatedAt === null ? null : Number(rotatedAt) } // keys from before there were secrets have none
}

function newToken (): string {
  return TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString('base64url')
}
