import type { Db } from '../store/db.ts'
import { check } from '../store/moves/progress.ts'
import type { ActiveRuns } from './active-runs.ts'

const EVERY_MS = 1000

export interface HoldCheck {
  /** Asks now, for every run. */
  ask (): Promise<void>
  close (): void
}

/**
 * Asks again and again whether the runs of this worker still hold their jobs, and stops those that do not or were cancelled: a word
 * said on a channel is lost when the connection breaks, the job's record is not.
 */
export function createHoldCheck (db: Db, active: ActiveRuns, onError: (error: unknown) => void): HoldCheck {
  let asking: Promise<void> | undefined

  async function ask (): Promise<void> {
    const asked = active.begun
    if (asked.length === 0) return
    const states = await check(db, asked.map(({ run }) => run))
    for (const one of asked) {
      const state = states.get(one.run)
      if (state === 'cancelled') one.stop('cancel')
      if (state === 'fenced') one.stop('fenced')
    }
  }

  const timer = setInterval(() => { asking ??= ask().catch(onError).finally(() => { asking = undefined }) }, EVERY_MS)
  return { ask, close: () => clearInterval(timer) }
}
