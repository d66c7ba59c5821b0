import type { FailureCode } from '../../core/failures.ts'
import { DELAY_MAX_MS } from '../../core/job-request.ts'
import { itemId } from '../../core/ids.ts'
import type { StoredPayload } from '../codec.ts'
import type { Db } from '../db.ts'
import { readDeals, type DispatchRef } from '../deals.ts'
import type { Idempotency } from '../moves/accept.ts'
import type { JobTemplate } from '../moves/new-job.ts'
import { readText } from '../moves/reply.ts'
import { loadMove, runMove } from '../script.ts'
import { placeOf, sealJson, sealPacked, sealPayload } from '../sealing.ts'
import { readReachedBound, writeRoomBounds, type ReachedBound, type RoomBounds } from '../tenant-room.ts'

/** Why an item became no job. */
export interface Refusal {
  code: FailureCode
  message: string
}

/** One item as it is added: a job to be, with the id of the file that its input is, if it is one; or why it is none. */
export type NewItem =
  | { type: 'job', template: JobTemplate, input: StoredPayload, file?: string | undefined, idempotency?: Idempotency, replayOf?: string }
  | { type: 'refused', refusal: Refusal }

/** Items that follow one another. */
export interface Chunk {
  tenant: string
  /** Index of the first. */
  first: number
  items: readonly NewItem[]
  /** Stands for everything that was posted up to the last of them; the same again has the same. */
  digest: string
  traceparent: string | null
  /** None of the items is taken where the tenant has reached one of them, or would with them. */
  bounds?: RoomBounds
}

/**
 * `had`: they were added before. `mismatch`: something else was. `lost`: Redis has lost those before them. `sealed` and `cancelled`: the batch takes no more items. Nothing is written but for `added`, with
 * messages that the caller is to send.
 */
export type Added = { type: 'added', deals: DispatchRef[] } | { type: 'full' } & ReachedBound | { type: 'had' | 'mismatch' | 'lost' | 'sealed' | 'cancelled' | 'missing' }

/** Items in one script: each takes Redis 50 to 110 µs, in which it does nothing else. */
export const CHUNK_ITEMS = 100

const SCRIPT = loadMove(new URL('add-items.lua', import.meta.url))
const LATE: Refusal = { code: 'INVALID', message: 'Cannot take the item: runAt is more than a year ahead' }
const MISMATCH: Refusal = { code: 'IDEMPOTENCY_MISMATCH', message: 'Cannot take the item: its idempotencyKey was used with another job' }

/** Adds a chunk of at most `CHUNK_ITEMS` items to a batch: all of them, once. */
export async function addItems (db: Db, batchId: string, { tenant, first, items, digest, traceparent, bounds = {} }: Chunk): Promise<Added> {
  const templates = [...new Set(items.flatMap((item) => item.type === 'job' ? [item.template] : []))]
  const numbers = new Map(templates.map((template, index) => [template, index + 1]))
  const reply = await runMove(db, SCRIPT, batchId, [
    tenant, first, items.length, digest, traceparent ?? '', DELAY_MAX_MS, JSON.stringify(LATE), JSON.stringify(MISMATCH), templates.length, writeRoomBounds(bounds),
    ...templates.flatMap(({ spec, codeHash, code, bounds, delayMs, ttlMs, runAtMs, level, hook, tags, version }) => [
      spec, codeHash, sealPacked(db, code, placeOf('code', tenant, codeHash)), bounds, delayMs, ttlMs, runAtMs, level, hook, tags, version,
    ]),
    ...items.flatMap((item, at) => {
      if (item.type === 'refused') return [0, sealJson(db, JSON.stringify(item.refusal), placeOf('exception', tenant, batchId, first + at), { code: item.refusal.code }), '', '', '', '', '', '']
      const { template, idempotency, replayOf = '', file = '' } = item
      const id = itemId(batchId, first + at)
      const input = sealPayload(db, item.input, placeOf('input', tenant, id))
      const spec = db.cipher.keyIds.length === 0 ? '' : sealJson(db, template.spec, placeOf('spec', tenant, id)) // bound to its job, it is another for each
      return [
        numbers.get(template) ?? 0, input.field, input.body ?? '',
        idempotency ? db.keys.idempotency(tenant, idempotency.key) : '', idempotency ? `${idempotency.bodyHash} ${idempotency.ttlMs}` : '', replayOf, spec, file,
      ]
    }),
  ])
  const type = readText(reply, 0) as Added['type'] // add-items.lua has these eight
  if (type === 'full') return { type, ...readReachedBound(reply) }
  return type === 'added' ? { type, deals: readDeals(reply, 1) } : { type }
}
