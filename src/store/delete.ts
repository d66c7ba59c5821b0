import type { JobStatus } from '../core/status.ts'
import { auditArguments, type Actor, type AuditBounds } from './audit.ts'
import type { Db } from './db.ts'
import { readText } from './moves/reply.ts'
import { TOMBSTONE_MS } from './reap.ts'
import { loadMove, runMove } from './script.ts'

export type Deleted = { type: 'deleted' } | { type: 'missing' } | { type: 'unfinished', status: JobStatus }

const SCRIPT = loadMove(new URL('delete.lua', import.meta.url))

/** Removes a job that ended, with all that it stored, before its retention passes, and leaves a tombstone. Another tenant's job is missing. */
export async function deleteJob (db: Db, tenant: string, jobId: string, { actor, audit }: { actor: Actor, audit: AuditBounds }): Promise<Deleted> {
  const reply = await runMove(db, SCRIPT, jobId, [tenant, TOMBSTONE_MS, ...auditArguments({ tenant, act: 'job.deleted', actor, target: jobId, details: {} }, audit)])
  const type = readText(reply, 0) as Deleted['type'] // delete.lua has these three
  return type === 'unfinished' ? { type, status: readText(reply, 1) as JobStatus } : { type } // likewise
}
