import type { JobStatus } from '../core/status.ts'
import type { Db, Run } from './db.ts'
import { priorityAt, readDeals, type DispatchRef } from './deals.ts'
import type { TurnRef } from './moves/begin.ts'
import { readNumber, readText } from './moves/reply.ts'
import { CANCELLED_FAILURE, LOST_FAILURE } from './moves/verdicts.ts'
import { loadMove, NO_JOB, runMove } from './script.ts'
import { readTime } from './time.ts'

/** How long the id of a removed job answers that it is gone. */
export const TOMBSTONE_MS = 7 * 86_400_000
/** When a message that was sent but never began is sent again. BullMQ refuses it where it still has the first, so this costs little. */
export const RESEND_AFTER_MS = 600_000

const LOSE_RUN = loadMove(new URL('moves/lose-run.lua', import.meta.url))
const STRIKE = loadMove(new URL('strike.lua', import.meta.url))
const RELEASE = loadMove(new URL('release.lua', import.meta.url))
const REMOVE = loadMove(new URL('remove.lua', import.meta.url))
const DEALT = loadMove(new URL('reconcile/dealt.lua', import.meta.url))

/** Messages owed to the queue for longer than that after they were due, oldest first. */
export async function owedDispatches (db: Db, olderThanMs: number, limit: number): Promise<DispatchRef[]> {
  const owed = await readDue(db, db.keys.owedDispatch, olderThanMs, limit)
  const refs = await Promise.all(owed.map(async (member) => {
    const [jobId = '', turn] = member.split(' ')
    const [bounds, runAt, createdAt] = await db.redis.hmget(db.keys.job(jobId), 'bounds', 'runAt', 'createdAt')
    if (bounds) return { jobId, turn: Number(turn), priority: priorityAt(Number(bounds.split(' ')[2])), runAtMs: Number(runAt ?? createdAt) }
    await Promise.all([db.keys.owedDispatch, db.keys.due].map((index) => db.redis.zrem(index, member))) // the job is gone, or ended
    return undefined
  }))
  if (refs.includes(undefined)) await recountDealt(db) // whose they were is not known any more
  return refs.filter((ref) => ref !== undefined)
}

/** Counts again how many turns of each tenant were handed out; answers how many of the counts were wrong. */
export async function recountDealt (db: Db): Promise<number> {
  return Number(await runMove(db, DEALT, NO_JOB, []))
}

export interface Released {
  /** How many turns were due. They wait in the lists of their tenants, unless they were handed out. */
  released: number
  /** How long it is until the next is due; undefined where there is none. */
  nextMs: number | undefined
  /** Messages that the caller is to send: of those turns or of others. */
  deals: DispatchRef[]
}

/** Has turns wait for a dealing whose time has come, at most so many, and deals. */
export async function releaseDue (db: Db, limit: number): Promise<Released> {
  const reply = await runMove(db, RELEASE, NO_JOB, [limit])
  const nextMs = readNumber(reply, 0)
  return { released: readNumber(reply, 1), nextMs: nextMs < 0 ? undefined : nextMs, deals: readDeals(reply, 2) }
}

/**
 * Notes that messages were given to the queue, where it has them. The debt itself ends when the turn begins: until then it is only put off, so
 * that a message the queue lost is sent again. `keyOf` names the key that the queue has a message under: the server that was given it may
 * not be the one that is asked here.
 */
export async function strikeDispatch (db: Db, refs: readonly DispatchRef[], keyOf: (ref: TurnRef) => string): Promise<void> {
  if (refs.length === 0) return
  await runMove(db, STRIKE, NO_JOB, [RESEND_AFTER_MS, ...refs.flatMap((ref) => [memberOf(ref), keyOf(ref)])])
}

/** Has the message of a turn that did not begin be sent again soon, whenever it was sent last. A turn that began, or is over, is owed nothing. */
export async function hastenDispatch (db: Db, ref: TurnRef): Promise<void> {
  await runMove(db, STRIKE, NO_JOB, [0, memberOf(ref), db.keys.job(ref.jobId)])
}

function memberOf ({ jobId, turn }: TurnRef): string {
  return `${jobId} ${turn}`
}

/** Runs that are past their deadline by more than the grace, with the fence and the holder they have now. */
export async function overdueRuns (db: Db, graceMs: number, limit: number): Promise<Run[]> {
  const jobIds = await readDue(db, db.keys.running, graceMs, limit)
  return Promise.all(jobIds.map(async (jobId) => {
    const [fence, holder, tenant] = await db.redis.hmget(db.keys.job(jobId), 'fence', 'holder', 'tenant')
    return { jobId, tenant: tenant ?? '', fence: Number(fence), holder: holder ?? '' }
  }))
}

export type LostRun = { type: 'lost', status: JobStatus } | { type: 'early' } | { type: 'fenced' }

export interface LoseRunOptions {
  graceMs: number
  retentionMs: number
  /** How long the job is kept if it is dead; without it, as long as any. */
  deadRetentionMs?: number
}

/** Takes a job from a run that is past its deadline and grace: queued again, or dead when `retry.maxLost` is spent. */
export async function loseRun (db: Db, run: Run, { graceMs, retentionMs, deadRetentionMs = retentionMs }: LoseRunOptions): Promise<LostRun> {
  const reply = await runMove(db, LOSE_RUN, run.jobId, [run.fence, run.holder, graceMs, retentionMs, LOST_FAILURE, CANCELLED_FAILURE, deadRetentionMs])
  const type = readText(reply, 0) as LostRun['type'] // lose-run.lua has these three
  return type === 'lost' ? { type, status: readText(reply, 1) as JobStatus } : { type } // likewise
}

/** Jobs that ended and whose events are still a stream, those that ended first before the others. */
export function owedArchives (db: Db, limit: number): Promise<string[]> {
  return readDue(db, db.keys.owedArchive, 0, limit)
}

/** Removes jobs whose retention passed, with all that they stored, and leaves a tombstone of each. Items of batches are put off until their batch is removed, and jobs of a newer version. Answers how many were dealt with. */
export async function removeExpired (db: Db, limit: number): Promise<number> {
  const jobIds = await readDue(db, db.keys.expiring, 0, limit)
  return remove(db, jobIds, null)
}

/** Removes jobs that ended, likewise, although their retention has not passed, as long as their tenant has more than that many. */
export function removeOver (db: Db, keep: number, jobIds: readonly string[]): Promise<number> {
  return remove(db, jobIds, keep)
}

async function remove (db: Db, jobIds: readonly string[], keep: number | null): Promise<number> {
  const removed = await Promise.all(jobIds.map((jobId) => runMove(db, REMOVE, jobId, [TOMBSTONE_MS, keep ?? ''])))
  return removed.filter((answer) => answer === 1).length
}

/** Milliseconds until the first of the runs now under way is past its deadline by the grace; undefined where there is none. */
export async function nextOverdueMs (db: Db, graceMs: number): Promise<number | undefined> {
  const [[, deadline], now] = await Promise.all([db.redis.zrange(db.keys.running, 0, '0', 'WITHSCORES'), readTime(db)])
  return deadline === undefined ? undefined : Math.max(0, Number(deadline) + graceMs - now)
}

/** Members of an index whose time is past by that much, by Redis's clock. */
async function readDue (db: Db, index: string, pastMs: number, limit: number): Promise<string[]> {
  return db.redis.zrangebyscore(index, '-inf', await readTime(db) - pastMs, 'LIMIT', 0, limit)
}
