import type { Tracer } from '@opentelemetry/api'
import type { Logger } from 'pino'
import type { NewEvent } from '../core/events.ts'
import { isTerminal } from '../core/status.ts'
import { buildFailure, type Outcome } from '../core/outcome.ts'
import type { RunHooks, RunReport } from '../engine/engine.ts'
import type { Claim, Verdict } from '../queue/consumer.ts'
import type { Dispatcher } from '../queue/dispatcher.ts'
import { archive } from '../store/archive.ts'
import { stopAllItems } from '../store/batches/cancel.ts'
import type { Db, Run } from '../store/db.ts'
import type { Durability } from '../store/durability.ts'
import { begin, type TurnRef, type Begun, type BegunJob, type DropReason } from '../store/moves/begin.ts'
import { giveBack } from '../store/moves/give-back.ts'
import { settle, type Settled } from '../store/moves/settle.ts'
import type { RunMetrics } from '../telemetry/metrics/runs.ts'
import type { ActiveRun, ActiveRuns } from './active-runs.ts'
import { decide, decideLost, type Decision } from './decide.ts'
import { EventWriter, logEvent, shiftTimes } from './event-writer.ts'
import type { RecentEnds } from './recent-ends.ts'
import type { Releaser } from './releaser.ts'
import { createRunCheckpoint } from './run-checkpoint.ts'
import { createRunLease, type RunLease } from './run-lease.ts'
import { buildRequest } from './run-request.ts'
import { startRunSpan, type RunSpanHandle } from './run-span.ts'
import { runWithFiles, type FilesReport, type RunsWithFiles } from './run-with-files.ts'
import { isSplitJob, runSplitJob, type SplitJobReport } from './shards/run-split-job.ts'
import { executeTransform, type TransformReport } from './transform/execute-transform.ts'
import { UsageReporter, type UsageSettings } from './usage-reporter.ts'

export interface JobRunner extends RunsWithFiles {
  db: Db
  dispatcher: Pick<Dispatcher, 'dispatch'>
  releaser: Pick<Releaser, 'wakeIn'>
  active: ActiveRuns
  /** Waited for by the saves of checkpoints. */
  durability: Pick<Durability, 'confirm'>
  ends: Pick<RecentEnds, 'add'>
  tracer: Tracer
  metrics: Pick<RunMetrics, 'began' | 'ran' | 'ended' | 'fenced'>
  logger: Logger
  /** Name of this worker, as clients read it. */
  worker: string
  retentionMs: number
  /** See `SplitJobContext`. */
  maxJobsWaiting: number
  /** How long a job is kept that is dead. */
  deadRetentionMs: number
  /** See `BeginOptions`. */
  quarantineCrashes: number
  /** See `Settlement`. */
  quarantineMs: number
  retryEveryMs: number
  usage: UsageSettings
  /** Added to a run's wall limit to make its deadline: waiting for a runner and compiling are not on the code's clock. */
  allowanceMs: number
  /** Resolves once nothing speaks for Redis having lost writes that nobody has looked at yet. */
  whenTrusted (): Promise<void>
  /** The same; after an outage, one after another. */
  whenAdmitted (): Promise<void>
  onError (error: unknown): void
}

/** What is less is no difference of clocks. */
const SKEW_MIN_MS = 1000

/**
 * Works on one message of the queue: begins a run, executes it, and settles what came of it. The signal of the claim aborts when the message was
 * given to another worker. Every write is made under the run's fence, so a worker that is late changes nothing.
 */
export async function runJob (context: JobRunner, ref: TurnRef, claim: Claim): Promise<Verdict> {
  const { db, active: runs, worker, retentionMs, deadRetentionMs } = context
  const active = runs.add(ref.jobId) // before it begins: a cancel that comes right after finds it
  const loseLock = () => active.stop('fenced')
  claim.signal.addEventListener('abort', loseLock, { once: true })
  let sent: Promise<void> | undefined
  try {
    await context.whenAdmitted()
    const beganAt = performance.now()
    const begun = await begin(db, ref, { worker, retentionMs, deadRetentionMs, allowanceMs: context.allowanceMs, quarantineCrashes: context.quarantineCrashes })
    sent = context.dispatcher.dispatch(begun.deals).catch(context.onError) // what cannot be sent stays owed
    if (begun.type === 'drop') return await dropMessage(context, ref, begun.reason)
    if (begun.type === 'unreadable') return await giveUp(context, begun)
    const { run, job } = begun
    active.run = run
    context.metrics.began(job.spec.priority, job.startedAt - job.queuedAt)
    const lease = createRunLease({ db, run, active, message: claim.lease, beganAt, deadlineMs: job.deadlineAt - job.startedAt, whenTrusted: context.whenTrusted })
    return await executeRun(context, { active, run, turn: ref.turn, job, lease, beganAt, skewMs: measureSkew(job.startedAt) })
  } finally {
    claim.signal.removeEventListener('abort', loseLock)
    runs.remove(active)
    await sent
  }
}

