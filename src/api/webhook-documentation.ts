import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { z } from 'zod'
import { BatchView } from '../core/batch.ts'
import { JobView } from '../core/job.ts'
import { JOB_WEBHOOK_EVENTS, TEST_EVENT } from '../core/webhook.ts'

const HEADERS = {
  'webhook-id': 'Names the event: the same in every try, and at every endpoint',
  'webhook-timestamp': 'When it was sent, in seconds of the Unix epoch',
  'webhook-signature': '`v1,` and a base64 HMAC-SHA256 of `id.timestamp.body`; several while a secret is rotated, separated by spaces',
} as const
const ANSWERS = {
  '2XX': { description: 'Delivered' },
  '410': { description: 'Nothing more is wanted: the endpoint is disabled' },
  'default': { description: 'Tried again, after Retry-After where the answer is 429 or 503' },
}

function buildMessage (types: readonly [string, ...string[]], data: z.ZodType) {
  return z.object({
    type: z.enum(types),
    timestamp: z.iso.datetime().describe('Of the event'),
    version: z.literal(1),
    data,
  })
}

/** Of a document of OpenAPI 3.1, the one kind that has them. */
type Webhooks = NonNullable<Extract<NonNullable<FastifyDynamicSwaggerOptions['openapi']>, { webhooks?: unknown }>['webhooks']>

function describe (summary: string, message: z.ZodType, example: object): Webhooks[string] {
  const { $defs: _, ...written } = z.toJSONSchema(message, { io: 'output' }) // JSON Schema 2020-12, which is what OpenAPI 3.1 has
  const schema = JSON.parse(JSON.stringify(written).replaceAll('"#/$defs/', '"#/components/schemas/')) as object // where what has a name stands in the reference
  return { post: {
    tags: ['webhooks'],
    summary,
    parameters: Object.entries(HEADERS).map(([name, description]) => ({ name, in: 'header', required: true, description, schema: { type: 'string' } })),
    requestBody: { content: { 'application/json': { schema, example } } },
    responses: ANSWERS,
  } }
}

/** What is sent of a job, and of a batch. */
export const JobMessage = buildMessage(
  JOB_WEBHOOK_EVENTS,
  JobView.omit({ attempts: true, webhook: true, deadlineAt: true }).extend({ attempt: z.number().int().describe('Number of the current attempt') }),
)
export const BatchMessage = buildMessage(['batch.completed'], BatchView.omit({ webhook: true }))

const time = '2026-11-22T12:00:00.000Z'
const JOB = 'job_019f2c5e-80aa-7f34-9f0e-6f3a2f1c1d55'
const BATCH = 'bat_019f2c5e-80aa-7f34-9f0e-6f3a2f1c1d55'

/** What is sent to webhooks, as OpenAPI tells of it. Source: OpenAPI 3.1, "webhooks". */
export const WEBHOOK_DOCUMENTATION: Webhooks = {
  job: describe('An event of a job, with the job as it is by then', JobMessage, { type: 'job.succeeded', timestamp: time, version: 1, data: { id: JOB, status: 'succeeded', result: 42, error: null, tags: { pipeline: 'orders' }, batchId: null, links: { self: `/v1/jobs/${JOB}` } } }),
  batch: describe('The end of a batch', BatchMessage, { type: 'batch.completed', timestamp: time, version: 1, data: { id: BATCH, status: 'completed', total: 3, counts: { succeeded: 2, failed: 1 }, links: { self: `/v1/batches/${BATCH}` } } }),
  test: describe('A test', buildMessage([TEST_EVENT], z.object({ webhookId: z.string() })), { type: TEST_EVENT, timestamp: time, version: 1, data: { webhookId: 'whk_019f2c5e-7a10-7cc3-98c4-dc0c0c07398f' } }),
}
