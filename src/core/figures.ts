import type { FailureCode } from './failures.ts'
import type { JobStatus } from './status.ts'

/** How many jobs ended in one way. */
export interface Ends {
  status: JobStatus
  code: FailureCode | null
  count: number
}

/** How a try of a webhook ends, and how a delivery does: it succeeded, or why it was given up. */
export const TRY_OUTCOMES = ['succeeded', 'failed'] as const
export const DELIVERY_ENDS = ['succeeded', 'exhausted', 'expired', 'gone', 'full', 'removed', 'deleted'] as const

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
  webhooks: {
    /** Deliveries whose time has come, those that wait for their next try, and those whose try is under way. */
    deliveries: { waiting: number, scheduled: number, sending: number }
    /** How long ago the event was that waits longest to be delivered; 0 where none does. */
    oldestMs: number
    /** Receivers that are left alone since they failed, or asked for it. */
    resting: number
    /** Tries, and deliveries that ended, by how, since the store was set up. */
    tries: Record<typeof TRY_OUTCOMES[number], number>
    ended: Record<typeof DELIVERY_ENDS[number], number>
  }
  /** What files have, with uploads under way and outputs of jobs, and blobs that are to be removed from the store. */
  files: { count: number, bytes: number, owedBlobs: number }
  /** `max` is 0 for a Redis without a bound. */
  memoryBytes: { used: number, max: number }
}
