import type { JobStatus } from '../../core/status.ts'
import { stopAllItems } from '../batches/cancel.ts'
import type { Db } from '../db.ts'
import { newerRecord } from '../job-record.ts'
import { loadMove, runMove } from '../script.ts'
import { readText } from './reply.ts'
import { CANCELLED_FAILURE } from './verdicts.ts'

/** `asked`: it is running, its worker was told and will settle; or its shards are, and it ends after them. `ended`: it had ended before, in that state. */
export type Cancelled = { type: 'missing' } | { type: 'ended', status: JobStatus } | { type: 'cancelled' } | { type: 'asked' }

const SCRIPT = loadMove(new URL('cancel.lua', import.meta.url))

/** Ends a job that is not running; asks for the end of one that is. Another tenant's job is missing. Throws UNAVAILABLE for a record of a newer version. */
export async function cancel (db: Db, tenant: string, jobId: string, retentionMs: number): Promise<Cancelled> {
  const reply = await runMove(db, SCRIPT, jobId, [tenant, retentionMs, CANCELLED_FAILURE])
  if (readText(reply, 0) === 'newer') throw newerRecord(jobId, 'its record cannot be changed here')
  const type = readText(reply, 0) as Cancelled['type'] // cancel.lua has these four besides
  if (type === 'asked' && Array.isArray(reply) && reply.length > 1) await stopAllItems(db, readText(reply, 1), retentionMs)
  return type === 'ended' ? { type, status: readText(reply, 1) as JobStatus } : { type } // likewise
}
