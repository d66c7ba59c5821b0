import { buildFailure, EMPTY_USAGE, type CrashEvidence } from '../../src/core/outcome.ts'
import type { FailureCode } from '../../src/core/failures.ts'
import { archive } from '../../src/store/archive.ts'
import type { Db } from '../../src/store/db.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { acceptJob, beginJob, RETENTION_MS } from './store.ts'

export const EVIDENCE: CrashEvidence = {
  signal: 'SIGTRAP', exitCode: null, reason: 'the process died', stderr: 'Fatal error', memoryCurve: [[0, 1000], [10, 2000]], lastLogs: ['down it goes'],
  suspect: { limit: 'memoryMb', builtIns: ['repeat'], why: 'it grew' },
}

/** Has a job die as one does whose runner is killed, or of another failure; its record is folded, as all are in the end. */
export async function die (db: Db, jobId: string, code: FailureCode = 'WORKER_CRASHED'): Promise<void> {
  const { run } = await beginJob(db, jobId)
  const crashed = code === 'WORKER_CRASHED' ? { charge: 'crash' as const, evidence: EVIDENCE } : {}
  await settle(db, run, { status: 'dead', usage: EMPTY_USAGE, isolation: null, error: buildFailure(code, `died of ${code}`), events: [], retentionMs: RETENTION_MS, ...crashed })
  await archive(db, jobId)
}

/** Accepts a job that dies at once; answers its id. */
export async function acceptDead (db: Db, members: Record<string, unknown> = {}, code?: FailureCode): Promise<string> {
  const id = await acceptJob(db, members)
  await die(db, id, code)
  return id
}
