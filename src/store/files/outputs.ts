import type { RunOutput } from '../../core/file.ts'
import type { Db, Run } from '../db.ts'
import { readText } from '../moves/reply.ts'
import { loadMove, runMove } from '../script.ts'
import { formatExtents } from './file-record.ts'

/** A fenced run wrote nothing and is to stop. */
export type CommittedOutputs = { type: 'kept' } | { type: 'fenced' }

const SCRIPT = loadMove(new URL('outputs.lua', import.meta.url))

/** Commits outputs of a run's job, in place of what was committed of them before. The same again changes nothing. */
export async function commitOutputs (db: Db, run: Run, outputs: readonly RunOutput[]): Promise<CommittedOutputs> {
  const reply = await runMove(db, SCRIPT, run.jobId, [run.fence, run.holder, outputs.length, ...outputArguments(outputs)])
  return { type: readText(reply, 0) as CommittedOutputs['type'] } // outputs.lua has these two
}

/** Outputs as arguments of a move, for `commit_outputs`. */
export function outputArguments (outputs: readonly RunOutput[]): string[] {
  return outputs.flatMap(({ id, name, type, encoding, extents, isComplete }) => [id, name, type ?? '', encoding ?? '', formatExtents(extents), isComplete ? '1' : ''])
}
