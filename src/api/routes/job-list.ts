import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobView } from '../../core/job.ts'
import { JobStatus } from '../../core/status.ts'
import { listJobs } from '../../store/read.ts'
import type { JobService } from '../job-service.ts'
import { buildJobHead } from '../job-view.ts'
import { withProblems } from '../problem.ts'
import { buildPageSize, Cursor, Tag, Time } from '../schemas.ts'

const LIMIT_MAX = 200
const BATCH_ID_MAX_CHARS = 64

const ListQuery = z.strictObject({
  status: JobStatus.optional(),
  tag: Tag.optional(),
  batch: z.string().max(BATCH_ID_MAX_CHARS).optional().describe('Id of a batch: only items of it'),
  since: Time.optional().describe('Made at this time or later'),
  until: Time.optional().describe('Made at this time or before'),
  limit: buildPageSize(LIMIT_MAX, 50),
  cursor: Cursor,
})

/** Lists a tenant's jobs, newest first, without their results. */
export const jobListRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/jobs', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['jobs'],
      summary: 'List jobs',
      querystring: ListQuery,
      response: withProblems({ 200: z.object({ data: z.array(JobView.omit({ result: true })), nextCursor: z.string().nullable() }) }),
    },
  }, async ({ caller, query }) => {
    const page = await listJobs(jobs.db, caller.tenant, query)
    return { data: page.jobs.map((job) => buildJobHead(job)), nextCursor: page.nextCursor }
  })
}
