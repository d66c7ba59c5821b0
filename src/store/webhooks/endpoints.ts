import { JobError } from '../../core/failures.ts'
import { isId, newId } from '../../core/ids.ts'
import { describeUrl, type EndpointChange, type EndpointRequest, type WebhookEvent } from '../../core/webhook.ts'
import { newWebhookSecret } from '../../core/webhook-signature.ts'
import { auditArguments, type Actor, type AuditBounds } from '../audit.ts'
import type { Db } from '../db.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { packSealed, placeOf, unpackSealed } from '../sealing.ts'
import { writeEvents } from './hook.ts'
import type { SigningSecret } from './secrets.ts'

/** Where a tenant is told of events of all its jobs and batches. Times in milliseconds of Redis's clock. */
export interface Endpoint {
  id: string
  tenant: string
  url: string
  events: WebhookEvent[]
  headers: Record<string, string>
  description: string
  enabled: boolean
  /** `gone`: it answered 410. */
  disabledReason: 'asked' | 'gone' | null
  createdAt: number
  updatedAt: number
  /** Why its address, which is empty then, and its headers cannot be decrypted. */
  unreadable?: JobError
}

export interface EndpointPage {
  endpoints: Endpoint[]
  nextCursor: string | null
}

/** Who changes webhooks, and what is kept of it. */
export interface WebhookChange {
  actor: Actor
  audit: AuditBounds
}

/** Newest record that this code reads. */
const ENDPOINT_VERSION = 1
const SHARED = new URL('endpoints.lua', import.meta.url)
const CREATE = loadMove(new URL('create.lua', import.meta.url), SHARED)
const UPDATE = loadMove(new URL('update.lua', import.meta.url), SHARED)
const DELETE = loadMove(new URL('delete.lua', import.meta.url), SHARED)

/** Makes an endpoint, and the secret that signs what it is sent. Throws RATE_LIMITED where the tenant has as many as it may, and UNAUTHENTICATED where the actor's token was ended meanwhile. */
export async function createEndpoint (db: Db, { tenant, url, events, headers, description, enabled }: EndpointRequest & { tenant: string }, { actor, audit, maxEndpoints }: WebhookChange & { maxEndpoints: number }): Promise<{ endpoint: Endpoint, secret: SigningSecret }> {
  const id = newId('webhook')
  const secret = newWebhookSecret()
  const [address, packed] = await Promise.all([packSealed(db, JSON.stringify({ url, headers }), placeOf('webhook', tenant, id)), packSealed(db, secret, placeOf('webhook-secret', tenant, id))])
  const reply = await runMove(db, CREATE, NO_JOB, [
    tenant, id, address, writeEvents(events), description, enabled ? 1 : 0, packed, maxEndpoints, actor.tokenHash,
    ...auditArguments({ tenant, act: 'webhook.created', actor, target: id, details: { url: describeUrl(url), events } }, audit),
  ])
  switch (readText(reply, 0)) {
    case 'full': throw new JobError('RATE_LIMITED', `Cannot make the endpoint: the tenant has ${maxEndpoints}, and the bound of every tenant, BATCHBOX_TENANT_WEBHOOKS, is ${maxEndpoints}; delete one that is not needed`)
    case 'stranger': throw strangerError()
  }
  const createdAt = readNumber(reply, 1)
  return {
    endpoint: { id, tenant, url, events: [...events], headers, description, enabled, disabledReason: enabled ? null : 'asked', createdAt, updatedAt: createdAt },
    secret: { secret, createdAt, expiresAt: null },
  }
}

/** Reads a tenant's endpoint; undefined for another tenant's. Throws UNAVAILABLE for one of a newer version. One whose address cannot be decrypted says so: it is to be seen, mended and deleted all the same. */
export async function readEndpoint (db: Db, tenant: string, id: string): Promise<Endpoint | undefined> {
  if (!isId('webhook', id)) return undefined
  const fields = await db.redis.hgetallBuffer(db.keys.webhook(id))
  const text = (name: string) => fields[name]?.toString() ?? ''
  if (text('tenant') !== tenant || !fields['address']) return undefined
  if (Number(text('v')) > ENDPOINT_VERSION) throw new JobError('UNAVAILABLE', `Cannot use webhook "${id}": a newer version of the service wrote it (version ${text('v')}, and this process knows ${ENDPOINT_VERSION}); ask again, another process may know it`)
  return {
    id,
    tenant,
    ...await tryAddress(db, { tenant, id }, fields['address']),
    events: text('events').split(',').filter(Boolean) as WebhookEvent[], // createEndpoint wrote them
    description: text('description'),
    enabled: text('enabled') === '1',
    disabledReason: (text('disabledReason') || null) as Endpoint['disabledReason'], // the scripts have these two
    createdAt: Number(text('createdAt')),
    updatedAt: Number(text('updatedAt')),
  }
}