async function dropMessage ({ db, logger, onError }: JobRunner, ref: TurnRef, reason: DropReason): Promise<Verdict> {
  if (reason === 'newer') logger.warn({ jobId: ref.jobId }, 'job was left to a worker of a newer version: it is stored in a form that is not known here')
  if (reason === 'sealed') logger.warn({ jobId: ref.jobId }, 'job was left to another worker: it is encrypted with a key that is not in BATCHBOX_ENCRYPTION_KEYS here')
  if (reason === 'expired' || reason === 'quarantined') await archive(db, ref.jobId).catch(onError) // owed: the reaper does it otherwise
  return { type: 'done' }
}

/** A job that cannot be read is dead: it can be replayed once it can be. */
async function giveUp (context: JobRunner, { run, error }: Extract<Begun, { type: 'unreadable' }>): Promise<Verdict> {
  const { db, logger, deadRetentionMs, retryEveryMs, onError } = context
  logger.error({ jobId: run.jobId, run: run.fence, err: error }, 'job cannot be read')
  const failure = buildFailure(error.code, error.message, { name: 'Unreadable' })
  const settled = await settle(db, run, { status: 'dead', usage: null, isolation: null, error: failure, events: [], retentionMs: deadRetentionMs, retryEveryMs })
  if (settled.type === 'settled') await context.dispatcher.dispatch(settled.deals).catch(onError) // what cannot be sent stays owed
  await archive(db, run.jobId).catch(onError) // owed, too
  return { type: 'done' }
}

/** How far Redis's clock is ahead of this machine's. Small amounts tell of the way there and back, not of the clocks. */
function measureSkew (redisNow: number): number {
  const skewMs = redisNow - Date.now()
  return Math.abs(skewMs) < SKEW_MIN_MS ? 0 : skewMs
}

/** A run that this worker has begun. */
interface OwnRun {
  active: ActiveRun
  run: Run
  turn: number
  job: BegunJob
  lease: RunLease
  /** Reading of the steady clock from before it began. */
  beganAt: number
  /** Added to times of this machine, to have those of Redis. */
  skewMs: number
}

function executeRun (context: JobRunner, own: OwnRun): Promise<Verdict> {
  const { active, run, job, skewMs } = own
  const span = startRunSpan(context.tracer, job, run)
  return span.within(async () => {
    const writer = new EventWriter(context.db, run, {
      fenced: () => active.stop('fenced'),
      cancelled: () => active.stop('cancel'),
      error: context.onError,
    }, skewMs)
    const reporter = new UsageReporter({ ...context.usage, run: run.fence, limits: job.spec.limits, add: (event) => writer.add(event) })
    const report = await execute(context, own, { writer, reporter })
    const rest = await writer.finish(tailEvents(report))
    const verdict = await conclude(context, { ...own, report, rest, span })
    span.end(report)
    return verdict
  })
}

/** Hands the run to the engine, with the records of the job where it is a transform. */
function execute (context: JobRunner, { active, run, job, lease, skewMs }: OwnRun, { writer, reporter }: { writer: EventWriter, reporter: UsageReporter }): Promise<AnyReport> {
  const checkpoint = createRunCheckpoint(context.db, { run, active, durability: context.durability, writer })
  const request = buildRequest(job, run, skewMs)
  const hooks: RunHooks = {
    signal: active.signal,
    onLogs: (lines) => writer.addLogs(lines),
    onProgress: (value, message) => writer.setProgress(value, message),
    onUsage: (usage) => reporter.take(usage),
    mayAct: () => lease.mayAct(),
  }
  const { transform: settings } = job.spec
  if (isSplitJob(job)) {
    const call = (entry: string, input: string) => runWithFiles(context, { run, request: { ...request, entry, input }, hooks: { ...hooks, checkpoint } })
    return runSplitJob(context, { run, job, signal: active.signal, call })
  }
  if (!settings) return runWithFiles(context, { run, request, hooks: { ...hooks, checkpoint } })
  return executeTransform(context, { run, active, checkpoint, writer, settings, request, hooks })
}

type AnyReport = FilesReport | TransformReport | SplitJobReport

