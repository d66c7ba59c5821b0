import type { Tracer } from '@opentelemetry/api'
import type { Logger } from 'pino'
import type { NewEvent } from '../core/events.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Engine, RunReport, RunRequest } from '../engine/engine.ts'
import type { Verdict } from '../queue/consumer.ts'
import type { Dispatcher } from '../queue/dispatcher.ts'
import { archive } from '../store/archive.ts'
import type { Db, Run } from '../store/db.ts'
import { begin, type AttemptRef, type BegunJob } from '../store/moves/begin.ts'
import { giveBack } from '../store/moves/give-back.ts'
import { settle, type Settled } from '../store/moves/settle.ts'
import type { ActiveRun, ActiveRuns } from './active-runs.ts'
import { decide, decideLost, type Decision } from './decide.ts'
import { EventWriter, logEvent } from './event-writer.ts'
import { startRunSpan, type RunSpanHandle } from './run-span.ts'

export interface JobRunner {
  db: Db
  engine: Pick<Engine, 'execute'>
  dispatcher: Pick<Dispatcher, 'dispatch'>
  active: ActiveRuns
  tracer: Tracer
  logger: Logger
  /** Name of this worker, as clients read it. */
  worker: string
  retentionMs: number
  /** Added to a run's wall limit to make its deadline: waiting for a runner and compiling are not on the code's clock. */
  allowanceMs: number
  onError (error: unknown): void
}

/** A message that came before its time rests at least that long, or a clock ahead of Redis's would have it come again and again. */
const EARLY_REST_MS = 50

/**
 * Works on one message of the queue: begins a run, executes it, and settles what came of it. `lockLost` aborts when the message was
 * given to another worker. Every write is made under the run's fence, so a worker that is late changes nothing.
 */
export async function runJob (context: JobRunner, ref: AttemptRef, lockLost: AbortSignal): Promise<Verdict> {
  const { db, active: runs, worker, retentionMs } = context
  const active = runs.add(ref.jobId) // before it begins: a cancel that comes right after finds it
  const loseLock = () => active.stop('fenced')
  lockLost.addEventListener('abort', loseLock, { once: true })
  try {
    const begun = await begin(db, ref, { worker, retentionMs, allowanceMs: context.allowanceMs })
    if (begun.type === 'drop') return await dropMessage(context, ref, begun.reason)
    if (begun.type === 'early') return { type: 'later', atMs: Math.max(begun.runAtMs, Date.now() + EARLY_REST_MS) }
    active.run = begun.run
    return await executeRun(context, active, begun.run, begun.job)
  } finally {
    lockLost.removeEventListener('abort', loseLock)
    runs.remove(ref.jobId, active)
  }
}

async function dropMessage ({ db, onError }: JobRunner, ref: AttemptRef, reason: string): Promise<Verdict> {
  if (reason === 'expired') await archive(db, ref.jobId).catch(onError) // owed: the reaper does it otherwise
  return { type: 'done' }
}

function executeRun (context: JobRunner, active: ActiveRun, run: Run, job: BegunJob): Promise<Verdict> {
  const span = startRunSpan(context.tracer, job, run)
  return span.within(async () => {
    const writer = new EventWriter(context.db, run, {
      fenced: () => active.stop('fenced'),
      cancelled: () => active.stop('cancel'),
      error: context.onError,
    })
    const report = await context.engine.execute(buildRequest(job), {
      signal: active.signal,
      onLogs: (lines) => writer.addLogs(lines),
      onProgress: (value, message) => writer.setProgress(value, message),
    })
    const rest = await writer.finish(tailEvents(report))
    const verdict = await conclude(context, { active, run, job, report, rest, span })
    span.end(report)
    return verdict
  })
}

function buildRequest ({ id, tenant, alone, attempt, spec, code, codeHash, input, startedAt }: BegunJob): RunRequest {
  const { entry, limits, requireIsolation, tags, tools } = spec
  const deadline = new Date(startedAt + limits.timeoutMs).toISOString()
  return { tenant, alone, code, codeHash, input, entry, tools, limits, requireIsolation, context: { jobId: id, attempt, tags, deadline } }
}

interface Conclusion {
  active: ActiveRun
  run: Run
  job: BegunJob
  report: RunReport
  rest: NewEvent[]
  span: RunSpanHandle
}

async function conclude (context: JobRunner, { active, run, job, report, rest, span }: Conclusion): Promise<Verdict> {
  const { db, retentionMs } = context
  const stopped = report.outcome.type === 'cancelled' ? active.reason : undefined
  if (stopped === 'shutdown') {
    const given = await giveBack(db, run, { retentionMs })
    context.logger.info({ ...describe(run, job), given: given.type }, 'run was given back')
    return { type: 'back' }
  }
  const situation = { attempt: job.attempt, crashes: job.crashes, lost: job.lost, retry: job.spec.retry, nowMs: Date.now(), random: Math.random }
  const decision = stopped === 'fenced' ? decideLost(situation) : decide(withStopTime(report.outcome, active), situation)
  const settled = await span.time('settle', () => settle(db, run, {
    ...decision,
    usage: report.outcome.usage,
    isolation: report.isolation,
    retentionMs,
    events: [...rest, ...decision.events],
  }))
  logEnd(context.logger, { run, job, decision, outcome: report.outcome, settled })
  return follow(context, job, decision, settled)
}

function logEnd (logger: Logger, { run, job, decision, outcome, settled }: Pick<Conclusion, 'run' | 'job'> & { decision: Decision, outcome: Outcome, settled: Settled }): void {
  const status = settled.type === 'settled' ? settled.status : 'fenced'
  const fields = { ...describe(run, job), status, code: decision.error?.code, wallMs: outcome.usage.wallMs }
  if (outcome.type === 'crashed') logger.warn({ ...fields, evidence: outcome.evidence }, 'runner died under a run')
  else logger.info(fields, 'run ended')
}

/** What the log says of a run. Nothing of it was written by a user. */
function describe ({ fence }: Run, { id, attempt }: BegunJob) {
  return { jobId: id, attempt, run: fence }
}

/** Acts on what the store made of it: another attempt is another message, another run of the same attempt is the same one, later. */
async function follow ({ db, dispatcher, onError }: JobRunner, job: BegunJob, { next }: Decision, settled: Settled): Promise<Verdict> {
  // The message may still be the only one that the job has: whoever gets it next finds out. Its lock tells whether it is ours to give.
  if (settled.type === 'fenced') return { type: 'back' }
  if (settled.runAtMs === null || !next) {
    await archive(db, job.id).catch(onError) // owed, too
    return { type: 'done' }
  }
  if (next.attempt === job.attempt) return { type: 'later', atMs: settled.runAtMs }
  const message = { jobId: job.id, attempt: next.attempt, priority: job.spec.priority, runAtMs: settled.runAtMs }
  await dispatcher.dispatch([message]).catch(onError) // likewise
  return { type: 'done' }
}

function withStopTime (outcome: Outcome, { stoppedAt }: ActiveRun): Outcome {
  if (outcome.type !== 'cancelled' || stoppedAt === undefined) return outcome
  return { ...outcome, stoppedAfterMs: performance.now() - stoppedAt }
}

/** The end of the logs that were over their budget, after a word of what is missing. */
function tailEvents ({ logTail }: RunReport): NewEvent[] {
  const { lines, bytes } = logTail.dropped
  const dropped: NewEvent[] = lines === 0 ? [] : [{ type: 'job.logs_dropped', time: Date.now(), payload: { lines, bytes } }]
  return [...dropped, ...logTail.lines.map(logEvent)]
}
