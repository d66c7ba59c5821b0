import type { EventType, NewEvent } from '../../core/events.ts'
import type { RunOutput } from '../../core/file.ts'
import type { LossReason } from '../../core/job.ts'
import type { CrashEvidence, Isolation, JobFailure, Usage } from '../../core/outcome.ts'
import type { RunReceipt } from '../../core/receipt.ts'
import { isTerminal, type JobStatus } from '../../core/status.ts'
import { packPayload } from '../codec.ts'
import type { Db, Run } from '../db.ts'
import { readDeals, type DispatchRef } from '../deals.ts'
import { outputArguments } from '../files/outputs.ts'
import { loadMove, runMove } from '../script.ts'
import { placeOf, sealJson, sealPayload } from '../sealing.ts'
import { flattenEvents, sealPayloadOf } from './progress.ts'
import { readText } from './reply.ts'
import { CANCELLED_FAILURE } from './verdicts.ts'

/** What a run ended with, and what becomes of the job. */
export interface Settlement {
  /** A terminal state, unless there is a `next`: then the store finds the state itself. */
  status: JobStatus
  usage: Usage | null
  isolation: Isolation | null
  /** What the run touched, and what it was denied. */
  receipt?: RunReceipt
  error: JobFailure | null
  /** JSON text; kept only if the job succeeds. */
  result?: string
  /** Files of the job as the run has left them; kept only if the job ends. */
  outputs?: readonly RunOutput[]
  /**
   * The run's last events. The event of the state change (`job.succeeded`, `job.retrying`, …) is written after them by the store;
   * one given here only adds to its payload.
   */
  events: readonly NewEvent[]
  /** Another run: of the next attempt, or of the same one after a crash that is not the code's fault. */
  next?: { attempt: number, delayMs: number }
  /** A budget that this run is charged to. `shared` is none: it only has the job run alone from then on. */
  charge?: 'crash' | 'lost' | 'shared' | null
  /** What is known of the death of the run's runner. */
  evidence?: CrashEvidence
  retentionMs: number
  /** How long a death of a runner is held against the code of the job; 10 minutes without it. */
  quarantineMs?: number
  /** Once a tenant has spent its budget of retries, they come one in so many milliseconds; 0, the default, for any number. */
  retryEveryMs?: number
}

export const QUARANTINE_MS = 600_000

/** The state that the job is in now. The caller sends the messages of `deals`. A fenced run changed nothing. */
export type Settled = { type: 'settled', status: JobStatus, deals: DispatchRef[] } | { type: 'fenced' }

const SCRIPT = loadMove(new URL('settle.lua', import.meta.url))
const LOSSES = { crash: 'crash', lost: 'lock', shared: 'crash' } as const satisfies Record<string, LossReason>
const CHARGED_FIELD = { crash: 'crashes', lost: 'lost', shared: 'shared' } as const
const STATE_EVENTS: ReadonlySet<EventType> = new Set([
  'job.queued', 'job.scheduled', 'job.retrying', 'job.succeeded', 'job.failed', 'job.dead', 'job.cancelled', 'job.expired',
])

/**
 * Stores what a run ended with, once: the outcome, its events and what is owed after it. Where the job is to run again but was
 * asked to be cancelled meanwhile, it is cancelled. Throws a RangeError for a settlement that neither ends the job nor has a next run.
 */
export async function settle (db: Db, run: Run, settlement: Settlement): Promise<Settled> {
  const { jobId, tenant } = run
  const { status, usage, isolation, receipt, error, result, outputs = [], next, charge, evidence, retentionMs, quarantineMs = QUARANTINE_MS, retryEveryMs = 0 } = settlement
  if (!next && !isTerminal(status)) throw new RangeError(`Cannot settle job "${run.jobId}": "${status}" is no end and there is no next run`)
  const stored = result === undefined ? null : sealPayload(db, await packPayload(result), placeOf('result', tenant, jobId))
  const failure = status === 'cancelled' && !error ? CANCELLED_FAILURE : error && sealJson(db, JSON.stringify(error), placeOf('error', tenant, jobId), { code: error.code })
  const ended = JSON.stringify({ usage, isolation, error, ...(receipt && isUsed(receipt) ? { receipt } : {}), ...(charge ? { lost: LOSSES[charge] } : {}), evidence })
  const type = stateEvent(settlement)
  const reply = await runMove(db, SCRIPT, run.jobId, [
    run.fence, run.holder, status, retentionMs, failure ?? '', usage ? JSON.stringify(usage) : '', `,${sealJson(db, ended, placeOf('end', tenant, jobId, run.fence)).slice(1)}`,
    stored?.field ?? '', stored?.body ?? '', charge ? CHARGED_FIELD[charge] : '', next?.attempt ?? 0, next?.delayMs ?? 0,
    type, sealPayloadOf(db, run, type, { ...statePayload(settlement), ...payloadGiven(settlement.events, type) }), CANCELLED_FAILURE,
    quarantineMs, retryEveryMs, outputs.length, ...outputArguments(outputs),
    ...flattenEvents(db, run, settlement.events.filter((event) => !STATE_EVENTS.has(event.type))),
  ])
  if (readText(reply, 0) === 'fenced') return { type: 'fenced' }
  return { type: 'settled', status: readText(reply, 1) as JobStatus, deals: readDeals(reply, 2) } // settle.lua answers the state it wrote
}

function isUsed ({ lines, omitted }: RunReceipt): boolean {
  return lines.length + omitted > 0
}

function stateEvent ({ status, next }: Settlement): EventType {
  return next ? 'job.retrying' : `job.${status}` as EventType // each terminal state has its event
}

function statePayload ({ error, usage, next, charge }: Settlement): Record<string, unknown> {
  return { ...(error ? { error } : {}), ...(next ? { ...next, charged: charge ?? null } : { usage }) }
}

function payloadGiven (events: readonly NewEvent[], type: EventType): NewEvent['payload'] | undefined {
  return events.find((event) => event.type === type)?.payload
}
