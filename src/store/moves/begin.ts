import { randomBytes } from 'node:crypto'
import type { JobSpec } from '../../core/job-request.ts'
import { unpack } from '../codec.ts'
import type { Db, Run } from '../db.ts'
import { loadMove, runMove, type Reply } from '../script.ts'
import { readBytes, readNumber, readText } from './reply.ts'
import { CANCELLED_FAILURE, EXPIRED_FAILURE, LOST_FAILURE } from './verdicts.ts'

/** What a message of the queue names. */
export interface AttemptRef {
  jobId: string
  attempt: number
}

export interface BeginOptions {
  /** Name of the worker, as clients read it. */
  worker: string
  /** How long the job is kept if it ends here. */
  retentionMs: number
  /** Added to the wall limit to make the deadline: compiling and starting are not on the job's clock. */
  allowanceMs?: number
}

/** A job as its run needs it. Times in milliseconds of Redis's clock; `input` is JSON text. */
export interface BegunJob {
  id: string
  tenant: string
  attempt: number
  spec: JobSpec
  code: string
  codeHash: string
  input: string
  crashes: number
  lost: number
  /** A runner died with this job and others in it, and nobody could be blamed: it has to run alone from then on. */
  alone: boolean
  /** When it was due: made, or its delay or backoff over. */
  queuedAt: number
  startedAt: number
  deadlineAt: number
  traceparent: string | null
}

export type Begun =
  | { type: 'drop', reason: 'missing' | 'ended' | 'stale' | 'expired' }
  | { type: 'early', runAtMs: number }
  | { type: 'run', run: Run, job: BegunJob }

export const START_ALLOWANCE_MS = 5000

const SCRIPT = loadMove(new URL('begin.lua', import.meta.url))
const HOLDER = randomBytes(6).toString('base64url')
let calls = 0

/**
 * Starts a run of an attempt under the next fence. An attempt that is marked running lost its run: that is counted, and the job
 * is dead when more were lost than `retry.maxLost`. A job whose time to live passed before its first run expires here.
 */
export async function begin (db: Db, { jobId, attempt }: AttemptRef, options: BeginOptions): Promise<Begun> {
  const { worker, retentionMs, allowanceMs = START_ALLOWANCE_MS } = options
  calls += 1
  const reply = await runMove(db, SCRIPT, jobId, [
    attempt, JSON.stringify(worker), `${HOLDER}${calls.toString(36)}`, retentionMs, allowanceMs, LOST_FAILURE, CANCELLED_FAILURE, EXPIRED_FAILURE,
  ])
  const type = readText(reply, 0)
  if (type === 'early') return { type, runAtMs: readNumber(reply, 1) }
  if (type === 'run') return { type, run: { jobId, fence: readNumber(reply, 1) }, job: await readBegunJob(jobId, reply) }
  return { type: 'drop', reason: readText(reply, 1) as 'missing' | 'ended' | 'stale' | 'expired' } // begin.lua has these four
}

async function readBegunJob (id: string, reply: Reply): Promise<BegunJob> {
  const [code, input] = await Promise.all([unpack(readBytes(reply, 6)), unpack(readBytes(reply, 7))])
  return {
    id,
    tenant: readText(reply, 2),
    attempt: readNumber(reply, 3),
    spec: JSON.parse(readText(reply, 4)) as JobSpec, // accept wrote it, from a validated request
    codeHash: readText(reply, 5),
    code: code.toString(),
    input: input.toString(),
    crashes: readNumber(reply, 8),
    lost: readNumber(reply, 9),
    traceparent: readText(reply, 10) || null,
    queuedAt: readNumber(reply, 11),
    startedAt: readNumber(reply, 12),
    deadlineAt: readNumber(reply, 13),
    alone: readNumber(reply, 14) > 0,
  }
}
