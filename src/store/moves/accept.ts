import { DELAY_MAX_MS, type JobRequest } from '../../core/job-request.ts'
import { packPayload } from '../codec.ts'
import type { Db } from '../db.ts'
import { readDeals, type DispatchRef } from '../deals.ts'
import { loadMove, runMove, type Reply } from '../script.ts'
import { buildTemplate } from './new-job.ts'
import { readNumber, readText } from './reply.ts'

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
  /** No job is taken while so many of the tenant wait: queued or scheduled. Any number, without it. */
  maxWaiting?: number
}

/** So many jobs of the tenant wait that no more may; `bound` is the tenant's own, where that is why. */
export interface Full {
  type: 'full'
  waiting: number
  bound: number | null
}

/**
 * `deals` are messages that the caller is to send, of this job or of others. `repeated` names the job that the key was first used for. Nothing is written then, nor
 * for `mismatch`, nor for `late`: a job that is to run too far ahead, nor for `full`.
 */
export type Accepted =
  | { type: 'accepted', createdAt: number, runAtMs: number, deals: DispatchRef[] }
  | { type: 'repeated', jobId: string }
  | { type: 'mismatch' }
  | { type: 'late' }
  | Full

const SCRIPT = loadMove(new URL('accept.lua', import.meta.url))

/**
 * Creates the record of a job, with its code (once per tenant) and input, its first event, and the dispatch that is owed.
 * Accepting the same id again changes nothing.
 */
export async function accept (db: Db, job: NewJob): Promise<Accepted> {
  const { id, tenant, request, traceparent, idempotency, maxWaiting } = job
  const [template, input] = await Promise.all([buildTemplate(request), packPayload(JSON.stringify(request.input) ?? 'null')])
  const reply = await runMove(db, SCRIPT, id, [
    tenant, template.spec, template.codeHash, template.code, input.field, input.body ?? '',
    template.bounds, traceparent ?? '', template.delayMs, template.ttlMs,
    idempotency ? db.keys.idempotency(tenant, idempotency.key) : '', idempotency?.bodyHash ?? '', idempotency?.ttlMs ?? 0,
    template.runAtMs, DELAY_MAX_MS, template.level, maxWaiting ?? '',
  ])
  const type = readText(reply, 0) as Accepted['type'] // accept.lua has these five
  if (type === 'accepted') return { type, createdAt: readNumber(reply, 1), runAtMs: readNumber(reply, 2), deals: readDeals(reply, 3) }
  if (type === 'repeated') return { type, jobId: readText(reply, 1) }
  if (type === 'full') return readFull(reply)
  return { type }
}

/** Reads what `refuse_more` in `job.lua` answers. */
export function readFull (reply: Reply): Full {
  const bound = readNumber(reply, 2)
  return { type: 'full', waiting: readNumber(reply, 1), bound: bound < 0 ? null : bound }
}
