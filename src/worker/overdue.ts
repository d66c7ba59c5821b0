import type { Db } from '../store/db.ts'
import { loseRun, nextOverdueMs, overdueRuns } from '../store/reap.ts'
import type { RunMetrics } from '../telemetry/metrics/runs.ts'

/** How far past its deadline a run is before it is taken for lost. No job is running ten seconds past its deadline, whoever died. */
export const OVERDUE_GRACE_MS = 8000
/** A run that begins now is overdue after more than that: by then it is known of. */
const LOOK_EVERY_MS = 10_000
/** Between two looks, however many runs there are that cannot be taken. */
const LEAST_MS = 100
const STEP = 100

export interface OverdueOptions {
  db: Db
  retentionMs: number
  deadRetentionMs: number
  metrics?: Pick<RunMetrics, 'corrected'> | undefined
  whenTrusted (): Promise<void>
  onError (error: unknown): void
}

/** Takes jobs from runs that are overdue, some hundred at most. Answers how many it looked at and could deal with. */
export async function loseOverdue ({ db, retentionMs, deadRetentionMs, metrics, onError }: Omit<OverdueOptions, 'whenTrusted'>): Promise<number> {
  const runs = await overdueRuns(db, OVERDUE_GRACE_MS, STEP)
  const ends = await Promise.allSettled(runs.map((run) => loseRun(db, run, { graceMs: OVERDUE_GRACE_MS, retentionMs, deadRetentionMs })))
  const failed = ends.filter((end) => end.status === 'rejected')
  for (const { reason } of failed) onError(reason)
  const lost = ends.filter((end) => end.status === 'fulfilled' && end.value.type === 'lost')
  metrics?.corrected('overdue_run', lost.length)
  return ends.length - failed.length
}

/** Does that as soon as a run is overdue, by Redis's clock. Every worker has one. */
export function createOverdueWatch (options: OverdueOptions): { close (): Promise<void> } {
  const { db, whenTrusted, onError } = options
  let timer: NodeJS.Timeout
  let closed = false
  let looking: Promise<void>

  async function look (): Promise<void> {
    await whenTrusted()
    await loseOverdue(options)
    const ms = await nextOverdueMs(db, OVERDUE_GRACE_MS) ?? LOOK_EVERY_MS
    plan(Math.max(LEAST_MS, Math.min(ms, LOOK_EVERY_MS)))
  }

  function plan (ms: number): void {
    if (!closed) timer = setTimeout(start, ms)
  }

  function start (): void {
    looking = look().catch((error: unknown) => {
      onError(error)
      plan(LOOK_EVERY_MS)
    })
  }

  start()
  return {
    async close () {
      closed = true
      clearTimeout(timer)
      await looking
    },
  }
}
