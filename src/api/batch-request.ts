import { z } from 'zod'
import type { Ceilings } from '../core/api-key.ts'
import { buildJobRequest } from '../core/job-request.ts'
import type { LimitPolicy } from '../core/limits.ts'
import { buildBatchWebhook } from '../core/webhook.ts'

/** Builds the schemas of `POST /v1/batches` for one service's limits, or under the ceilings of an API key. What is wrong with one item does not sink the others, so items are looked at one by one. */
export function buildBatchRequest (policy: LimitPolicy, toolNames: readonly string[], { maxItems, ceilings }: { maxItems: number, ceilings?: Ceilings | undefined }) {
  const Job = buildJobRequest(policy, toolNames, ceilings)
  const Shared = Job.refine(({ input }) => input === null, { path: ['input'], message: 'Each item has an input of its own: put them into inputs' })
    .describe('As in POST /v1/jobs, without an input')
  const webhook = buildBatchWebhook(ceilings?.webhooks).optional()
  const items = z.array(z.unknown()).min(1).max(maxItems)
  const Body = z.union([
    z.strictObject({ job: Shared, inputs: items.describe('The input of each item: any JSON value'), webhook }).describe('One code, many inputs'),
    z.strictObject({ jobs: items.describe('Each as in POST /v1/jobs, with an `idempotencyKey` of its own if wanted'), webhook }).describe('Many jobs'),
  ])
  const Head = z.strictObject({
    job: Shared.optional(),
    total: z.number().int().min(1).max(maxItems).optional().describe('How many items follow: a stream that was cut short is noticed'),
    webhook,
  })
  return { Job, Body, Head }
}

type Schemas = ReturnType<typeof buildBatchRequest>
export type JobSchema = Schemas['Job']
/** A body in JSON. */
export type BatchBody = z.output<Schemas['Body']>
/** The first line of a body in NDJSON. */
export type BatchHead = z.output<Schemas['Head']>
