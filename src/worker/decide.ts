import type { NewEvent } from '../core/events.ts'
import { buildFailure, type JobFailure, type Outcome } from '../core/outcome.ts'
import { backoffMs, isRetried, type RetryPolicy } from '../core/retry.ts'
import { unreachable } from '../core/unreachable.ts'
import type { Settlement } from '../store/moves/settle.ts'

/** A crash is nobody's wish, so another run is started soon; again and again crashing, less soon. */
const CRASH_BACKOFF = { type: 'exponential', delayMs: 200, maxDelayMs: 10_000, jitter: 0.5 } as const

/** What is decided about a job: everything of a settlement but what the run itself brought. */
export type Decision = Pick<Settlement, 'status' | 'error' | 'result' | 'next' | 'charge' | 'evidence'> & { events: NewEvent[] }

export interface Situation {
  attempt: number
  /** Runners that died under the job before. */
  crashes: number
  /** Runs that were lost with their workers before. */
  lost: number
  retry: RetryPolicy
  nowMs: number
  random (): number
}

/** Decides what becomes of a job after a run. Pure: time and chance are passed in. */
export function decide (outcome: Outcome, situation: Situation): Decision {
  switch (outcome.type) {
    case 'succeeded': return { status: 'succeeded', error: null, result: outcome.result, events: [] }
    case 'cancelled': return decideCancelled(outcome.stoppedAfterMs, situation)
    case 'failed': return decideFailed(outcome.error, situation)
    case 'crashed': return decideCrashed(outcome, situation)
    default: return unreachable(outcome)
  }
}

function decideCancelled (stoppedAfterMs: number, { nowMs }: Situation): Decision {
  return { status: 'cancelled', error: null, events: [{ type: 'job.cancelled', time: nowMs, payload: { stoppedAfterMs: Math.round(stoppedAfterMs) } }] }
}

function decideFailed (error: JobFailure, { attempt, retry, random }: Situation): Decision {
  const retried = isRetried(retry, error.code)
  if (retried && attempt < retry.attempts) {
    return { status: 'scheduled', error, next: { attempt: attempt + 1, delayMs: backoffMs(retry.backoff, attempt, random) }, events: [] }
  }
  return { status: retried && retry.attempts > 1 ? 'dead' : 'failed', error, events: [] }
}

function decideCrashed (outcome: Extract<Outcome, { type: 'crashed' }>, { attempt, crashes, retry, nowMs, random }: Situation): Decision {
  const seen = outcome.shared ? crashes : crashes + 1
  const { evidence } = outcome
  const { signal, exitCode, reason } = evidence
  const how = signal ? `by ${signal}` : `with code ${exitCode}`
  const under = outcome.shared ? 'with other runs in it' : `under this job (${seen} of ${retry.maxCrashes})`
  const error = buildFailure('WORKER_CRASHED', `The runner died ${how} ${under}: ${reason}`, { name: 'WorkerCrashed' })
  const lost: NewEvent = { type: 'job.lost', time: nowMs, payload: { reason: 'crash', charged: !outcome.shared, crashes: seen, evidence } }
  if (outcome.shared) return { status: 'queued', error, charge: 'shared', evidence, next: { attempt, delayMs: 0 }, events: [lost] } // alone, then
  if (seen >= retry.maxCrashes) return { status: 'dead', error, charge: 'crash', evidence, events: [lost] }
  return { status: 'scheduled', error, charge: 'crash', evidence, next: { attempt, delayMs: backoffMs(CRASH_BACKOFF, seen, random) }, events: [lost] }
}

/**
 * Decides about a run whose worker lost its claim to it while the job was still its own: a worker that could not renew its lock is as
 * good as gone, and code that does that to workers again and again must come to an end.
 */
export function decideLost ({ attempt, lost, retry, nowMs }: Situation): Decision {
  const seen = lost + 1
  const event: NewEvent = { type: 'job.lost', time: nowMs, payload: { reason: 'lock', charged: true, lost: seen } }
  const error = buildFailure('WORKER_CRASHED', `The worker lost its claim to this run (${seen} lost, retry.maxLost is ${retry.maxLost})`, { name: 'WorkerCrashed' })
  if (seen > retry.maxLost) return { status: 'dead', error, charge: 'lost', events: [event] }
  return { status: 'queued', error, charge: 'lost', next: { attempt, delayMs: 0 }, events: [event] }
}
