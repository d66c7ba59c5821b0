import type { AttemptView, Loss, LossReason, Progress, RunView } from '../core/job.ts'
import { JobError } from '../core/failures.ts'
import type { JobSpec } from '../core/job-request.ts'
import type { UsagePayload } from '../core/live-usage.ts'
import type { CrashEvidence, Isolation, JobFailure, Usage } from '../core/outcome.ts'
import type { RunReceipt } from '../core/receipt.ts'
import { isTerminal, type JobStatus } from '../core/status.ts'
import type { Place } from './cipher.ts'
import { readReference } from './codec.ts'
import { placeOfField, unfoldRecord, type Fields } from './record-fold.ts'
import { openJson, placeOf, unpackSealed, type Sealing } from './sealing.ts'

/** Version of the records that this code reads and writes. It grows when a process that does not know the new one would do harm: fields that others can ignore need none. A record is written with the least one that says what it has. */
export const RECORD_VERSION = 4
/** It is a transform, or has files. */
export const FILES_VERSION = 3
/** Something of it may be encrypted. */
export const SEALED_VERSION = 2

/** A job as it is stored. Times in milliseconds of Redis's clock. */
export interface JobRecord {
  id: string
  tenant: string
  status: JobStatus
  /** Number of the current attempt, from 1. */
  attempt: number
  /** Number of the message that the job's next run comes with, from 1. */
  turn: number
  /** Number of the job's last event: it grows with every change that clients can see. */
  sequence: number
  spec: JobSpec
  codeHash: string
  createdAt: number
  runAt: number | null
  startedAt: number | null
  finishedAt: number | null
  deadlineAt: number | null
  expiresAt: number | null
  crashes: number
  lost: number
  cancelRequested: boolean
  /** Size of the result's JSON, and its text where it stands inside the record. */
  result: { bytes: number, json: string | null } | null
  error: JobFailure | null
  /** Of its last run; up to the last event that told of it while that goes on. */
  usage: Usage | null
  /** How long the first run waited after it was due. */
  queueMs: number | null
  progress: Progress | null
  traceparent: string | null
  traceId: string | null
  batchId: string | null
  /** The batch of its shards. */
  shards: string | null
  /** The file that is its input. */
  fileId: string | null
  /** The job that this one was made again from. */
  replayOf: string | null
  /** The last job that was made again from this one. */
  replayedAs: string | null
  attempts: AttemptView[]
  /** Runs that ended without an outcome, oldest first. */
  losses: Loss[]
}

interface RunStart {
  attempt: number
  startedAt: number
  worker: string
}

interface RunEnd {
  finishedAt: number
  usage?: Usage | null
  isolation?: Isolation | null
  error?: JobFailure | null
  /** Missing where nothing was touched. */
  receipt?: RunReceipt
  lost?: LossReason
  /** Missing also from what versions before have stored. */
  evidence?: CrashEvidence
}

/** Reads the fields of a job's hash, folded or not. Throws UNAVAILABLE for a record of a newer version, and for one that cannot be decrypted. */
export async function parseJobRecord (sealing: Sealing, id: string, stored: Fields): Promise<JobRecord> {
  checkVersion(id, stored)
  const fields = await unfoldRecord(sealing, id, stored)
  const text = (name: string) => fields[name]?.toString() ?? ''
  const time = (name: string) => fields[name] ? Number(text(name)) : null
  const tenant = text('tenant')
  // The moves wrote every JSON in here, from values that were validated before.
  const json = <T>(name: string) => fields[name] ? openJson(sealing, text(name), placeOfField(tenant, id, name)) as T : null
  const status = text('status') as JobStatus
  const spec = json<JobSpec>('spec') as JobSpec // every job has one
  const createdAt = Number(text('createdAt'))
  const startedAt = time('startedAt')
  const told = status === 'running' ? json<UsagePayload>('live') : null
  const live = told?.run === Number(text('fence')) ? told : null // a version before leaves what a run told that it ends
  return {
    id,
    tenant,
    status,
    attempt: Number(text('attempt')),
    turn: Number(text('turn') || 1),
    sequence: Number(text('seq')),
    spec,
    codeHash: text('code'),
    createdAt,
    runAt: time('runAt'),
    startedAt,
    finishedAt: time('finishedAt'),
    deadlineAt: time('deadlineAt'),
    expiresAt: time('expiresAt'),
    crashes: Number(text('crashes')),
    lost: Number(text('lost')),
    cancelRequested: text('cancel') === '1',
    result: fields['result'] ? await readResultField(sealing, fields['result'], placeOf('result', tenant, id)) : null,
    error: json<JobFailure>('error'),
    usage: live ? usageOf(live) : json<Usage>('usage'),
    queueMs: startedAt === null ? null : Math.max(0, startedAt - Math.max(createdAt + spec.delayMs, Date.parse(spec.runAt ?? '') || 0)),
    progress: json<Progress>('progress'),
    traceparent: text('traceparent') || null,
    traceId: text('traceparent').split('-')[1] ?? null,
    batchId: text('batchId') || null,
    shards: text('shards') || null,
    fileId: text('file') || null,
    replayOf: text('replayOf') || null,
    replayedAs: text('replayedAs').split(' ')[0] || null,
    ...readAttempts(json, { runs: Number(text('fence')), ongoing: isTerminal(status) ? 0 : Number(text('attempt')), live }),
  }
}

