import { z } from 'zod'

export const JobStatus = z.enum(['scheduled', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'dead'])
export type JobStatus = z.infer<typeof JobStatus>

/**
 * Where a job may go from each state. A job ends once: the terminal states lead nowhere.
 * `running` leads back to `queued` or `scheduled` when a run is lost, crashes or is to be retried.
 */
export const TRANSITIONS = {
  scheduled: ['queued', 'running', 'cancelled', 'expired'],
  queued: ['running', 'cancelled', 'expired'],
  running: ['queued', 'scheduled', 'succeeded', 'failed', 'cancelled', 'dead'],
  succeeded: [],
  failed: [],
  cancelled: [],
  expired: [],
  dead: [],
} as const satisfies Record<JobStatus, readonly JobStatus[]>

/** Tells whether a job in that state has ended for good. */
export function isTerminal (status: JobStatus): boolean {
  return TRANSITIONS[status].length === 0
}
