import { randomBytes } from 'node:crypto'
import { JobError } from '../../core/failures.ts'
import { type JobSources, readSources } from '../../core/job-sources.ts'
import type { JobSpec } from '../../core/job-request.ts'
import type { Db, Run } from '../db.ts'
import { readDeals, type DispatchRef } from '../deals.ts'
import { loadMove, runMove, type Reply } from '../script.ts'
import { openJson, placeOf, unpackSealed } from '../sealing.ts'
import { readBytes, readNumber, readText } from './reply.ts'
import { CANCELLED_FAILURE, EXPIRED_FAILURE, LOST_FAILURE, QUARANTINED_FAILURE } from './verdicts.ts'

/** What a message of the queue names. */
export interface TurnRef {
  jobId: string
  /** A job has another turn whenever it is put back to run again, by a retry or after a run that was lost: one message for each. */
  turn: number
}

export interface BeginOptions {
  /** Name of the worker, as clients read it. */
  worker: string
  /** How long the job is kept if it ends here. */
  retentionMs: number
  /** The same if it is dead; without it, as long as any. */
  deadRetentionMs?: number
  /** Added to the wall limit to make the deadline: compiling and starting are not on the job's clock. */
  allowanceMs?: number
  /** Deaths of runners lately after which code is not run any more, but its jobs end as dead; 0, the default, for never. */
  quarantineCrashes?: number
}

/** A job as its run needs it. Times in milliseconds of Redis's clock; `input` is JSON text. */
export interface BegunJob {
  id: string
  tenant: string
  attempt: number
  spec: JobSpec
  code: string
  /** What the code brings along: sources by their names. */
  files: JobSources['files']
  codeHash: string
  input: string
  crashes: number
  lost: number
  /** A runner died with this job and others in it, and nobody could be blamed: it has to run alone from then on. */
  alone: boolean
  createdAt: number
  /** When it was due: made, or its delay or backoff over. */
  queuedAt: number
  startedAt: number
  deadlineAt: number
  traceparent: string | null
  /** The batch that it is an item of. */
  batchId: string | null
}

/**
 * Why a message is not for this worker. Another follows one that was `early`, one that is `newer`: a version of this service that this process does not know
 * wrote the job, or its code or input, and other workers may know it, and one that is `sealed`: encrypted with a key that this process does not have.
 */
export type DropReason = 'newer' | 'sealed' | 'missing' | 'ended' | 'stale' | 'expired' | 'early' | 'quarantined'

/**
 * `deals` are messages that the caller is to send: where a run begins, there is room for others. The run of a job that is `unreadable` has begun all the same: what is stored of it was damaged, or
 * its key is another than that of the same name here.
 */
export type Begun =
  | { type: 'unreadable', run: Run, error: JobError, deals: DispatchRef[] }
  | { type: 'drop', reason: DropReason, deals: DispatchRef[] }
  | { type: 'run', run: Run, job: BegunJob, deals: DispatchRef[] }

export const START_ALLOWANCE_MS = 5000
/** How long a job rests that this worker knows it cannot read. The next worker may be one that cannot either. */
export const NEWER_WAIT_MS = 10_000

const SCRIPT = loadMove(new URL('begin.lua', import.meta.url))
const HOLDER = randomBytes(6).toString('base64url')
let calls = 0

/**
 * Starts a run of the current attempt under the next fence. A turn that is marked running lost its run: that is counted, and the job
 * is dead when more were lost than `retry.maxLost`. A job whose time to live passed before its first run expires here, and one whose code is in quarantine is dead.
 */
export async function begin (db: Db, { jobId, turn }: TurnRef, options: BeginOptions): Promise<Begun> {
  const { worker, retentionMs, deadRetentionMs = retentionMs, allowanceMs = START_ALLOWANCE_MS, quarantineCrashes = 0 } = options
  calls += 1
  const holder = `${HOLDER}${calls.toString(36)}`
  const reply = await runMove(db, SCRIPT, jobId, [
    turn, JSON.stringify(worker), holder, retentionMs, allowanceMs, LOST_FAILURE, CANCELLED_FAILURE, EXPIRED_FAILURE,
    quarantineCrashes, QUARANTINED_FAILURE, [' ', ...db.cipher.keyIds.map((id) => `${id} `)].join(''), NEWER_WAIT_MS, deadRetentionMs,
  ])
  const type = readText(reply, 0) as 'drop' | 'run' // begin.lua has these two
  if (type === 'drop') return { type, reason: readText(reply, 1) as DropReason, deals: readDeals(reply, 2) } // begin.lua has these eight
  const run = { jobId, tenant: readText(reply, 2), fence: readNumber(reply, 1), holder }
  const deals = readDeals(reply, 17)
  try {
    return { type, run, job: await readBegunJob(db, run, reply), deals }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    return { type: 'unreadable', run, error: new JobError('UNAVAILABLE', `Cannot run the job: what is stored of it cannot be read. ${why}`, { cause }), deals }
  }
}

async function readBegunJob (db: Db, { jobId: id, tenant }: Run, reply: Reply): Promise<BegunJob> {
  const codeHash = readText(reply, 5)
  const [code, input] = await Promise.all([
    unpackSealed(db, readBytes(reply, 6), placeOf('code', tenant, codeHash)),
    unpackSealed(db, readBytes(reply, 7), placeOf('input', tenant, id)),
  ])
  const spec = openJson(db, readText(reply, 4), placeOf('spec', tenant, id)) as JobSpec // accept wrote it, from a validated request
  return {
    id,
    tenant,
    attempt: readNumber(reply, 3),
    spec,
    codeHash,
    ...readSources(code.toString(), spec.hasFiles === true),
    input: input.toString(),
    crashes: readNumber(reply, 8),
    lost: readNumber(reply, 9),
    traceparent: readText(reply, 10) || null,
    queuedAt: readNumber(reply, 11),
    startedAt: readNumber(reply, 12),
    deadlineAt: readNumber(reply, 13),
    alone: readNumber(reply, 14) > 0,
    createdAt: readNumber(reply, 15),
    batchId: readText(reply, 16) || null,
  }
}
