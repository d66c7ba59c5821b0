import type { JobSpec, Priority } from '../core/job-request.ts'
import type { JobStatus } from '../core/status.ts'
import type { Db, Run } from './db.ts'
import type { AttemptRef } from './moves/begin.ts'
import { readText } from './moves/reply.ts'
import { CANCELLED_FAILURE, LOST_FAILURE } from './moves/verdicts.ts'
import { loadMove, runMove } from './script.ts'

/** A message to be given to the queue. */
export interface DispatchRef extends AttemptRef {
  priority: Priority
  runAtMs: number
}

/** How long the id of a removed job answers that it is gone. */
export const TOMBSTONE_MS = 7 * 86_400_000
/** When a message that was sent but never began is sent again. BullMQ refuses it where it still has the first, so this costs little. */
export const RESEND_AFTER_MS = 600_000

const LOSE_RUN = loadMove(new URL('moves/lose-run.lua', import.meta.url))
const REMOVE = loadMove(new URL('remove.lua', import.meta.url))

/** Messages owed to the queue for longer than that after they were due, oldest first. */
export async function owedDispatches (db: Db, olderThanMs: number, limit: number): Promise<DispatchRef[]> {
  const owed = await readDue(db, db.keys.owedDispatch, olderThanMs, limit)
  const refs = await Promise.all(owed.map(async (member) => {
    const [jobId = '', attempt] = member.split(' ')
    const [spec, runAt, createdAt] = await db.redis.hmget(db.keys.job(jobId), 'spec', 'runAt', 'createdAt')
    if (spec) return { jobId, attempt: Number(attempt), priority: (JSON.parse(spec) as JobSpec).priority, runAtMs: Number(runAt ?? createdAt) } // accept wrote it
    await db.redis.zrem(db.keys.owedDispatch, member)
    return undefined
  }))
  return refs.filter((ref) => ref !== undefined)
}

/**
 * Notes that messages were given to the queue. The debt itself ends when the attempt begins: until then it is only put off, so
 * that a message the queue lost is sent again.
 */
export async function strikeDispatch (db: Db, refs: readonly DispatchRef[]): Promise<void> {
  if (refs.length === 0) return
  const now = Date.now()
  const put = refs.flatMap(({ jobId, attempt, runAtMs }) => [Math.max(now, runAtMs) + RESEND_AFTER_MS, `${jobId} ${attempt}`])
  await db.redis.zadd(db.keys.owedDispatch, 'XX', ...put)
}

/** Runs that are past their deadline by more than the grace, with the fence they have now. */
export async function overdueRuns (db: Db, graceMs: number, limit: number): Promise<Run[]> {
  const jobIds = await readDue(db, db.keys.running, graceMs, limit)
  return Promise.all(jobIds.map(async (jobId) => ({ jobId, fence: Number(await db.redis.hget(db.keys.job(jobId), 'fence')) })))
}

export type LostRun = { type: 'lost', status: JobStatus } | { type: 'early' } | { type: 'fenced' }

/** Takes a job from a run that is past its deadline and grace: queued again, or dead when `retry.maxLost` is spent. */
export async function loseRun (db: Db, run: Run, { graceMs, retentionMs }: { graceMs: number, retentionMs: number }): Promise<LostRun> {
  const reply = await runMove(db, LOSE_RUN, run.jobId, [run.fence, graceMs, retentionMs, LOST_FAILURE, CANCELLED_FAILURE])
  const type = readText(reply, 0) as LostRun['type'] // lose-run.lua has these three
  return type === 'lost' ? { type, status: readText(reply, 1) as JobStatus } : { type } // likewise
}

/** Jobs that ended and whose events are still a stream, those that ended first before the others. */
export function owedArchives (db: Db, limit: number): Promise<string[]> {
  return readDue(db, db.keys.owedArchive, 0, limit)
}

/** Removes jobs whose retention passed, with all that they stored, and leaves a tombstone of each. Answers how many there were. */
export async function removeExpired (db: Db, limit: number): Promise<number> {
  const jobIds = await readDue(db, db.keys.expiring, 0, limit)
  const removed = await Promise.all(jobIds.map((jobId) => runMove(db, REMOVE, jobId, [TOMBSTONE_MS])))
  return removed.filter((answer) => answer === 1).length
}

/** Members of an index whose time is past by that much, by Redis's clock. */
async function readDue (db: Db, index: string, pastMs: number, limit: number): Promise<string[]> {
  const [seconds, micros] = await db.redis.time()
  const now = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
  return db.redis.zrangebyscore(index, '-inf', now - pastMs, 'LIMIT', 0, limit)
}
