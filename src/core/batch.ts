import { z } from 'zod'
import { JobFailure } from './outcome.ts'
import { Serialization } from './structured.ts'
import { JobStatus } from './status.ts'
import { WebhookView } from './webhook.ts'

/** `open` takes items still. A batch is `cancelling` until its last running item was stopped; one that was cancelled too late to matter is `cancelled` all the same. */
export const BatchStatus = z.enum(['open', 'running', 'cancelling', 'completed', 'cancelled'])
export type BatchStatus = z.infer<typeof BatchStatus>

/** How many items are where: in each state of a job, refused, or repeats of jobs that were posted before. */
export const BatchCounts = z.object(Object.fromEntries(
  ['refused', 'repeated', ...JobStatus.options].map((name) => [name, z.number().int()]),
) as Record<'refused' | 'repeated' | JobStatus, z.ZodNumber>) // the names that it was made of
export type BatchCounts = z.infer<typeof BatchCounts>

const time = z.iso.datetime()

/** A batch as the API answers it. */
export const BatchView = z.object({
  id: z.string(),
  status: BatchStatus,
  total: z.number().int().describe('Items that came; it grows while the batch is open'),
  counts: BatchCounts.describe('Adds up to the total'),
  incomplete: z.boolean().describe('Its client stopped in the middle of posting items, and did not come back in time'),
  createdAt: time,
  finishedAt: time.nullable(),
  expiresAt: time.nullable().describe('When the batch, its items and their results will be removed'),
  replayOf: z.string().nullable().describe('The batch whose items it runs again'),
  shardsOf: z.string().nullable().describe('The job that its items are shards of; such a batch is kept as long as the job'),
  webhook: WebhookView.nullable().describe('What is told of its end, beside the endpoints of the tenant'),
  links: z.object({ self: z.string(), results: z.string(), events: z.string(), jobs: z.string() }),
})
export type BatchView = z.infer<typeof BatchView>

/** What became of one item when it was posted. */
export const ItemOutcome = z.object({
  index: z.number().int().describe('From 0, in the order they were posted'),
  outcome: z.enum(['accepted', 'repeated', 'refused']),
  jobId: z.string().nullable().describe('Null where it was refused; of a repeat, the job that was posted first'),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
})
export type ItemOutcome = z.infer<typeof ItemOutcome>

/** A line of a batch's results. */
export const BatchResult = z.object({
  index: z.number().int(),
  jobId: z.string().nullable(),
  status: z.enum([...JobStatus.options, 'refused', 'removed']),
  result: z.unknown().optional().describe('Once it succeeded'),
  serialization: Serialization.optional().describe('How the result is written; left out where it is JSON'),
  error: z.union([JobFailure, z.object({ code: z.string(), message: z.string() })]).optional(),
})
