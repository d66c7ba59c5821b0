import type { FailureCode } from './failures.ts'
import type { JobStatus } from './status.ts'

/** How many jobs ended in one way. */
export interface Ends {
  status: JobStatus
  code: FailureCode | null
  count: number
}

/** What the store says of the whole service: every process that asks hears the same. */
export interface Figures {
  /** Turns that wait for a worker, those whose time has not come, and runs under way. */
  queue: { waiting: number, scheduled: number, running: number }
  /** How long the turn that was due first has waited, by Redis's clock; 0 where none waits. */
  oldestWaitMs: number
  /** Jobs that ended and are not archived yet. */
  owedArchives: number
  /** Jobs accepted since the store was set up. */
  accepted: number
  /** Jobs that ended since then. */
  ended: Ends[]
  /** `max` is 0 for a Redis without a bound. */
  memoryBytes: { used: number, max: number }
}
