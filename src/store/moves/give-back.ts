import type { JobStatus } from '../../core/status.ts'
import type { Db, Run } from '../db.ts'
import { loadMove, runMove } from '../script.ts'
import { readText } from './reply.ts'
import { CANCELLED_FAILURE } from './verdicts.ts'

/** The job is queued again, or cancelled if somebody had asked for that. */
export type GivenBack = { type: 'given', status: JobStatus } | { type: 'fenced' }

const SCRIPT = loadMove(new URL('give-back.lua', import.meta.url))

/** Ends a run that its worker had to stop in order to leave. Nothing is charged for it. */
export async function giveBack (db: Db, run: Run, { retentionMs }: { retentionMs: number }): Promise<GivenBack> {
  const reply = await runMove(db, SCRIPT, run.jobId, [run.fence, retentionMs, CANCELLED_FAILURE])
  if (readText(reply, 0) === 'fenced') return { type: 'fenced' }
  return { type: 'given', status: readText(reply, 1) as JobStatus } // give-back.lua answers the state it wrote
}
