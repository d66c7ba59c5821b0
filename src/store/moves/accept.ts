import { DELAY_MAX_MS, type JobRequest } from '../../core/job-request.ts'
import { readHeldFile } from '../files/file-record.ts'
import { packPayload } from '../codec.ts'
import type { Db } from '../db.ts'
import { readDeals, type DispatchRef } from '../deals.ts'
import { loadMove, runMove } from '../script.ts'
import { placeOf, sealJson, sealPacked, sealPayload } from '../sealing.ts'
import { buildTemplate } from './new-job.ts'
import { readNumber, readText } from './reply.ts'
import { readReachedBound, writeRoomBounds, type ReachedBound, type RoomBounds } from '../tenant-room.ts'

/** What one `Idempotency-Key` stands for: the first job that used it, bound to a hash of that request's body (hexadecimal). */
export interface Idempotency {
  key: string
  bodyHash: string
  ttlMs: number
}

export interface NewJob {
  id: string
  tenant: string
  request: JobRequest
  traceparent: string | null
  idempotency?: Idempotency
  /** No job is taken where the tenant has reached one of them. */
  bounds?: RoomBounds
}

/**
 * `deals` are messages that the caller is to send, of this job or of others. `repeated` names the job that the key was first used for. Nothing is written then, nor
 * for `mismatch`, nor for `late`: a job that is to run too far ahead, nor for `full`, which says which bound the tenant has reached.
 */
export type Accepted =
  | { type: 'accepted', createdAt: number, runAtMs: number, deals: DispatchRef[] }
  | { type: 'repeated', jobId: string }
  | { type: 'mismatch' }
  | { type: 'late' }
  | { type: 'full' } & ReachedBound

const SCRIPT = loadMove(new URL('accept.lua', import.meta.url))

/**
 * Creates the record of a job, with its code (once per tenant) and input, its first event, and the dispatch that is owed.
 * Accepting the same id again changes nothing.
 */
export async function accept (db: Db, job: NewJob): Promise<Accepted> {
  const { id, tenant, request, traceparent, idempotency, bounds = {} } = job
  const [template, packed] = await Promise.all([buildTemplate(request), packPayload(JSON.stringify(request.input) ?? 'null')])
  const input = sealPayload(db, packed, placeOf('input', tenant, id))
  const reply = await runMove(db, SCRIPT, id, [
    tenant, sealJson(db, template.spec, placeOf('spec', tenant, id)), template.codeHash, sealPacked(db, template.code, placeOf('code', tenant, template.codeHash)), input.field, input.body ?? '',
    template.bounds, traceparent ?? '', template.delayMs, template.ttlMs,
    idempotency ? db.keys.idempotency(tenant, idempotency.key) : '', idempotency?.bodyHash ?? '', idempotency?.ttlMs ?? 0,
    template.runAtMs, DELAY_MAX_MS, template.level, writeRoomBounds(bounds), template.hook, template.tags, readHeldFile(request.input), template.version,
  ])
  const type = readText(reply, 0) as Accepted['type'] // accept.lua has these five
  if (type === 'accepted') return { type, createdAt: readNumber(reply, 1), runAtMs: readNumber(reply, 2), deals: readDeals(reply, 3) }
  if (type === 'repeated') return { type, jobId: readText(reply, 1) }
  if (type === 'full') return { type, ...readReachedBound(reply) }
  return { type }
}
