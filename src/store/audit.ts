import type { Db } from './db.ts'
import { loadMove, NO_JOB, runMove } from './script.ts'
import { readTime } from './time.ts'

/** What administrators do, and the log of a tenant keeps. */
export const ACTS = ['key.created', 'key.rotated', 'key.revoked', 'job.deleted', 'tenant.bounded', 'tenant.erased', 'secret.stored', 'secret.deleted', 'function.stored', 'function.deleted', 'dead-letters.replayed', 'dead-letters.purged',
  'webhook.created', 'webhook.updated', 'webhook.deleted', 'webhook.rotated', 'webhook.redelivered'] as const
export type Act = typeof ACTS[number]

/** Who does it. */
export interface Actor {
  /** Id of a key, or `operator` for the one in the configuration. */
  keyId: string
  /** SHA-256 of the token that was shown: an act on keys is refused once that one is no longer valid. Empty for the configured key. */
  tokenHash: string
}

/** One act, as whoever does it tells of it. */
export interface NewAct {
  tenant: string
  act: Act
  actor: Actor
  /** Id of what it was done to. */
  target: string
  /** Written as JSON of at most `DETAILS_MAX_BYTES`; never a secret. */
  details: Readonly<Record<string, unknown>>
}

/** How much of a tenant's log is kept. */
export interface AuditBounds {
  maxEntries: number
  maxAgeMs: number
}

export interface AuditEntry {
  id: string
  /** Milliseconds of Redis's clock. */
  time: number
  act: string
  actor: string
  target: string
  details: Record<string, unknown>
}

export interface AuditPage {
  entries: AuditEntry[]
  nextCursor: string | null
}

export const OPERATOR: Actor = Object.freeze({ keyId: 'operator', tokenHash: '' })
export const DETAILS_MAX_BYTES = 4096
const ENTRY_ID = /^\d{1,15}-\d{1,15}$/

const SCRIPT = loadMove(new URL('audit.lua', import.meta.url))

/**
 * The arguments of `note_act` in `moves/acts.lua`, which notes an act in the same script that does it. They come last. Throws a RangeError for
 * details that are too long.
 */
export function auditArguments ({ tenant, act, actor, target, details }: NewAct, { maxEntries, maxAgeMs }: AuditBounds): (string | number)[] {
  const json = JSON.stringify(details)
  if (Buffer.byteLength(json) > DETAILS_MAX_BYTES) throw new RangeError(`Cannot note "${act}": its details are longer than ${DETAILS_MAX_BYTES} bytes`)
  return [tenant, maxEntries, maxAgeMs, act, actor.keyId, target, json]
}

/** Notes an act that no script of its own does. */
export async function noteAct (db: Db, act: NewAct, bounds: AuditBounds): Promise<void> {
  await runMove(db, SCRIPT, NO_JOB, auditArguments(act, bounds))
}

/** Tells whether a text may be the cursor of `listActs`. */
export function isAuditCursor (text: string): boolean {
  return ENTRY_ID.test(text)
}

/** Lists what administrators of a tenant did, newest first, and nothing that is older than is kept. */
export async function listActs (db: Db, tenant: string, { limit, cursor, maxAgeMs }: { limit: number, cursor?: string | undefined, maxAgeMs: number }): Promise<AuditPage> {
  const oldest = String(await readTime(db) - maxAgeMs)
  const found = await db.redis.xrevrange(db.keys.audit(tenant), cursor === undefined ? '+' : `(${cursor}`, oldest, 'COUNT', limit)
  return { entries: found.map(parseEntry), nextCursor: found.length < limit ? null : found.at(-1)?.[0] ?? null }
}

/** `note_act` wrote it: these fields, in this order. */
function parseEntry ([id, fields]: [string, string[]]): AuditEntry {
  const [, act = '', , actor = '', , target = '', , details = '{}'] = fields
  return { id, time: Number(id.split('-')[0]), act, actor, target, details: JSON.parse(details) as Record<string, unknown> } // an object, as NewAct has it
}
