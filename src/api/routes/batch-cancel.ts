import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { BatchView } from '../../core/batch.ts'
import { isId } from '../../core/ids.ts'
import { cancelBatch, stopItems } from '../../store/batches/cancel.ts'
import { findBatch, viewBatch } from '../batch-view.ts'
import { confirm } from '../confirm.ts'
import type { JobService } from '../job-service.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { BatchParams } from '../schemas.ts'

/** How long a request goes on with ending items; a worker goes on with the others. */
const STOP_MS = 2000

/** Cancels a batch: 200 with the batch where it has ended, 202 while items are being stopped. */
export const batchCancelRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.post('/v1/batches/:id/cancel', {
    config: { access: 'jobs:write' },
    schema: {
      tags: ['batches'],
      summary: 'Cancel a batch',
      description: 'No item begins from then on, items that run are stopped, and items that are still being posted are refused.',
      params: BatchParams,
      response: withProblems({ 200: BatchView, 202: BatchView }, ...TAKES_BODY, 'NOT_FOUND', 'GONE'),
    },
  }, async ({ caller: { tenant }, params: { id } }, reply) => {
    if (isId('batch', id) && await cancelBatch(jobs.db, tenant, id) === 'asked') {
      const until = performance.now() + STOP_MS
      while (await stopItems(jobs.db, id, jobs.retentionMs) && performance.now() < until);
    }
    const batch = await findBatch(jobs.db, tenant, id)
    // What the client is told holds: no failover has the items run on.
    await confirm(jobs, 'cancellation', async (redis) => (await redis.hmget(jobs.db.keys.batch(id), 'cancel', 'finishedAt')).some((field) => field !== null))
    return reply.code(batch.finishedAt === null ? 202 : 200).send(viewBatch(batch))
  })
}
