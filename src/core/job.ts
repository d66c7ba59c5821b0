import { z } from 'zod'
import { Priority } from './job-request.ts'
import { CrashEvidence, Isolation, JobFailure, Usage } from './outcome.ts'
import { RECEIPT_LINES_MAX, ReceiptLine } from './receipt.ts'
import { Serialization } from './structured.ts'
import { JobStatus } from './status.ts'
import { TransformProgress } from './transform.ts'
import { WebhookView } from './webhook.ts'

/** Results up to this many bytes stand inside the job; longer ones are read by their link. */
export const INLINE_RESULT_BYTES = 65_536

const time = z.iso.datetime()

/** Why a run ended without an outcome: its runner died; its worker lost its claim, vanished, let the deadline pass, or left in good order; Redis has forgotten the outcome. */
export const LossReason = z.enum(['crash', 'lock', 'redelivered', 'overdue', 'shutdown', 'forgotten'])
export type LossReason = z.infer<typeof LossReason>

export const RunView = z.object({
  number: z.number().int().describe('Counts from 1 over all attempts of the job'),
  startedAt: time,
  finishedAt: time.nullable(),
  worker: z.string(),
  lost: LossReason.nullable().describe('Why it ended without an outcome'),
  isolation: Isolation.nullable(),
  usage: Usage.nullable(),
  receipt: z.array(ReceiptLine).describe('What it touched, and what it was denied'),
  receiptOmitted: z.number().int().describe(`Uses and denials beyond ${RECEIPT_LINES_MAX} lines of receipt`),
  error: JobFailure.nullable(),
})
export type RunView = z.infer<typeof RunView>

export const AttemptView = z.object({
  number: z.number().int(),
  startedAt: time,
  finishedAt: time.nullable(),
  worker: z.string(),
  isolation: Isolation.nullable(),
  usage: Usage.nullable(),
  receipt: z.array(ReceiptLine).describe('That of its last run'),
  receiptOmitted: z.number().int(),
  error: JobFailure.nullable(),
  runs: z.array(RunView).describe('More than one where runners crashed or workers vanished'),
})
export type AttemptView = z.infer<typeof AttemptView>

/** A run that ended without an outcome, and what is known of why. */
export const Loss = z.object({
  run: z.number().int().describe('Number of the run'),
  attempt: z.number().int(),
  at: time,
  worker: z.string(),
  reason: LossReason,
  evidence: CrashEvidence.nullable().describe('Of a runner that died: how, its last words, how its memory grew, and what is suspected'),
})
export type Loss = z.infer<typeof Loss>

/** How far a job is: what its code last said, and of a transform also what is known without it. */
export const Progress = z.object({ value: z.number(), message: z.string() }).extend(TransformProgress.partial().shape)
export type Progress = z.infer<typeof Progress>

const JobLinks = z.object({ self: z.string(), result: z.string(), logs: z.string(), events: z.string(), trace: z.string(), checkpoint: z.string(), files: z.string() })

/** Paths of what a job has, also where there is none of it yet. */
export function linkJob (id: string): z.infer<typeof JobLinks> {
  const self = `/v1/jobs/${id}`
  return { self, result: `${self}/result`, logs: `${self}/logs`, events: `${self}/events`, trace: `${self}/trace`, checkpoint: `${self}/checkpoint`, files: `${self}/files` }
}

/** A job as the API answers it. */
export const JobView = z.object({
  id: z.string(),
  status: JobStatus,
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  deadlineAt: time.nullable().describe('When the current run will be stopped'),
  expiresAt: time.nullable().describe('When the job and all it stored will be removed'),
  result: z.unknown().optional().describe(`Left out above ${INLINE_RESULT_BYTES} bytes; links.result has it`),
  serialization: Serialization.describe('How the result is written'),
  error: JobFailure.nullable(),
  attempts: z.array(AttemptView),
  usage: Usage.extend({ queueMs: z.number() }).nullable().describe('Of the last run; while that goes on, what the last `job.usage` told'),
  progress: Progress.nullable(),
  priority: Priority,
  tags: z.record(z.string(), z.string()),
  batchId: z.string().nullable().describe('The batch that it is an item of'),
  shards: z.string().nullable().describe('The batch of its shards, while it waits for them and after'),
  replayOf: z.string().nullable().describe('The job that it runs again'),
  webhook: WebhookView.nullable().describe('What is told of its events, beside the endpoints of the tenant'),
  traceId: z.string().nullable(),
  links: JobLinks,
})
export type JobView = z.infer<typeof JobView>

/** A dead job as it is listed, with all that is known of its end. */
export const DeadLetter = JobView.omit({ result: true }).extend({
  replayedAs: z.string().nullable().describe('The last job that was made again from this one'),
  losses: z.array(Loss),
})
export type DeadLetter = z.infer<typeof DeadLetter>
