import type { Lease } from '../queue/consumer.ts'
import type { Db, Run } from '../store/db.ts'
import { check } from '../store/moves/progress.ts'
import type { ActiveRun } from './active-runs.ts'
import { OVERDUE_GRACE_MS } from './overdue.ts'

/** How long before the reaper may take a job the run's own claim to it ends. */
const MARGIN_MS = 1000

/** What a run asks before it does what could not be taken back. */
export interface RunLease {
  /** Tells whether the run may act for its job outside of the store. One that may not is told to stop. */
  mayAct (): Promise<boolean>
  /** True once the answer was that it may not. */
  readonly hasRefused: boolean
  /** Tells whether the job is another run's by now, or nobody's. Costs nothing while the claim is fresh: the fence decides in the end. */
  isOvertaken (): Promise<boolean>
}

export interface RunLeaseOptions {
  db: Db
  run: Run
  active: ActiveRun
  /** The worker's claim to the message that the run came with. */
  message: Lease
  /** Reading of the steady clock from before the run began, and how long after that its deadline is. */
  beganAt: number
  deadlineMs: number
  /** Resolves once nothing speaks for Redis having lost writes that nobody has looked at yet. */
  whenTrusted (): Promise<void>
}

/**
 * Two may take the job of a run whose worker stood still: BullMQ, when the lock of its message is over, and the reaper, when its deadline and grace
 * are. So the run may act until a margin before the first of them.
 */
export function createRunLease ({ db, run, active, message, beganAt, deadlineMs, whenTrusted }: RunLeaseOptions): RunLease {
  const overAt = beganAt + deadlineMs + OVERDUE_GRACE_MS - MARGIN_MS
  let hasRefused = false
  return {
    get hasRefused () { return hasRefused },
    async mayAct () {
      await whenTrusted()
      // A Redis that cannot be asked, or refuses, leaves the claim unproven, and that is no fault of the code.
      const mayAct = performance.now() < overAt && await message.confirm().catch(() => false)
      if (!mayAct) {
        hasRefused = true
        active.stop('fenced')
      }
      return mayAct && !active.signal.aborted
    },
    async isOvertaken () {
      // A Redis that refuses to say is no other run: the code may have acted, so its outcome is kept unless the store knows better.
      if (message.isFresh() || await message.confirm().catch(() => false)) return false
      return (await check(db, [run])).get(run) === 'fenced'
    },
  }
}
