import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { viewEvent, type JobEvent } from '../../core/events.ts'
import { isTerminal, JobStatus } from '../../core/status.ts'
import { readEvents } from '../../store/read.ts'
import { EventAnswer, EventQuery } from '../event-view.ts'
import { findJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { withProblems } from '../problem.ts'
import { JobParams } from '../schemas.ts'

/** Answers a job's history, page by page. With `wait`, a request that would find nothing new waits for the next event (a long poll). */
export const jobEventRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/jobs/:id/events', {
    config: { access: 'jobs:read' },
    schema: { tags: ['jobs'], summary: 'Read the events of a job', params: JobParams, querystring: EventQuery, response: withProblems({ 200: EventAnswer }, 'NOT_FOUND', 'GONE') },
  }, async ({ caller: { tenant }, params: { id }, query: { after, limit, wait } }, reply) => {
    let job = await findJob(jobs.db, tenant, id)
    if (job.sequence <= after && wait > 0 && !isTerminal(job.status)) {
      await jobs.waiter.waitForEvent(id, after, wait * 1000, reply.untilStopped())
      job = await findJob(jobs.db, tenant, id)
    }
    const events = await readEvents(jobs.db, id, { after, limit })
    const last = events.at(-1)
    const isOver = last ? endsJob(last) : isTerminal(job.status)
    return { data: events.map((event) => viewEvent(id, event)), nextCursor: isOver ? null : String(last?.sequence ?? after) }
  })
}

/** The event of a terminal state is the last that a job has. */
function endsJob ({ type }: JobEvent): boolean {
  const status = JobStatus.safeParse(type.slice('job.'.length))
  return status.success && isTerminal(status.data)
}
