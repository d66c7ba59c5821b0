import { z } from 'zod'
import { Priority } from './job-request.ts'
import { Isolation, JobFailure, Usage } from './outcome.ts'
import { JobStatus } from './status.ts'

/** Results up to this many bytes stand inside the job; longer ones are read by their link. */
export const INLINE_RESULT_BYTES = 65_536

const time = z.iso.datetime()

export const AttemptView = z.object({
  number: z.number().int(),
  /** How many runs it took; more than one where runners crashed or workers vanished. */
  runs: z.number().int(),
  startedAt: time,
  finishedAt: time.nullable(),
  worker: z.string(),
  isolation: Isolation.nullable(),
  usage: Usage.nullable(),
  receipt: z.array(z.unknown()),
  error: JobFailure.nullable(),
})
export type AttemptView = z.infer<typeof AttemptView>

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
  error: JobFailure.nullable(),
  attempts: z.array(AttemptView),
  usage: Usage.extend({ queueMs: z.number() }).nullable(),
  progress: z.object({ value: z.number(), message: z.string() }).nullable(),
  priority: Priority,
  tags: z.record(z.string(), z.string()),
  batchId: z.null(),
  replayOf: z.null(),
  traceId: z.string().nullable(),
  links: z.object({ self: z.string(), result: z.string(), logs: z.string(), events: z.string(), trace: z.string() }),
})
export type JobView = z.infer<typeof JobView>
