import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { BatchView } from '../../core/batch.ts'
import { JobError } from '../../core/failures.ts'
import { isId } from '../../core/ids.ts'
import { listBatches } from '../../store/batches/read.ts'
import { readJsonItems, readNdjsonItems, type ItemOptions } from '../batch-items.ts'
import { buildBatchRequest, type BatchBody } from '../batch-request.ts'
import { findBatch, PostedBatch, viewBatch, viewPostedBatch } from '../batch-view.ts'
import type { JobService } from '../job-service.ts'
import { NDJSON } from '../ndjson.ts'
import { MAKES_JOBS, withProblems } from '../problem.ts'
import { resolveInput } from '../resolve-input.ts'
import { BatchParams, buildPageSize, Wait } from '../schemas.ts'
import { submitBatch } from '../submit-batch.ts'
import { buildUnderCeilings, checkUnderCeilings } from '../under-ceilings.ts'

const LIMIT_MAX = 200
const CURSOR_MAX_CHARS = 64

const ListQuery = z.strictObject({
  limit: buildPageSize(LIMIT_MAX, 50),
  cursor: z.string().max(CURSOR_MAX_CHARS).optional().describe('`nextCursor` of the page before'),
})
/** Posts a batch, reads one, lists them. */
export const batchRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  const { policy, toolNames, batches, idempotencyMs } = jobs
  const { maxItems } = batches
  const schemasOf = buildUnderCeilings((ceilings) => buildBatchRequest(policy, toolNames, { maxItems, ceilings }))
  // A stream is looked at as it is read.
  app.addContentTypeParser(NDJSON, async (_request: unknown, stream: Readable) => stream)

  app.post('/v1/batches', {
    config: { access: 'jobs:write' },
    preValidation: checkUnderCeilings((caller) => schemasOf(caller).Body),
    bodyLimit: batches.maxBodyBytes,
    schema: {
      tags: ['batches'],
      summary: 'Enqueue many jobs',
      description: `As JSON, or as a stream of lines (\`${NDJSON}\`): first a head, \`{"job": {…}}\` where each line after it is an input, or \`{}\` where each is a job; \`total\` in it says how many follow.`,
      consumes: ['application/json', NDJSON],
      headers: z.object({ 'idempotency-key': z.string().optional().describe('Repeats with this key and the same body answer the first batch, and go on with it where it was cut short') }),
      body: buildBatchRequest(policy, toolNames, { maxItems }).Body,
      response: withProblems({ 202: PostedBatch }, ...MAKES_JOBS, 'CODE_TOO_LARGE', 'CANCELLED', 'GONE'),
    },
  }, async ({ caller, body, span, idempotency }, reply) => {
    const { Job, Head } = schemasOf(caller)
    const options: ItemOptions = { policy, schema: Job, idempotencyMs, resolve: (request) => resolveInput(jobs.files, caller.tenant, request) }
    const posted = body as BatchBody | Readable // a stream is not looked at before
    const source = posted instanceof Readable ? await readNdjsonItems(posted, Head, options) : readJsonItems(posted, options)
    const id = await submitBatch(jobs, { caller, source, span, idempotency })
    return reply.code(202).header('location', `/v1/batches/${id}`).send(await viewPostedBatch(jobs.db, caller.tenant, id))
  })

  app.get('/v1/batches/:id', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['batches'],
      summary: 'Read a batch',
      params: BatchParams,
      querystring: z.strictObject({ wait: Wait }),
      response: withProblems({ 200: BatchView }, 'NOT_FOUND', 'GONE'),
    },
  }, async ({ caller: { tenant }, params: { id }, query: { wait } }, reply) => {
    const batch = await findBatch(jobs.db, tenant, id)
    if (wait === 0 || batch.finishedAt !== null) return viewBatch(batch)
    await jobs.waiter.waitForEnd(id, wait * 1000, reply.untilStopped())
    return viewBatch(await findBatch(jobs.db, tenant, id))
  })

  app.get('/v1/batches', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['batches'],
      summary: 'List batches',
      querystring: ListQuery,
      response: withProblems({ 200: z.object({ data: z.array(BatchView), nextCursor: z.string().nullable() }) }),
    },
  }, async ({ caller: { tenant }, query }) => {
    if (query.cursor !== undefined && !isId('batch', query.cursor)) throw new JobError('INVALID', 'Cannot list batches: the cursor is not one that a list answered with')
    const page = await listBatches(jobs.db, tenant, query)
    return { data: page.batches.map(viewBatch), nextCursor: page.nextCursor }
  })
}
