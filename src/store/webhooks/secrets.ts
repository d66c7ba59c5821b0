import { newWebhookSecret } from '../../core/webhook-signature.ts'
import { auditArguments } from '../audit.ts'
import type { Place } from '../cipher.ts'
import type { Db } from '../db.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { loadMove, NO_JOB, runMove, type Reply } from '../script.ts'
import { packSealed, placeOf, unpackSealed } from '../sealing.ts'
import { strangerError, type WebhookChange } from './endpoints.ts'

/** What deliveries are signed with. Times in milliseconds of Redis's clock. */
export interface SigningSecret {
  /** `whsec_…` */
  secret: string
  createdAt: number
  /** When it signs no more; null for as long as nobody rotates it. */
  expiresAt: number | null
}

const SCRIPT = loadMove(new URL('secrets.lua', import.meta.url), new URL('endpoints.lua', import.meta.url))

/**
 * Reads the secrets that sign now, newest first: of an endpoint, or, with null, the tenant's own, which sign what jobs and batches are told of by webhooks that they came
 * with. The first of the tenant's own is made here. Of an endpoint that is not there, there are none.
 */
export async function readSecrets (db: Db, tenant: string, endpointId: string | null): Promise<SigningSecret[]> {
  const stored = await run(db, tenant, endpointId, ['', 0, 0, ''])
  if (endpointId !== null || stored.length > 0) return stored
  return run(db, tenant, endpointId, [await packSealed(db, newWebhookSecret(), placeOfSecret(tenant, endpointId)), 0, 0, ''])
}

/** Adds a secret, and ends those before when the grace is over; several sign meanwhile. Undefined for an endpoint that is not there. Throws UNAUTHENTICATED as `createEndpoint` does. */
export async function rotateSecret (db: Db, tenant: string, endpointId: string | null, { graceMs, actor, audit }: WebhookChange & { graceMs: number }): Promise<SigningSecret[] | undefined> {
  const secret = await packSealed(db, newWebhookSecret(), placeOfSecret(tenant, endpointId))
  const act = { tenant, act: 'webhook.rotated', actor, target: endpointId ?? 'own', details: { graceMs } } as const
  const secrets = await run(db, tenant, endpointId, [secret, 1, graceMs, actor.tokenHash, ...auditArguments(act, audit)])
  return secrets.length === 0 ? undefined : secrets
}

async function run (db: Db, tenant: string, endpointId: string | null, args: readonly (string | number | Buffer)[]): Promise<SigningSecret[]> {
  const reply = await runMove(db, SCRIPT, NO_JOB, [tenant, endpointId ?? '', ...args])
  if (readText(reply, 0) === 'stranger') throw strangerError()
  if (readText(reply, 0) === 'missing') return []
  return decodeSecrets(db, { tenant, endpointId, now: readNumber(reply, 1) }, Array.isArray(reply) ? reply[2] : undefined)
}

/** Reads what a script answers of the hash of secrets: those that sign at that time, newest first. One that cannot be decrypted signs no more where another does; throws UNAVAILABLE where none can be. */
export async function decodeSecrets (db: Db, { tenant, endpointId, now }: { tenant: string, endpointId: string | null, now: number }, fields: Reply | undefined): Promise<SigningSecret[]> {
  const stored = readFields(fields).map(parseSecret).filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
  const opened = await Promise.allSettled(stored.map(async ({ packed, createdAt, expiresAt }) => ({ secret: (await unpackSealed(db, packed, placeOfSecret(tenant, endpointId))).toString(), createdAt, expiresAt })))
  const secrets = opened.flatMap((each) => each.status === 'fulfilled' ? [each.value] : [])
  const refused = opened.find((each) => each.status === 'rejected')
  if (secrets.length === 0 && refused) throw refused.reason
  return secrets
}

/** Values of the hash, those of the highest numbers first. */
function readFields (fields: Reply | undefined): Buffer[] {
  const flat = Array.isArray(fields) ? fields : []
  const numbered = flat.flatMap((value, at) => at % 2 === 1 && Buffer.isBuffer(value) ? [{ number: Number(String(flat[at - 1])), value }] : [])
  return numbered.sort((a, b) => b.number - a.number).map(({ value }) => value)
}

/** `add_secret` wrote it: when it was made, when it ends or 0, and the secret. */
function parseSecret (field: Buffer): Omit<SigningSecret, 'secret'> & { packed: Buffer } {
  const first = field.indexOf(' ')
  const second = field.indexOf(' ', first + 1)
  return { packed: field.subarray(second + 1), createdAt: Number(field.toString('latin1', 0, first)), expiresAt: Number(field.toString('latin1', first + 1, second)) || null }
}

function placeOfSecret (tenant: string, endpointId: string | null): Place {
  return placeOf('webhook-secret', tenant, endpointId ?? 'own')
}
