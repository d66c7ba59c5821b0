import type { TestContext } from 'node:test'
import { createNoopMeter, trace } from '@opentelemetry/api'
import type { EncryptionKey } from '../../src/core/encryption-keys.ts'
import { EMPTY_USAGE, type CrashEvidence, type JobFailure, type Outcome, type Usage } from '../../src/core/outcome.ts'
import type { RunHooks, RunReport, RunRequest } from '../../src/engine/engine.ts'
import type { Lease } from '../../src/queue/consumer.ts'
import { createDispatcher, type Dispatcher } from '../../src/queue/dispatcher.ts'
import type { Db } from '../../src/store/db.ts'
import { readEvents } from '../../src/store/read.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createRunMetrics } from '../../src/telemetry/metrics/runs.ts'
import { ActiveRuns } from '../../src/worker/active-runs.ts'
import { RecentEnds } from '../../src/worker/recent-ends.ts'
import { runJob, type JobRunner } from '../../src/worker/run-job.ts'
import { openTestFiles } from './files.ts'
import { openStore, RETENTION_MS } from './store.ts'

/** Of the content of a file that is the input of a job, unless a test says otherwise. */
export const MAX_FILE_INPUT_BYTES = 1_048_576

/** A claim to a message that nobody disputes. */
const HELD: Lease = { isFresh: () => true, confirm: () => Promise.resolve(true) }

/** A run that the worker handed to the engine, for the test to bring to its end. */
export interface ScriptedRun {
  request: RunRequest
  hooks: RunHooks
  /** Resolves when the worker wants it stopped. */
  stopped: Promise<void>
  end (outcome: ScriptedOutcome, more?: Partial<RunReport>): void
}

/** An outcome with what the test cares about. */
export type ScriptedOutcome = Pick<Outcome, 'type'> & { result?: string, error?: JobFailure, evidence?: CrashEvidence, usage?: Usage }

/** An engine whose runs end when the test says so. */
export function scriptEngine () {
  const started: ScriptedRun[] = []
  let waiting: ((run: ScriptedRun) => void) | undefined

  function execute (request: RunRequest, hooks: RunHooks): Promise<RunReport> {
    const report = Promise.withResolvers<RunReport>()
    const stopped = Promise.withResolvers<void>()
    if (hooks.signal.aborted) stopped.resolve()
    else hooks.signal.addEventListener('abort', () => stopped.resolve(), { once: true })
    const run: ScriptedRun = {
      request,
      hooks,
      stopped: stopped.promise,
      end (outcome, more = {}) {
        const whole = { result: '42', stoppedAfterMs: 0, usage: EMPTY_USAGE, ...outcome } as Outcome // the test gives what the type needs
        report.resolve({ outcome: whole, isolation: null, receipt: { lines: [], omitted: 0 }, logTail: { dropped: { lines: 0, bytes: 0 }, lines: [] }, spans: [], ...more })
      },
    }
    if (waiting) waiting(run)
    else started.push(run)
    waiting = undefined
    return report.promise
  }

  return {
    execute,
    /** The next run that was started, or will be. */
    next: () => new Promise<ScriptedRun>((resolve) => {
      const run = started.shift()
      if (run) resolve(run)
      else waiting = resolve
    }),
    /** Runs that nobody has taken by `next`. */
    get untaken () { return started.length },
  }
}

export interface WorkerBench {
  db: Db & { url: string }
  engine: ReturnType<typeof scriptEngine>
  dispatcher: Dispatcher
  active: ActiveRuns
  errors: unknown[]
  files: ReturnType<typeof openTestFiles>
  lines: Record<string, unknown>[]
  /** When the releaser was told to look again, in milliseconds from then. */
  woken: number[]
  /** Works on a message of the job. */
  run (jobId: string, options?: { turn?: number, lockLost?: AbortSignal, lease?: Partial<Lease> }): ReturnType<typeof runJob>
}

/** Everything that a message needs but the queue's consumer: real Redis, real dispatcher, scripted engine. */
export async function openBench (t: TestContext, members: Partial<JobRunner> = {}, encryptionKeys: readonly EncryptionKey[] = []): Promise<WorkerBench> {
  const db = await openStore(t, encryptionKeys)
  const errors: unknown[] = []
  const lines: Record<string, unknown>[] = []
  const onError = (error: unknown) => { errors.push(error) }
  const dispatcher = createDispatcher(db, { onError })
  t.after(() => dispatcher.close())
  const engine = scriptEngine()
  const files = openTestFiles(t, db)
  const woken: number[] = []
  const releaser = { wakeIn: (ms: number) => { woken.push(ms) } }
  const active = new ActiveRuns()
  const logger = createLogger({ name: 'worker', level: 'debug', destination: { write: (line) => { lines.push(JSON.parse(line) as Record<string, unknown>) } } }) // pino writes one JSON object per line
  const context: JobRunner = { db, engine, files, maxFileInputBytes: MAX_FILE_INPUT_BYTES, dispatcher, releaser, active, durability: { confirm: () => Promise.resolve() }, ends: new RecentEnds(), tracer: trace.getTracer('test'), metrics: createRunMetrics(createNoopMeter()), logger, worker: 'w1', retentionMs: RETENTION_MS, maxJobsWaiting: 1000, deadRetentionMs: RETENTION_MS, quarantineCrashes: 0, quarantineMs: RETENTION_MS, retryEveryMs: 0, usage: { everyMs: 1000, warnShare: 0.8 }, allowanceMs: 5000, whenTrusted: () => Promise.resolve(), whenAdmitted: () => Promise.resolve(), onError, ...members }
  return {
    db, engine, files, dispatcher, active, errors, lines, woken,
    run: (jobId, { turn = 1, lockLost = new AbortController().signal, lease } = {}) => runJob(context, { jobId, turn }, { signal: lockLost, lease: { ...HELD, ...lease } }),
  }
}

/** All events of a job. */
export function eventsOf (db: Db, jobId: string) {
  return readEvents(db, jobId, { after: 0, limit: 100_000 })
}

/** The types of a job's events, once it is sure that their numbers have no gap. */
export async function typesOf (db: Db, jobId: string): Promise<string[]> {
  const events = await eventsOf(db, jobId)
  events.forEach(({ sequence }, index) => {
    if (sequence !== index + 1) throw new Error(`Cannot trust the events of ${jobId}: number ${sequence} stands at place ${index + 1}`)
  })
  return events.map(({ type }) => type)
}
