import type { JobStatus } from '../../core/status.ts'
import type { Db, Run } from '../db.ts'
import { loadMove, runMove } from '../script.ts'
import { readText } from './reply.ts'
import { CANCELLED_FAILURE } from './verdicts.ts'

/** The job is queued again, as another turn, or cancelled if somebody had asked for that. */
export type GivenBack = { type: 'given', status: JobStatus } | { type: 'fenced' }

const SCRIPT = loadMove(new URL('give-back.lua', import.meta.url))

export interface GiveBackOptions {
  /** How long the job is kept if it ends here. */
  retentionMs: number
  /** The worker leaves, or Redis has forgotten how the run ended. */
  reason?: 'shutdown' | 'forgotten'
}

/** Ends a run that its worker had to stop in order to leave, or whose end was lost. Nothing is charged for it. */
export async function giveBack (db: Db, run: Run, { retentionMs, reason = 'shutdown' }: GiveBackOptions): Promise<GivenBack> {
  const reply = await runMove(db, SCRIPT, run.jobId, [run.fence, run.holder, retentionMs, CANCELLED_FAILURE, reason])
  if (readText(reply, 0) === 'fenced') return { type: 'fenced' }
  return { type: 'given', status: readText(reply, 1) as JobStatus } // give-back.lua answers the state it wrote
}