async function tryAddress (db: Db, { tenant, id }: Pick<Endpoint, 'tenant' | 'id'>, packed: Buffer): Promise<Pick<Endpoint, 'url' | 'headers' | 'unreadable'>> {
  try {
    return await readAddress(db, { tenant, id }, packed)
  } catch (cause) {
    if (!(cause instanceof JobError)) throw cause
    return { url: '', headers: {}, unreadable: new JobError('UNAVAILABLE', `Cannot use webhook "${id}": ${cause.message}; give it a URL and headers anew, or delete it`, { cause }) }
  }
}

/** Reads the part of a record that says where to send. Throws UNAVAILABLE where it cannot be decrypted. */
export async function readAddress (db: Db, { tenant, id }: Pick<Endpoint, 'tenant' | 'id'>, packed: Buffer): Promise<Pick<Endpoint, 'url' | 'headers'>> {
  const { url, headers } = JSON.parse((await unpackSealed(db, packed, placeOf('webhook', tenant, id))).toString()) as Pick<Endpoint, 'url' | 'headers'> // createEndpoint wrote it
  return { url, headers }
}

/** Lists a tenant's endpoints, newest first. The cursor is the id of the last one seen. */
export async function listEndpoints (db: Db, tenant: string, { limit, cursor }: { limit: number, cursor?: string | undefined }): Promise<EndpointPage> {
  const ids = await db.redis.zrevrangebylex(db.keys.webhooks(tenant), cursor === undefined ? '+' : `(${cursor}`, '-', 'LIMIT', 0, limit)
  const endpoints = await Promise.all(ids.map((id) => readEndpoint(db, tenant, id)))
  return { endpoints: endpoints.filter((endpoint) => endpoint !== undefined), nextCursor: ids.length < limit ? null : ids.at(-1) ?? null }
}

/** Changes an endpoint; undefined where there is none. One that is enabled is tried again at once, whatever was owed to it meanwhile. Throws UNAUTHENTICATED as `createEndpoint` does. */
export async function updateEndpoint (db: Db, tenant: string, id: string, change: EndpointChange, { actor, audit }: WebhookChange): Promise<Endpoint | undefined> {
  const before = await readEndpoint(db, tenant, id)
  if (!before) return undefined
  const { url = before.url, headers = before.headers, events, description, enabled } = change
  if (before.unreadable && (change.url === undefined) !== (change.headers === undefined)) throw before.unreadable
  const address = change.url === undefined && change.headers === undefined ? '' : await packSealed(db, JSON.stringify({ url, headers }), placeOf('webhook', tenant, id))
  const reply = await runMove(db, UPDATE, NO_JOB, [
    tenant, id, address, events ? writeEvents(events) : '', description === undefined ? '' : `=${description}`, enabled === undefined ? '' : enabled ? 1 : 0, actor.tokenHash,
    ...auditArguments({ tenant, act: 'webhook.updated', actor, target: id, details: { ...(change.url === undefined ? {} : { url: describeUrl(url) }), events, enabled } }, audit),
  ])
  if (readText(reply, 0) === 'stranger') throw strangerError()
  return readEndpoint(db, tenant, id)
}

/** Deletes an endpoint, with its secrets; answers false where there is none. Throws UNAUTHENTICATED as `createEndpoint` does. */
export async function deleteEndpoint (db: Db, tenant: string, id: string, { actor, audit }: WebhookChange): Promise<boolean> {
  const reply = await runMove(db, DELETE, NO_JOB, [
    tenant, id, actor.tokenHash, ...auditArguments({ tenant, act: 'webhook.deleted', actor, target: id, details: {} }, audit),
  ])
  if (readText(reply, 0) === 'stranger') throw strangerError()
  return readText(reply, 0) === 'deleted'
}

/** For an act whose actor may do nothing any more. */
export function strangerError (): JobError {
  return new JobError('UNAUTHENTICATED', 'Cannot change webhooks: the token of the request was rotated or revoked meanwhile')
}
