import { setTimeout as delay } from 'node:timers/promises'
import { JobError } from '../../core/failures.ts'
import type { RunOutput } from '../../core/file.ts'
import { buildBrokenLimit, buildFailure, EMPTY_USAGE, type JobFailure, type Outcome } from '../../core/outcome.ts'
import { fileToSplit } from '../../core/shard.ts'
import { unreachable } from '../../core/unreachable.ts'
import type { Files } from '../../files/files.ts'
import type { Db, Run } from '../../store/db.ts'
import type { DispatchRef } from '../../store/deals.ts'
import type { BegunJob } from '../../store/moves/begin.ts'
import { readShards, type ShardsState } from '../../store/shards/read.ts'
import { waitForShards, type Waits } from '../../store/shards/wait.ts'
import type { Decision } from '../decide.ts'
import type { RecordBounds } from '../../records/bounds.ts'
import type { FilesReport } from '../run-with-files.ts'
import { readFailure, TransformFailure } from '../transform/failure.ts'
import { collectResults, describeFailed, type DoneShard } from './collect.ts'
import { joinOutputs } from './join-outputs.ts'
import { buildShards, findStarts } from './split.ts'

export interface SplitJobContext {
  db: Db
  files: Pick<Files, 'find' | 'open' | 'ofJob' | 'output'>
  /** Of the source, where they are not the defaults. */
  recordBounds?: Partial<RecordBounds>
  retentionMs: number
  /** Jobs of a tenant that may be queued and scheduled: no shards are made beyond. */
  maxJobsWaiting: number
  onError (error: unknown): void
}

export interface SplitJobRun {
  run: Run
  job: BegunJob
  /** Aborts when the run is to stop. */
  signal: AbortSignal
  /** Runs an export of the job's code, as any job's is run. `input` is JSON text. */
  call (entry: string, input: string): Promise<FilesReport>
}

type SplitJobOptions = SplitJobContext & SplitJobRun

/** What a run of such a job came to. */
export interface SplitJobReport extends FilesReport {
  /** The store has ended the run: the job waits for its shards, or for room for them; or another run has it. */
  over?: { why: 'shards' | 'full' | 'fenced', deals: DispatchRef[] }
  /** What becomes of the job whatever its policy says. */
  decision?: Decision
}

/** What is told of a run in which no code ran. */
const NOTHING_RUN: FilesReport = {
  outcome: { type: 'succeeded', result: 'null', usage: EMPTY_USAGE }, outputs: [], isolation: null, receipt: { lines: [], omitted: 0 }, logTail: { dropped: { lines: 0, bytes: 0 }, lines: [] }, spans: [],
}

/** Tells whether a run of that job is one of those here: the job has its work done by shards. */
export function isSplitJob ({ spec, input }: BegunJob): boolean {
  return fileToSplit(spec, input) !== undefined
}

/**
 * Runs a job whose work its shards do, as far as it gets: it finds out where to split, makes them and waits for them, which ends the run; or, once all have ended, joins what they made. Where the job is
 * the store alone knows, so that a run that follows one that died in the middle goes on there.
 */
export async function runSplitJob (context: SplitJobContext, own: SplitJobRun): Promise<SplitJobReport> {
  const options = { ...context, ...own }
  try {
    return await advance(options)
  } catch (error) {
    if (options.signal.aborted) return reportOf({ type: 'cancelled', stoppedAfterMs: 0, usage: EMPTY_USAGE })
    return reportOf({ type: 'failed', error: describe(error, options.onError), usage: EMPTY_USAGE })
  }
}

async function advance (options: SplitJobOptions): Promise<SplitJobReport> {
  const { db, run, job, retentionMs, maxJobsWaiting } = options
  const state = await readShards(db, run.jobId)
  if (state.state === 'ended') return finish(options, state)
  const starts = state.state === 'way' ? null : state.starts ?? await findStartsInTime(options)
  return follow(options, await waitForShards(db, run, starts ? { ...buildShards(job, starts), retentionMs, bounds: { jobsWaiting: maxJobsWaiting } } : undefined))
}

async function follow (options: SplitJobOptions, waits: Waits): Promise<SplitJobReport> {
  switch (waits.type) {
    case 'shards': return { ...NOTHING_RUN, over: { why: 'shards', deals: waits.deals } }
    case 'full':
    case 'fenced': return { ...NOTHING_RUN, over: { why: waits.type, deals: [] } }
    case 'cancelled': return reportOf({ type: 'cancelled', stoppedAfterMs: 0, usage: EMPTY_USAGE })
    case 'small': throw new JobError('INVALID', `Cannot make ${options.job.spec.transform?.shards} shards: the tenant may have ${waits.most} jobs waiting; ask for fewer (transform.shards)`)
    case 'ended':
    case 'missing': return advance(options) // it changed since it was read
    default: return unreachable(waits)
  }
}