/** Throws UNAVAILABLE for a record of a newer version. */
export function checkVersion (id: string, { v }: Fields): void {
  const version = Number(v ?? 1)
  if (version > RECORD_VERSION) throw newerRecord(id, `record version ${version}, and this process knows ${RECORD_VERSION}`)
}

/** For a job that only a newer version of the service may read or change. */
export function newerRecord (id: string, how: string): JobError {
  return new JobError('UNAVAILABLE', `Cannot use job "${id}": a newer version of the service wrote it (${how}); ask again, another process may know it`)
}

async function readResultField (sealing: Sealing, field: Buffer, place: Place): Promise<JobRecord['result']> {
  const bytes = readReference(field)
  if (bytes !== undefined) return { bytes, json: null }
  const json = await unpackSealed(sealing, field, place)
  return { bytes: json.length, json: json.toString() }
}

/** Gathers runs into attempts: an attempt starts with its first run, and ends as its last one did. */
function readAttempts (json: <T>(name: string) => T | null, { runs, ongoing, live }: { runs: number, ongoing: number, live: UsagePayload | null }): Pick<JobRecord, 'attempts' | 'losses'> {
  const attempts = new Map<number, RunView[]>()
  const losses: Loss[] = []
  for (let fence = 1; fence <= runs; fence++) {
    const start = json<RunStart>(`run:${fence}`)
    if (!start) continue
    const end = json<RunEnd>(`end:${fence}`)
    if (end?.lost) losses.push({ run: fence, attempt: start.attempt, at: formatTime(end.finishedAt), worker: start.worker, reason: end.lost, evidence: end.evidence ?? null })
    const run = viewRun(fence, start, end)
    if (live?.run === fence) run.usage = usageOf(live)
    attempts.set(start.attempt, [...attempts.get(start.attempt) ?? [], run])
  }
  return {
    attempts: [...attempts].map(([number, [first, ...others]]) => viewAttempt({ number, isOngoing: number === ongoing }, first as RunView, others)), // each has one at least
    losses,
  }
}

function viewRun (number: number, start: RunStart, end: RunEnd | null): RunView {
  return {
    number,
    startedAt: formatTime(start.startedAt),
    finishedAt: end ? formatTime(end.finishedAt) : null,
    worker: start.worker,
    lost: end?.lost ?? null,
    isolation: end?.isolation ?? null,
    usage: end?.usage ?? null,
    receipt: end?.receipt?.lines ?? [],
    receiptOmitted: end?.receipt?.omitted ?? 0,
    error: end?.error ?? null,
  }
}

function usageOf ({ wallMs, cpuMs, peakMemoryBytes, logBytes, toolCalls }: UsagePayload): Usage {
  return { wallMs, cpuMs, peakMemoryBytes: peakMemoryBytes ?? 0, logBytes, resultBytes: 0, toolCalls }
}

function viewAttempt ({ number, isOngoing }: { number: number, isOngoing: boolean }, first: RunView, others: readonly RunView[]): AttemptView {
  const runs = [first, ...others]
  const last = others.at(-1) ?? first
  return {
    number,
    startedAt: first.startedAt,
    finishedAt: isOngoing ? null : last.finishedAt,
    worker: last.worker,
    isolation: runs.findLast(({ isolation }) => isolation)?.isolation ?? null,
    usage: runs.findLast(({ usage }) => usage)?.usage ?? null,
    receipt: last.receipt,
    receiptOmitted: last.receiptOmitted,
    error: last.error,
    runs,
  }
}

function formatTime (ms: number): string {
  return new Date(ms).toISOString()
}
