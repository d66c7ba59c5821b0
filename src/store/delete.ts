import type { JobStatus } from '../core/status.ts'
import { auditArguments, type Actor, type AuditBounds } from './audit.ts'
import type { Db } from './db.ts'
import { readText } from './moves/reply.ts'
import { TOMBSTONE_MS } from './reap.ts'
import { loadMove, runMove } from './script.ts'

/** `awaited`: it is a shard of that job, which has not ended. */
export type Deleted = { type: 'deleted' } | { type: 'missing' } | { type: 'unfinished', status: JobStatus } | { type: 'awaited', parent: string }

const SCRIPT = loadMove(new URL('delete.lua', import.meta.url))

/** Removes a job that ended, with all that it stored, before its retention passes, and leaves a tombstone. Another tenant's job is missing. */
export async function deleteJob (db: Db, tenant: string, jobId: string, { actor, audit }: { actor: Actor, audit: AuditBounds }): Promise<Deleted> {
  const reply = await runMove(db, SCRIPT, jobId, [tenant, TOMBSTONE_MS, ...auditArguments({ tenant, act: 'job.deleted', actor, target: jobId, details: {} }, audit)])
  const type = readText(reply, 0) as Deleted['type'] // delete.lua has these four
  switch (type) {
    case 'unfinished': return { type, status: readText(reply, 1) as JobStatus } // likewise
    case 'awaited': return { type, parent: readText(reply, 1) }
    default: return { type }
  }
}
