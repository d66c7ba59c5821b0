import type { BatchCounts, BatchStatus } from '../../core/batch.ts'
import { JobError } from '../../core/failures.ts'
import { itemId, timeOfId } from '../../core/ids.ts'
import { JobStatus } from '../../core/status.ts'
import type { BatchWebhook } from '../../core/webhook.ts'
import type { Place } from '../cipher.ts'
import type { Db } from '../db.ts'
import { openJson, placeOf } from '../sealing.ts'
import type { Refusal } from './add-items.ts'

/** Versions of the record that this code reads. 2 is the shards of a job; others are written as 1. */
const RECORD_VERSIONS: readonly (string | undefined)[] = ['1', '2']
/** Items looked up at one time. */
const STEP = 1000

/** A batch as it is stored. Times in milliseconds of Redis's clock. */
export interface BatchRecord {
  id: string
  tenant: string
  status: BatchStatus
  total: number
  counts: BatchCounts
  incomplete: boolean
  /** Number of the batch's last event. */
  sequence: number
  createdAt: number
  finishedAt: number | null
  expiresAt: number | null
  replayOf: string | null
  /** The job that its items are shards of. */
  shardsOf: string | null
  /** Is told of its end. Null also where it cannot be decrypted, and then `unreadable` says why. */
  webhook: BatchWebhook | null
  unreadable: JobError | null
}

/** An item that is no job of the batch: why it is none, or the job that it repeats. */
export type Exception = { type: 'refused', refusal: Refusal } | { type: 'repeated', jobId: string }

/** Reads a tenant's batch; undefined for another tenant's. */
export async function readBatch (db: Db, tenant: string, batchId: string): Promise<BatchRecord | undefined> {
  const fields = await db.redis.hgetall(db.keys.batch(batchId))
  return fields['tenant'] === tenant ? parseBatch(db, batchId, fields) : undefined
}

function parseBatch (db: Db, id: string, fields: Record<string, string>): BatchRecord {
  if (!RECORD_VERSIONS.includes(fields['v'])) throw new JobError('UNAVAILABLE', `Cannot read batch "${id}": a newer version of the service wrote it (version ${fields['v']}, and this process knows ${RECORD_VERSIONS.join(' and ')}); ask again, another process may know it`)
  const time = (name: string) => fields[name] ? Number(fields[name]) : null
  const counted = ['refused', 'repeated', ...JobStatus.options].map((name) => [name, Number(fields[`n:${name}`] ?? 0)])
  return {
    id,
    tenant: fields['tenant'] ?? '',
    status: statusOf(fields),
    total: Number(fields['total']),
    counts: Object.fromEntries(counted) as BatchCounts, // these are its members
    incomplete: fields['incomplete'] === '1',
    sequence: Number(fields['seq'] ?? 0),
    createdAt: Number(fields['createdAt']),
    finishedAt: time('finishedAt'),
    expiresAt: time('expiresAt'),
    replayOf: fields['replayOf'] ?? null,
    shardsOf: fields['parent'] ?? null,
    ...readWebhook(db, id, fields),
  }
}

/** openBatch wrote it. A batch can be used without it. */
function readWebhook (db: Db, id: string, { webhook, tenant = '' }: Record<string, string>): Pick<BatchRecord, 'webhook' | 'unreadable'> {
  if (!webhook) return { webhook: null, unreadable: null }
  try {
    return { webhook: openJson(db, webhook, placeOf('webhook', tenant, id)) as BatchWebhook, unreadable: null }
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    return { webhook: null, unreadable: error }
  }
}

function statusOf (fields: Record<string, string>): BatchStatus {
  if (fields['finishedAt']) return fields['cancel'] ? 'cancelled' : 'completed'
  if (fields['cancel']) return 'cancelling'
  return fields['sealedAt'] ? 'running' : 'open'
}

export interface BatchPage {
  batches: BatchRecord[]
  nextCursor: string | null
}

/** Lists a tenant's batches, newest first. The cursor is the id of the last one seen. */
export async function listBatches (db: Db, tenant: string, { limit, cursor }: { limit: number, cursor?: string | undefined }): Promise<BatchPage> {
  const index = db.keys.batches(tenant)
  const rank = cursor === undefined ? null : await db.redis.zrevrank(index, cursor)
  // The one that the cursor names may have been removed: those made before it have the lesser times, which ids tell.
  const ids = cursor !== undefined && rank === null
    ? await db.redis.zrevrangebyscore(index, `(${timeOfId(cursor)}`, '-inf', 'LIMIT', 0, limit + 1)
    : await db.redis.zrevrange(index, rank === null ? 0 : rank + 1, (rank === null ? 0 : rank + 1) + limit)
  const records = await Promise.all(ids.slice(0, limit).map((id) => readBatch(db, tenant, id)))
  return { batches: records.filter((batch) => batch !== undefined), nextCursor: ids.length > limit ? ids[limit - 1] ?? null : null }
}

/** Reads which of the items from that index on are no jobs of the batch, by index; at most that many items are looked at. */
export async function readExceptions (db: Db, { id, tenant }: Pick<BatchRecord, 'id' | 'tenant'>, from: number, count: number): Promise<Map<number, Exception>> {
  const exceptions = new Map<number, Exception>()
  if (count <= 0) return exceptions
  const values = await db.redis.hmget(db.keys.exceptions(id), ...Array.from({ length: count }, (_, at) => String(from + at)))
  values.forEach((value, at) => { if (value !== null) exceptions.set(from + at, parseException(db, value, placeOf('exception', tenant, id, from + at))) })
  return exceptions
}

/** Reads the first items that are no jobs of the batch, in order. */
export async function readFirstExceptions (db: Db, batch: BatchRecord, limit: number): Promise<Map<number, Exception>> {
  const { total, counts } = batch
  const first = new Map<number, Exception>()
  const all = Math.min(limit, counts.refused + counts.repeated)
  for (let from = 0; first.size < all && from < total; from += STEP) {
    for (const [index, exception] of await readExceptions(db, batch, from, Math.min(STEP, total - from))) {
      if (first.size < all) first.set(index, exception)
    }
  }
  return first
}

/** Ids of a batch's jobs, from the newest on, from below that index. */
export function itemIdsBelow (batchId: string, below: number, count: number): string[] {
  return Array.from({ length: Math.max(0, Math.min(count, below)) }, (_, at) => itemId(batchId, below - 1 - at))
}

/** add-items.lua wrote it: JSON of ours, or an id. Why an item was refused may not be readable, which keeps nothing from the others. */
function parseException (db: Db, value: string, place: Place): Exception {
  if (!value.startsWith('{')) return { type: 'repeated', jobId: value }
  try {
    return { type: 'refused', refusal: openJson(db, value, place) as Refusal }
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    const { code } = JSON.parse(value) as Pick<Refusal, 'code'> // which is not encrypted
    return { type: 'refused', refusal: { code, message: error.message } }
  }
}
