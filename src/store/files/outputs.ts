import { JobError } from '../../core/failures.ts'
import type { RunOutput } from '../../core/file.ts'
import type { Db, Run } from '../db.ts'
import { readText } from '../moves/reply.ts'
import { loadMove, runMove } from '../script.ts'
import { formatExtents } from './file-record.ts'

/** A fenced run wrote nothing and is to stop. */
export type CommittedOutputs = { type: 'kept' } | { type: 'fenced' }

const SCRIPT = loadMove(new URL('outputs.lua', import.meta.url))

/** Commits outputs of a run's job, in place of what was committed of them before. The same again changes nothing. Throws FILE_GONE where one is made of a file that was removed. */
export async function commitOutputs (db: Db, run: Run, outputs: readonly RunOutput[]): Promise<CommittedOutputs> {
  const reply = await runMove(db, SCRIPT, run.jobId, [run.fence, run.holder, outputs.length, ...outputArguments(outputs)])
  const type = readText(reply, 0) as CommittedOutputs['type'] | 'gone' // outputs.lua has these three
  if (type === 'gone') throw new JobError('FILE_GONE', `Cannot commit file ${JSON.stringify(readText(reply, 1))}: a file that it is made of was removed meanwhile`)
  return { type }
}

/** Outputs as arguments of a move, for `commit_outputs`. */
export function outputArguments (outputs: readonly RunOutput[]): string[] {
  return outputs.flatMap(({ id, name, type, encoding, extents, isComplete }) => [id, name, type ?? '', encoding ?? '', formatExtents(extents), isComplete ? '1' : ''])
}