interface Conclusion extends OwnRun {
  report: AnyReport
  rest: NewEvent[]
  span: RunSpanHandle
}

async function conclude (context: JobRunner, { active, run, turn, job, lease, beganAt, skewMs, report, rest, span }: Conclusion): Promise<Verdict> {
  const { db, retentionMs } = context
  if ('over' in report && report.over) {
    context.ends.add({ run, turn })
    context.logger.info({ ...describe(run, job), waits: report.over.why }, 'run left its job to wait')
    await context.dispatcher.dispatch(report.over.deals).catch(context.onError) // what cannot be sent stays owed
    return { type: report.over.why === 'fenced' ? 'back' : 'done' }
  }
  const stopped = report.outcome.type === 'cancelled' ? active.reason : undefined
  if (stopped === 'shutdown') {
    const given = await giveBack(db, run, { retentionMs })
    context.logger.info({ ...describe(run, job), given: given.type }, 'run was given back')
    return { type: 'done' }
  }
  const [crashes, lost] = 'hasCommitted' in report && report.hasCommitted ? [0, 0] : [job.crashes, job.lost] // as the commit has left them
  const situation = { attempt: job.attempt, crashes, lost, retry: job.spec.retry, nowMs: Date.now(), random: Math.random }
  // What code makes of a call that was refused to it is nobody's outcome.
  const isLost = stopped === 'fenced' || lease.hasRefused
  const decision = isLost ? decideLost(situation) : 'decision' in report && report.decision ? report.decision : decide(withStopTime(report.outcome, active), situation)
  const settled: Settled = await lease.isOvertaken() ? { type: 'fenced' } : await span.time('settle', () => settle(db, run, {
    ...decision,
    outputs: report.outputs,
    usage: report.outcome.usage,
    isolation: report.isolation,
    receipt: report.receipt,
    retentionMs: decision.status === 'dead' ? context.deadRetentionMs : retentionMs,
    quarantineMs: context.quarantineMs,
    retryEveryMs: context.retryEveryMs,
    events: shiftTimes([...rest, ...decision.events], skewMs),
  }))
  if (settled.type === 'settled') context.ends.add({ run, turn })
  logEnd(context.logger, { run, job, decision, outcome: report.outcome, settled })
  countEnd(context.metrics, { job, beganAt, outcome: report.outcome, settled })
  return follow(context, job, decision, settled)
}

function logEnd (logger: Logger, { run, job, decision, outcome, settled }: Pick<Conclusion, 'run' | 'job'> & { decision: Decision, outcome: Outcome, settled: Settled }): void {
  const status = settled.type === 'settled' ? settled.status : 'fenced'
  const fields = { ...describe(run, job), status, code: decision.error?.code, wallMs: outcome.usage.wallMs }
  if (outcome.type !== 'crashed') return logger.info(fields, 'run ended')
  const { lastLogs: _, ...evidence } = outcome.evidence // a user wrote them
  logger.warn({ ...fields, evidence }, 'runner died under a run')
}

function countEnd (metrics: JobRunner['metrics'], { job, beganAt, outcome, settled }: Pick<Conclusion, 'job' | 'beganAt'> & { outcome: Outcome, settled: Settled }): void {
  const tookMs = performance.now() - beganAt
  metrics.ran(outcome.type, tookMs)
  if (settled.type === 'fenced') metrics.fenced()
  else if (isTerminal(settled.status)) metrics.ended(settled.status, job.startedAt - job.createdAt + tookMs)
}

/** What the log says of a run. Nothing of it was written by a user. */
function describe ({ fence }: Run, { id, attempt }: BegunJob) {
  return { jobId: id, attempt, run: fence }
}

/** Acts on what the store made of it: each further run is another turn, with a message of its own, which is sent when it is due. */
async function follow (context: JobRunner, job: BegunJob, { next }: Decision, settled: Settled): Promise<Verdict> {
  // The message may still be the only one that the job has: whoever gets it next finds out. Its lock tells whether it is ours to give.
  if (settled.type === 'fenced') return { type: 'back' }
  const sent = context.dispatcher.dispatch(settled.deals).catch(context.onError) // what cannot be sent stays owed
  if (next && !isTerminal(settled.status)) context.releaser.wakeIn(next.delayMs)
  else await archive(context.db, job.id).catch(context.onError) // owed, too
  if (job.spec.transform && job.batchId !== null && isTerminal(settled.status)) await stopAllItems(context.db, job.batchId, context.retentionMs).catch(context.onError) // those that it takes along, if it is a shard that failed
  await sent
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
