import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { viewEvent } from '../../core/events.ts'
import { readEvents } from '../../store/read.ts'
import { findBatch } from '../batch-view.ts'
import { EventAnswer, EventQuery } from '../event-view.ts'
import type { JobService } from '../job-service.ts'
import { withProblems } from '../problem.ts'
import { BatchParams } from '../schemas.ts'

/** Answers a batch's history: its progress, now and then, and its end. With `wait`, a request that would find nothing new waits for the next event. */
export const batchEventRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/batches/:id/events', {
    config: { access: 'jobs:read' },
    schema: { tags: ['batches'], summary: 'Read the events of a batch', params: BatchParams, querystring: EventQuery, response: withProblems({ 200: EventAnswer }, 'NOT_FOUND', 'GONE') },
  }, async ({ caller: { tenant }, params: { id }, query: { after, limit, wait } }, reply) => {
    let batch = await findBatch(jobs.db, tenant, id)
    if (batch.sequence <= after && wait > 0 && batch.finishedAt === null) {
      await jobs.waiter.waitForEvent(id, after, wait * 1000, reply.untilStopped())
      batch = await findBatch(jobs.db, tenant, id)
    }
    const events = await readEvents(jobs.db, id, { after, limit })
    const last = events.at(-1)
    const isOver = last ? last.type === 'batch.completed' : batch.finishedAt !== null
    return { data: events.map((event) => viewEvent(id, event)), nextCursor: isOver ? null : String(last?.sequence ?? after) }
  })
}
