import type { Meter } from '@opentelemetry/api'
import type { Priority } from '../../core/job-request.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { JobStatus } from '../../core/status.ts'

/** From some milliseconds, which is what a no-op takes, to the hour that a job may ask for. */
const JOB_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600]

/** What workers put right that something else had left: runs past their deadline, messages and archives owed, records that did not agree with the rest. */
export const CORRECTIONS = ['overdue_run', 'owed_dispatch', 'owed_archive', 'reconciled'] as const
export type Correction = typeof CORRECTIONS[number]

export type RunMetrics = ReturnType<typeof createRunMetrics>

/** Instruments of a worker's own work on jobs. */
export function createRunMetrics (meter: Meter) {
  const advice = { explicitBucketBoundaries: JOB_SECONDS }
  const waits = meter.createHistogram('batchbox.job.wait.duration', { unit: 's', description: 'From when a job was due until a run of it began, by priority', advice })
  const runs = meter.createHistogram('batchbox.run.duration', { unit: 's', description: 'From when a run began until it was settled, by what it ended with', advice })
  const jobs = meter.createHistogram('batchbox.job.duration', { unit: 's', description: 'From when a job was made until it ended after a run, by the state that it ended in', advice })
  const fenced = meter.createCounter('batchbox.runs.fenced', { unit: '{run}', description: 'Runs that lost their job to another one before they were settled' })
  const corrections = meter.createCounter('batchbox.corrections', { unit: '{correction}', description: 'What the reaper and the passes over everything put right, by kind' })
  const epochs = meter.createCounter('batchbox.redis.lost_writes', { unit: '{event}', description: 'Times that this worker found that Redis had lost writes' })
  fenced.add(0) // a series that is not there yet has no first increase
  epochs.add(0)
  for (const kind of CORRECTIONS) corrections.add(0, { kind })
  return {
    began: (priority: Priority, waitedMs: number) => waits.record(Math.max(0, waitedMs) / 1000, { priority }),
    ran: (outcome: Outcome['type'], durationMs: number) => runs.record(durationMs / 1000, { outcome }),
    ended: (status: JobStatus, durationMs: number) => jobs.record(Math.max(0, durationMs) / 1000, { status }),
    fenced: () => fenced.add(1),
    corrected: (kind: Correction, count: number) => corrections.add(count, { kind }),
    lostWrites: () => epochs.add(1),
    /** Has the use of the worker looked at whenever somebody scrapes. */
    observe (lanes: number, readActive: () => number) {
      meter.createObservableGauge('batchbox.worker.lanes', { unit: '{run}', description: 'Runs that this worker may have at one time' }).addCallback((result) => result.observe(lanes))
      meter.createObservableGauge('batchbox.worker.runs', { unit: '{run}', description: 'Runs that this worker has' }).addCallback((result) => result.observe(readActive()))
    },
  }
}
