import { isId } from '../../core/ids.ts'
import type { WebhookType } from '../../core/webhook.ts'
import type { Db } from '../db.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { isDeliveryId, parseDelivery, type Delivery, type DeliveryStatus } from './delivery.ts'

/** Which deliveries are meant: all that every member fits. Times in milliseconds of the Unix epoch, of the events; the first is part of the range, the last is not. */
export interface DeliveryFilter {
  status?: DeliveryStatus | undefined
  /** An endpoint's id, or `own`. */
  target?: string | undefined
  type?: WebhookType | undefined
  /** Id of a job or a batch. */
  subject?: string | undefined
  since?: number | undefined
  until?: number | undefined
}

export interface PageOptions {
  limit: number
  cursor?: string | undefined
}

/** `pending`: a try of it is under way, or about to be. `deleted`: its endpoint is not there, or disabled. `removed`: its job or batch is not there. `full`: the tenant has as much undelivered as it may. */
export type Redelivered = 'redelivered' | 'missing' | 'pending' | 'deleted' | 'removed' | 'full'

/** Deliveries looked at for one page, so that a filter that fits few costs no more than one that fits all. */
const LOOKED_AT = 1000
const CURSOR = /^(\d{1,15})-(whd_[0-9a-f]{32})$/

const REDELIVER = loadMove(new URL('redeliver.lua', import.meta.url))
const EXPIRE = loadMove(new URL('expire.lua', import.meta.url))
const TEST = loadMove(new URL('test.lua', import.meta.url))

/** Reads a tenant's delivery, with every try; undefined for another tenant's. */
export async function readDelivery (db: Db, tenant: string, id: string): Promise<Delivery | undefined> {
  if (!isDeliveryId(id)) return undefined
  const delivery = parseDelivery(id, await db.redis.hgetall(db.keys.delivery(id)))
  return delivery?.tenant === tenant ? delivery : undefined
}

/** Lists a tenant's deliveries, newest first. A page may be short, or empty, and have a cursor all the same: only so many are looked at for one. */
export async function listDeliveries (db: Db, tenant: string, { limit, cursor, ...filter }: DeliveryFilter & PageOptions): Promise<{ deliveries: Delivery[], nextCursor: string | null }> {
  const { ids, next } = await look(db, tenant, filter, cursor)
  const deliveries: Delivery[] = []
  for (let at = 0; at < ids.length; at += limit) {
    const found = await Promise.all(ids.slice(at, at + limit).map((id) => readDelivery(db, tenant, id)))
    for (const [index, delivery] of found.entries()) {
      if (!delivery || !fits(delivery, filter)) continue
      deliveries.push(delivery)
      const isLast = at + index === ids.length - 1 && next === null
      if (deliveries.length === limit) return { deliveries, nextCursor: isLast ? null : writeCursor(delivery) }
    }
  }
  return { deliveries, nextCursor: next }
}

/** Makes a delivery once more, its schedule from the beginning; one that waits for its next try is tried at once. */
export async function redeliver (db: Db, tenant: string, id: string): Promise<{ type: Redelivered }> {
  if (!isDeliveryId(id)) return { type: 'missing' }
  return { type: String(await runMove(db, REDELIVER, id, [tenant])) as Redelivered } // redeliver.lua has these
}

/** Makes the deliveries of one page once more: those that were given up, unless told otherwise. `skipped` could not be. The cursor leads to the next page. */
export async function redeliverMany (db: Db, tenant: string, filter: DeliveryFilter & PageOptions): Promise<{ redelivered: number, skipped: number, nextCursor: string | null }> {
  const { deliveries, nextCursor } = await listDeliveries(db, tenant, { ...filter, status: filter.status ?? 'dead' })
  const answers = await Promise.all(deliveries.map(({ id }) => redeliver(db, tenant, id)))
  const redelivered = answers.filter(({ type }) => type === 'redelivered').length
  return { redelivered, skipped: answers.length - redelivered, nextCursor }
}

/** Has an endpoint be sent something that tells of nothing; answers the delivery's id, undefined where there is no such endpoint. What is owed to one that is disabled waits. */
export async function testEndpoint (db: Db, tenant: string, id: string): Promise<string | undefined> {
  if (!isId('webhook', id)) return undefined
  const delivery = await runMove(db, TEST, NO_JOB, [tenant, id])
  return delivery === null ? undefined : String(delivery)
}

/** Gives up deliveries that are older than all their tries take, and removes those that were long enough in the log; at most so many. Answers how many. */
export async function expireDeliveries (db: Db, limit: number): Promise<number> {
  return Number(await runMove(db, EXPIRE, NO_JOB, [limit]))
}

/** The next ids after a cursor, newest first, and where to go on after them. */
async function look (db: Db, tenant: string, filter: DeliveryFilter, cursor: string | undefined): Promise<{ ids: string[], next: string | null }> {
  const index = db.keys.deliveries(tenant, filter.status)
  const first = await findStart(db, index, filter, cursor)
  const flat = await db.redis.zrevrange(index, first, first + LOOKED_AT - 1, 'WITHSCORES')
  const entries = flat.flatMap((id, at) => at % 2 === 0 ? [{ id, createdAt: Number(flat[at + 1]) }] : []).filter(({ createdAt }) => createdAt >= (filter.since ?? 0))
  const last = entries.at(-1)
  return { ids: entries.map(({ id }) => id), next: entries.length < LOOKED_AT || !last ? null : writeCursor(last) }
}

async function findStart ({ redis }: Db, index: string, { until }: DeliveryFilter, cursor: string | undefined): Promise<number> {
  const [, time, id] = CURSOR.exec(cursor ?? '') ?? []
  if (time === undefined || id === undefined) return until === undefined ? 0 : redis.zcount(index, until, '+inf')
  // The one that the cursor names may have been removed, or be in another state by now.
  return await redis.zrevrank(index, id).then((rank) => rank === null ? undefined : rank + 1) ?? redis.zcount(index, time, '+inf')
}

function fits (delivery: Delivery, { status, target, type, subject }: DeliveryFilter): boolean {
  return (status ?? delivery.status) === delivery.status && (target ?? delivery.target) === delivery.target &&
    (type ?? delivery.type) === delivery.type && (subject ?? delivery.subject) === delivery.subject
}

function writeCursor ({ id, createdAt }: Pick<Delivery, 'id' | 'createdAt'>): string {
  return `${createdAt}-${id}`
}