/** Reading all of the input is on the clock of the run. */
async function findStartsInTime ({ files, job, recordBounds: bounds, signal }: SplitJobOptions) {
  const { timeoutMs } = job.spec.limits
  const over = new AbortController()
  const finding = findStarts(files, job, { ...bounds && { bounds }, signal: AbortSignal.any([signal, over.signal]) })
  const late = delay(timeoutMs, undefined, { signal: over.signal }).then(() => {
    over.abort()
    const limit = buildBrokenLimit('timeoutMs', timeoutMs, timeoutMs)
    throw new TransformFailure(buildFailure('TIMEOUT', `The input could not be split among shards within ${timeoutMs} ms (limits.timeoutMs)`, { limit }))
  })
  try {
    return await Promise.race([finding, late])
  } finally {
    over.abort()
    await Promise.allSettled([finding, late])
  }
}

async function finish (options: SplitJobOptions, { batchId, total, failed }: ShardsState): Promise<SplitJobReport> {
  const { db, files, run, job: { tenant, spec } } = options
  const settings = spec.transform
  if (!settings) throw new TypeError('Cannot join the shards of a job that is no transform')
  if (failed !== null) {
    const { status, error } = await describeFailed(db, tenant, { total, failed })
    // Another attempt would find the same: the shards had theirs.
    return { ...reportOf({ type: 'failed', error, usage: EMPTY_USAGE }), decision: { status, error, events: [] } }
  }
  const shards = await collectResults(db, tenant, { batchId, total })
  checkRejects(shards, settings.errors.max)
  const combined = await combine(options, shards)
  if (combined.outcome.type !== 'succeeded') return combined
  const outputs = [...await joinOutputs(files, run, { settings, shards }), ...combined.outputs]
  const result = writeResult(combined.outcome.result, shards, outputs)
  return { ...combined, outputs, outcome: { ...combined.outcome, result } }
}

function checkRejects (shards: readonly DoneShard[], max = Infinity): void {
  const rejected = sum(shards, ({ records }) => records.rejected)
  if (rejected <= max) return
  const limit = buildBrokenLimit('errors.max', max, rejected)
  throw new TransformFailure(buildFailure('RECORD_ERRORS', `Cannot join the shards: ${rejected} records failed in all of them, more than ${max} (transform.errors.max)`, { limit }))
}

/** Without an export that says otherwise, the value is that of each of the shards, if they have any. */
async function combine ({ job: { spec: { transform } }, call }: SplitJobOptions, shards: readonly DoneShard[]): Promise<FilesReport> {
  const values = shards.map(({ result }) => result.value ?? null)
  const json = JSON.stringify(values)
  if (transform?.combine !== undefined) return call(transform.combine, json)
  return reportOf({ type: 'succeeded', result: values.every((value) => value === null) ? 'null' : json, usage: EMPTY_USAGE })
}

function writeResult (value: string, shards: readonly DoneShard[], outputs: readonly RunOutput[]): string {
  const files = outputs.map(({ id, name, extents }) => ({ id, name, bytes: extents.reduce((all, { bytes }) => all + bytes, 0) }))
  const records = { read: sum(shards, ({ records }) => records.read), written: sum(shards, ({ records }) => records.written), rejected: sum(shards, ({ records }) => records.rejected) }
  const bytes = { read: sum(shards, (result) => result.bytes.read), written: files.reduce((all, file) => all + file.bytes, 0) }
  return `{"value":${value},${JSON.stringify({ records, bytes, files }).slice(1)}`
}

function sum (shards: readonly DoneShard[], count: (result: DoneShard['result']) => number): number {
  return shards.reduce((all, { result }) => all + count(result), 0)
}

function reportOf (outcome: Outcome): FilesReport {
  return { ...NOTHING_RUN, outcome }
}

/** What nobody has foreseen is for the log alone. */
function describe (error: unknown, onError: (error: unknown) => void): JobFailure {
  const failure = readFailure(error)
  if (!failure) onError(error)
  return failure ?? buildFailure('INTERNAL', 'The job cannot go on: its shards could not be made or joined')
}
