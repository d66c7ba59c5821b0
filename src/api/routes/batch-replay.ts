import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { buildReplayChange } from '../../core/replay-request.ts'
import { findBatch, PostedBatch, viewPostedBatch } from '../batch-view.ts'
import type { JobService } from '../job-service.ts'
import { MAKES_JOBS, withProblems } from '../problem.ts'
import { replayBatch } from '../replay-batch.ts'
import { BatchParams } from '../schemas.ts'

const ENDED_BADLY = ['failed', 'dead', 'cancelled', 'expired'] as const

/** Makes a batch of the items of another that failed. */
export const batchReplayRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  const { again: _, ...change } = buildReplayChange(jobs.policy)
  const Replay = z.strictObject({
    statuses: z.array(z.enum(ENDED_BADLY)).min(1).max(ENDED_BADLY.length).default(['failed', 'dead']).describe('Items that ended so are made again'),
    ...change,
  })
  app.post('/v1/batches/:id/replay', {
    config: { access: 'jobs:write' },
    schema: {
      tags: ['batches'],
      summary: 'Make a new batch of the items that failed',
      headers: z.object({ 'idempotency-key': z.string().optional().describe('Repeats with this key and the same body answer the first replay, and go on with it where it was cut short') }),
      params: BatchParams,
      body: Replay.nullable().transform((replay) => replay ?? Replay.parse({})),
      response: withProblems({ 202: PostedBatch }, ...MAKES_JOBS, 'NOT_FOUND', 'NOT_FINISHED', 'CANCELLED', 'GONE'),
    },
  }, async ({ caller, params, body: { statuses, ...change }, span, idempotency }, reply) => {
    const batch = await findBatch(jobs.db, caller.tenant, params.id)
    const id = await replayBatch(jobs, { caller, batch, statuses, change, span, idempotency })
    return reply.code(202).header('location', `/v1/batches/${id}`).send(await viewPostedBatch(jobs.db, caller.tenant, id))
  })
}
