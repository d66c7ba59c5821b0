import { buildFailure } from '../../core/outcome.ts'

/** Failures of jobs that end without a run to say why, as JSON. Moves store them as they stand. */
export const CANCELLED_FAILURE = JSON.stringify(buildFailure('CANCELLED', 'Job was cancelled', { name: 'CancelledError' }))
export const EXPIRED_FAILURE = JSON.stringify(buildFailure('EXPIRED', 'Job did not start within its time to live', { name: 'ExpiredError' }))
export const LOST_FAILURE = JSON.stringify(buildFailure('WORKER_CRASHED', 'Workers vanished under the job more often than retry.maxLost allows', { name: 'WorkerCrashed' }))
export const QUARANTINED_FAILURE = JSON.stringify(buildFailure('WORKER_CRASHED', 'The code is in quarantine: runners died of it again and again; replay the job when it was mended, or later', { name: 'Quarantined' }))
