import type { Dispatcher } from '../queue/dispatcher.ts'
import { archive } from '../store/archive.ts'
import { goOnCancelling } from '../store/batches/cancel.ts'
import { removeExpiredBatches } from '../store/batches/remove.ts'
import { sealAbandoned } from '../store/batches/seal.ts'
import type { Db } from '../store/db.ts'
import type { Files } from '../files/files.ts'
import { expireFiles } from '../store/files/remove.ts'
import { removeExpiredEntries } from '../store/kv/kv.ts'
import { owedArchives, owedDispatches, removeExpired } from '../store/reap.ts'
import { removeSurplus, type RetentionCounts, type TenantWalk } from '../store/retain.ts'
import { expireDeliveries } from '../store/webhooks/deliveries.ts'
import type { RunMetrics } from '../telemetry/metrics/runs.ts'
import { loseOverdue } from './overdue.ts'

/** How long a message may be owed before the reaper sends it: whoever made the job is about to. */
const OWED_GRACE_MS = 5000
/** Entries looked at in one go. */
const STEP = 100
const STEPS_MAX = 100

export interface ReaperOptions {
  db: Db
  dispatcher: Pick<Dispatcher, 'dispatch' | 'raiseOld'>
  /** How long a message waits before it is taken for one of the next priority. */
  raiseAfterMs: number
  everyMs: number
  retentionMs: number
  deadRetentionMs: number
  /** Jobs that ended which a tenant may have. */
  keep: RetentionCounts
  /** How long a batch that gets no items stays open. */
  batchIdleMs: number
  /** Counts what was put right; nobody does without it. */
  metrics?: Pick<RunMetrics, 'corrected'>
  /** Removes blobs that no file has any more. */
  files?: Pick<Files, 'sweep'>
  whenTrusted (): Promise<void>
  onError (error: unknown): void
}

export interface Reaper {
  /** Does one round now. */
  reap (): Promise<void>
  close (): Promise<void>
}

/**
 * Pays what crashes left owed and removes what expired, again and again. Every worker has one: each step is safe to do twice at once.
 * Rounds start at random in their interval, so that workers do not march in step.
 */
export function createReaper ({ db, dispatcher, raiseAfterMs, everyMs, retentionMs, deadRetentionMs, keep, batchIdleMs, metrics, files, whenTrusted, onError }: ReaperOptions): Reaper {
  const walk: TenantWalk = { cursor: '0' }
  // Each answers how many entries it dealt with; those that failed are left for the next round.
  const steps: (() => Promise<number>)[] = [
    () => loseOverdue({ db, retentionMs, deadRetentionMs, metrics, onError }),
    async () => {
      const refs = await owedDispatches(db, OWED_GRACE_MS, STEP)
      await dispatcher.dispatch(refs)
      metrics?.corrected('owed_dispatch', refs.length)
      return refs.length
    },
    async () => {
      const jobIds = await owedArchives(db, STEP)
      const done = await countDone(jobIds.map((jobId) => archive(db, jobId)))
      metrics?.corrected('owed_archive', done)
      return done
    },
    () => sealAbandoned(db, batchIdleMs, STEP),
    async () => await goOnCancelling(db, retentionMs) * STEP, // there is more until there is none
    () => removeExpiredBatches(db, STEP),
    () => removeExpired(db, STEP),
    () => removeExpiredEntries(db, STEP),
    () => expireFiles(db, STEP),
    async () => await files?.sweep('owed', STEP) ?? 0,
    () => expireDeliveries(db, STEP),
    () => removeSurplus(db, walk, { keep, limit: STEP }),
    () => dispatcher.raiseOld(raiseAfterMs, STEP),
  ]
  let timer: NodeJS.Timeout
  let closed = false
  let round: Promise<void> = Promise.resolve()

  async function reap (): Promise<void> {
    await whenTrusted()
    for (const step of steps) await repeat(step).catch(onError) // one that fails keeps nothing from the others
  }

  async function countDone (works: Promise<unknown>[]): Promise<number> {
    const ends = await Promise.allSettled(works)
    const failed = ends.filter((end) => end.status === 'rejected')
    for (const { reason } of failed) onError(reason)
    return ends.length - failed.length
  }

  async function repeat (step: () => Promise<number>): Promise<void> {
    for (let i = 0; i < STEPS_MAX && !closed; i++) if (await step() < STEP) return
  }

  function plan (): void {
    timer = setTimeout(() => {
      round = reap().finally(() => { if (!closed) plan() })
    }, everyMs * (0.5 + Math.random()))
  }

  plan()
  return {
    reap,
    async close () {
      closed = true
      clearTimeout(timer)
      await round
    },
  }
}
