import { JobError } from '../../core/failures.ts'
import type { WebhookType } from '../../core/webhook.ts'
import type { Db } from '../db.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { formatPosition, parsePosition, readIndex, type Position } from '../walk.ts'
import { isDeliveryId, parseDelivery, type Delivery, type DeliveryStatus } from './delivery.ts'

/** Deliveries looked at by one call, however few of them match; the cursor goes on from there. */
const SCAN = 2000
const PAGE = 200

/** Which deliveries: those that fit all members. */
export interface DeliveryFilter {
  status?: DeliveryStatus | undefined
  /** Id of an endpoint, or `own`. */
  target?: string | undefined
  type?: WebhookType | undefined
  /** Id of a job, a batch or an endpoint. */
  subject?: string | undefined
  /** Milliseconds of the Unix epoch, both included. */
  since?: number | undefined
  until?: number | undefined
}

interface Page {
  limit: number
  cursor?: string | undefined
}

/** What became of the wish to have a delivery made once more. `pending`: a try of it is under way, or about to be. `deleted`: its endpoint was, or is disabled. `removed`: its job or batch was. `full`: the tenant has too much undelivered. */
export type Redelivered = 'redelivered' | 'missing' | 'pending' | 'deleted' | 'removed' | 'full'

const EXPIRE = loadMove(new URL('expire.lua', import.meta.url))
const REDELIVER = loadMove(new URL('redeliver.lua', import.meta.url))

/** Reads a tenant's delivery with all its tries; undefined for another tenant's. */
export async function readDelivery (db: Db, tenant: string, id: string): Promise<Delivery | undefined> {
  if (!isDeliveryId(id)) return undefined
  const delivery = parseDelivery(db, id, await db.redis.hgetall(db.keys.delivery(id)))
  return delivery?.tenant === tenant ? delivery : undefined
}

/** Lists a tenant's deliveries, newest first. Status, subject and time are looked up, the others matched in a bounded scan: a page that is short, or empty, may have a cursor. */
export async function listDeliveries (db: Db, tenant: string, { limit, cursor, ...filter }: DeliveryFilter & Page): Promise<{ deliveries: Delivery[], nextCursor: string | null }> {
  const { ids, nextCursor } = await findIds(db, tenant, filter, { limit, cursor })
  const deliveries = await Promise.all(ids.map((id) => readDelivery(db, tenant, id)))
  return { deliveries: deliveries.filter((delivery) => delivery !== undefined), nextCursor }
}

/** Has a delivery be made once more, its schedule from the beginning; one that waits for its next try is tried at once. */
export async function redeliver (db: Db, tenant: string, id: string): Promise<Redelivered> {
  return String(await runMove(db, REDELIVER, id, [tenant])) as Redelivered // redeliver.lua has these
}

/** Has many be made once more, newest first, up to the limit; stops where the tenant has too much undelivered. Where there is a cursor, the same filter finds others from there. */
export async function redeliverMany (db: Db, tenant: string, { limit, cursor, ...filter }: DeliveryFilter & Page): Promise<{ redelivered: number, skipped: number, isFull: boolean, nextCursor: string | null }> {
  const { ids, nextCursor, before } = await findIds(db, tenant, filter, { limit, cursor })
  let redelivered = 0
  for (const [index, id] of ids.entries()) {
    const done = await redeliver(db, tenant, id)
    if (done === 'full') return { redelivered, skipped: index - redelivered, isFull: true, nextCursor: before(id) }
    if (done === 'redelivered') redelivered += 1
  }
  return { redelivered, skipped: ids.length - redelivered, isFull: false, nextCursor }
}

/** Gives up deliveries that are older than all their tries take, and removes those that were long enough in the log; at most so many. Answers how many. */
export async function expireDeliveries (db: Db, limit: number): Promise<number> {
  return Number(await runMove(db, EXPIRE, NO_JOB, [limit]))
}

interface Found {
  ids: string[]
  nextCursor: string | null
  /** The cursor of a page that begins with that one of the ids. */
  before (id: string): string | null
}

async function findIds (db: Db, tenant: string, filter: DeliveryFilter, { limit, cursor }: Page): Promise<Found> {
  const { status, subject, since, until } = filter
  const start = parseCursor(cursor)
  const own = subject === undefined ? undefined : await readOwn(db, subject)
  const found: Position[] = []
  const answer = (at: Position | undefined): Found => ({
    ids: found.map(({ id }) => id),
    nextCursor: at ? formatCursor(at) : null,
    before: (id) => formatCursor(found[found.findIndex((each) => each.id === id) - 1] ?? start),
  })
  let at = start
  for (let scanned = 0; scanned < SCAN; scanned += PAGE) {
    const { positions, isLast } = own ? pageOf(own, { since, until, at }) : await readIndex(db, db.keys.deliveries(tenant, status), { since, until, at, count: PAGE })
    const fitting = await Promise.all(positions.map(({ id }) => fits(db, { tenant, id }, filter)))
    const wanted = positions.filter((_, index) => fitting[index])
    const taken = wanted.slice(0, limit - found.length)
    found.push(...taken)
    if (taken.length < wanted.length || (found.length === limit && !isLast)) return answer(found.at(-1))
    if (isLast) return answer(undefined)
    at = positions.at(-1) ?? at
  }
  return answer(at)
}

/** Those of one job or batch, newest first: as many as it had events, for each target. */
async function readOwn ({ redis, keys }: Db, subject: string): Promise<Position[]> {
  const ids = await redis.smembers(keys.hooked(subject))
  const times = await Promise.all(ids.map((id) => redis.hget(keys.delivery(id), 'createdAt')))
  return ids.map((id, index) => ({ id, createdAt: Number(times[index]) })).sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
}

function pageOf (own: readonly Position[], { since = -Infinity, until = Infinity, at }: { since?: number | undefined, until?: number | undefined, at: Position | undefined }): { positions: Position[], isLast: boolean } {
  const rest = own.filter(({ createdAt, id }) => createdAt >= since && createdAt <= until && (!at || createdAt < at.createdAt || (createdAt === at.createdAt && id < at.id)))
  return { positions: rest.slice(0, PAGE), isLast: rest.length <= PAGE }
}

async function fits ({ redis, keys }: Db, { tenant, id }: { tenant: string, id: string }, { status, target, type, subject }: DeliveryFilter): Promise<boolean> {
  if (target === undefined && type === undefined && subject === undefined) return true
  const [owner, itsStatus, itsTarget, itsType] = await redis.hmget(keys.delivery(id), 'tenant', 'status', 'target', 'type')
  return owner === tenant && (status === undefined || status === itsStatus) && (target === undefined || target === itsTarget) && (type === undefined || type === itsType)
}

function formatCursor (position: Position | undefined): string | null {
  return position ? Buffer.from(formatPosition(position)).toString('base64url') : null
}

function parseCursor (cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined
  const position = parsePosition(Buffer.from(cursor, 'base64url').toString())
  if (!position) throw new JobError('INVALID', 'Cannot list deliveries: the cursor is not one that a list answered with')
  return position
}
