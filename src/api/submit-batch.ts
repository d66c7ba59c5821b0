import type { Span } from '@opentelemetry/api'
import { JobError } from '../core/failures.ts'
import { newId } from '../core/ids.ts'
import { unreachable } from '../core/unreachable.ts'
import { addItems, CHUNK_ITEMS, type Added, type NewItem } from '../store/batches/add-items.ts'
import { openBatch, type Opened } from '../store/batches/open.ts'
import { sealBatch } from '../store/batches/seal.ts'
import { traceparentOf } from '../telemetry/spans.ts'
import type { Caller } from './access.ts'
import type { ItemSource } from './batch-items.ts'
import { confirm } from './confirm.ts'
import type { JobService } from './job-service.ts'
import type { RequestIdempotency } from './plugins/idempotency.ts'
import { dispatch } from './submit-job.ts'
import { boundsOf, describeFull } from './tenant-full.ts'

export interface BatchSubmission {
  caller: Pick<Caller, 'tenant' | 'bounds'>
  source: ItemSource
  /** Span of the request that submits: all items join its trace. */
  span: Span
  idempotency: RequestIdempotency | undefined
  replayOf?: string
}

interface PendingChunk {
  first: number
  items: NewItem[]
  digest: string
  /** More items follow than a batch may have. */
  isCut: boolean
}

type Opening = Extract<Opened, { type: 'opened' }>

/** A chunk of so many bytes is full, however few items it has. */
const CHUNK_BYTES = 524_288

/**
 * Adds items to a batch as they come, chunk by chunk, and seals it; answers its id. While one chunk is stored the next is read, and no more than that.
 * With an idempotency key that was used before it goes on where the first request ended, and adds nothing twice: what was added is compared by its digest.
 * Throws IDEMPOTENCY_MISMATCH where something else was, CANCELLED or GONE for a batch that was cancelled, given up or removed meanwhile, INPUT_TOO_LARGE for
 * more items than a batch may have, RATE_LIMITED where more jobs would wait than may (the same request goes on when some have run), INVALID for none, and for another number than was announced.
 */
export async function submitBatch (jobs: JobService, submission: BatchSubmission): Promise<string> {
  const { caller: { tenant }, source } = submission
  const { maxItems } = jobs.batches
  let batch: Opening | undefined
  let last = { total: 0, digest: '', isCut: false }
  let storing: Promise<void> = Promise.resolve()
  for await (const chunk of readChunks(source, maxItems)) {
    batch ??= await open(jobs, submission)
    await storing
    storing = store(jobs, batch, chunk, submission)
    storing.catch(() => {}) // awaited when the next chunk is there
    last = { total: chunk.first + chunk.items.length, digest: chunk.digest, isCut: chunk.isCut }
  }
  await storing
  const { total, digest, isCut } = last
  if (!batch) throw new JobError('INVALID', 'Cannot take the batch: it has no items')
  const { id } = batch
  const sealed = await sealBatch(jobs.db, id, { tenant, total, digest })
  if (sealed !== 'sealed') refuse(batch, sealed, total)
  const stored = jobs.db.keys.batch(id)
  await confirm(jobs, 'request', async (redis) => await redis.hexists(stored, 'sealedAt') === 1)
  if (isCut) throw new JobError('INPUT_TOO_LARGE', `Cannot take all items: a batch has at most ${maxItems}; the first of them are batch "${id}", send the others as another batch`)
  return id
}

async function open (jobs: JobService, { caller, source: { webhook }, idempotency, replayOf }: BatchSubmission): Promise<Opening> {
  const opened = await openBatch(jobs.db, {
    id: newId('batch'),
    tenant: caller.tenant,
    retentionMs: jobs.retentionMs,
    bounds: boundsOf(caller, jobs),
    ...(replayOf === undefined ? {} : { replayOf }),
    ...(webhook ? { webhook } : {}),
    ...(idempotency ? { idempotency: { ...idempotency, ttlMs: jobs.idempotencyMs } } : {}),
  })
  if (opened.type === 'full') throw describeFull('Cannot make the batch', opened, caller, jobs)
  if (opened.type === 'mismatch') throw new JobError('IDEMPOTENCY_MISMATCH', 'Cannot take the batch: its Idempotency-Key was used with another body')
  return opened
}

/** The same items make the same chunks, however they come: a repeat meets the ends of the chunks that were stored. */
async function * readChunks ({ items, digest, total }: ItemSource, maxItems: number): AsyncGenerator<PendingChunk> {
  let first = 0
  let chunk: NewItem[] = []
  let bytes = 0
  let full: PendingChunk | undefined
  for await (const { item, bytes: more } of items) {
    if (full) yield { ...full, isCut: full.first + full.items.length === maxItems }
    if (first === maxItems) return
    full = undefined
    chunk.push(item)
    bytes += more
    if (chunk.length < CHUNK_ITEMS && bytes < CHUNK_BYTES && first + chunk.length < maxItems) continue
    full = { first, items: chunk, digest: digest(), isCut: false }
    first += chunk.length
    chunk = []
    bytes = 0
  }
  if (full) yield full
  // What came last is left out, since the same items sent again would not end a chunk here.
  const came = first + chunk.length
  if (total !== undefined && total !== came) throw new JobError('INVALID', `Cannot close the batch: ${came} items came, its head announces ${total}; send it again with the same Idempotency-Key to add the others`)
  if (chunk.length > 0) yield { first, items: chunk, digest: digest(), isCut: false }
}

async function store (jobs: JobService, batch: Opening, { first, items, digest }: PendingChunk, { caller, span }: BatchSubmission): Promise<void> {
  await jobs.checkRoom()
  const added = await addItems(jobs.db, batch.id, { tenant: caller.tenant, first, items, digest, traceparent: traceparentOf(span), bounds: boundsOf(caller, jobs) })
  if (added.type === 'had') return
  if (added.type === 'full') throw describeFull(`Cannot add items to batch "${batch.id}", which has ${first}`, added, caller, jobs)
  if (added.type !== 'added') return refuse(batch, added.type, first)
  await dispatch(jobs, added.deals)
}

function refuse ({ id, isNew }: Opening, reason: Exclude<Added['type'], 'added' | 'had' | 'full'>, items: number): never {
  const why = reason === 'missing' && (isNew || items > 0) ? 'lost' : reason // what this very request has stored before is gone
  switch (why) {
    case 'lost': throw new JobError('UNAVAILABLE', `Cannot add items to batch "${id}": Redis has lost some of them; send it again with the same Idempotency-Key`)
    case 'mismatch': throw new JobError('IDEMPOTENCY_MISMATCH', 'Cannot take the batch: its Idempotency-Key was used with other items')
    case 'cancelled': throw new JobError('CANCELLED', `Cannot add items to batch "${id}": it was cancelled when it had ${items}`)
    case 'sealed': throw new JobError('GONE', `Cannot add items to batch "${id}": nothing came for so long that it was closed with ${items}; send the others as another batch`)
    case 'missing': throw new JobError('GONE', `Cannot add items to batch "${id}": it was removed after its retention passed`)
    default: return unreachable(why)
  }
}
