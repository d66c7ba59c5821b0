import { JobError } from '../../core/failures.ts'
import type { JobSpec } from '../../core/job-request.ts'
import type { StoredPayload } from '../codec.ts'
import type { Db } from '../db.ts'
import { levelOf, readDeals, type DispatchRef } from '../deals.ts'
import { loadMove, runMove } from '../script.ts'
import { buildHook } from '../webhooks/hook.ts'
import { readReachedBound, writeRoomBounds, type ReachedBound } from '../tenant-room.ts'
import type { NewJob } from './accept.ts'
import { placeOf, sealJson, sealPayload } from '../sealing.ts'
import { readStoredInput } from '../stored-input.ts'
import { digestTags } from '../tags.ts'
import { buildBounds, versionOf } from './new-job.ts'
import { readText } from './reply.ts'

/** A job with the code and the input of another of the tenant's, which has ended. It is due at once. */
export interface NewReplay extends Omit<NewJob, 'request'> {
  /** Id of the other. */
  source: string
  spec: JobSpec
  /** Also where the other was replayed before. */
  again: boolean
  /** The order that it is a part of: that one makes no second job of the same one. */
  sweepId?: string
}

/**
 * `deals` are messages that the caller is to send, of this job or of others. `repeated` names the job that the idempotency key was first used for. `missing`: the
 * tenant has no such job. `replayed` names the job that was made of it before, and the order that had it made, if any. `incomplete`: its code or its input is
 * gone. `fileless`: the file is that its input was. `unreadable`: its input cannot be decrypted. `stopped`: the order is no longer under way. Nothing is written but for `made`.
 */
export type Replayed =
  | { type: 'made', deals: DispatchRef[] }
  | { type: 'repeated', jobId: string }
  | { type: 'replayed', jobId: string, sweepId: string | null }
  | { type: 'full' } & ReachedBound
  | { type: 'unreadable', error: JobError }
  | { type: 'fileless', fileId: string }
  | { type: 'mismatch' | 'missing' | 'unfinished' | 'stopped' | 'incomplete' }

const SCRIPT = loadMove(new URL('replay.lua', import.meta.url))

/** Makes a job of another, and notes that in the other: one is never without the other. Made again under the same id, it changes nothing. */
export async function replay (db: Db, { id, tenant, source, spec, again, sweepId, traceparent, idempotency, bounds = {} }: NewReplay): Promise<Replayed> {
  const input = await bindInput(db, { id, tenant, source })
  if (input instanceof JobError) return { type: 'unreadable', error: input }
  const reply = await runMove(db, SCRIPT, id, [
    tenant, source, sealJson(db, JSON.stringify(spec), placeOf('spec', tenant, id)), buildBounds(spec), levelOf(spec.priority), spec.ttlMs ?? 0, traceparent ?? '', again ? 1 : 0, sweepId ?? '',
    idempotency ? db.keys.idempotency(tenant, idempotency.key) : '', idempotency?.bodyHash ?? '', idempotency?.ttlMs ?? 0, writeRoomBounds(bounds), input?.field ?? '', input?.body ?? '', buildHook(spec.webhook), digestTags(spec.tags), versionOf(spec),
  ])
  const type = readText(reply, 0) as Exclude<Replayed['type'], 'unreadable'> | 'sealed' // replay.lua has these
  switch (type) {
    case 'sealed': return { type: 'unreadable', error: unreadable(source, 'it is encrypted, and BATCHBOX_ENCRYPTION_KEYS is empty here') }
    case 'made': return { type, deals: readDeals(reply, 1) }
    case 'repeated': return { type, jobId: readText(reply, 1) }
    case 'replayed': return { type, jobId: readText(reply, 1), sweepId: readText(reply, 2) || null }
    case 'full': return { type, ...readReachedBound(reply) }
    case 'fileless': return { type, fileId: readText(reply, 1) }
    default: return { type }
  }
}

/** An encrypted input is bound to its job: the new job's is encrypted anew. What is not encrypted is copied where it is. */
async function bindInput (db: Db, { id, tenant, source }: Pick<NewReplay, 'id' | 'tenant' | 'source'>): Promise<StoredPayload | undefined | JobError> {
  if (db.cipher.keyIds.length === 0) return undefined
  try {
    const input = await readStoredInput(db, tenant, source)
    return input && sealPayload(db, input, placeOf('input', tenant, id))
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    return unreadable(source, error.message)
  }
}

function unreadable (id: string, why: string): JobError {
  return new JobError('UNAVAILABLE', `Cannot replay job "${id}": its input cannot be read. ${why}`)
}
