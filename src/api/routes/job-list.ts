import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobView } from '../../core/job.ts'
import { TAG_BOUNDS } from '../../core/job-request.ts'
import { JobStatus } from '../../core/status.ts'
import { listJobs } from '../../store/read.ts'
import type { JobService } from '../job-service.ts'
import { buildJobHead } from '../job-view.ts'
import { withProblems } from '../problem.ts'
import { buildPageSize } from '../schemas.ts'

const LIMIT_MAX = 200
const TAG_MAX_CHARS = TAG_BOUNDS.keyChars + 1 + TAG_BOUNDS.valueChars
const CURSOR_MAX_CHARS = 512

const Tag = z.string().max(TAG_MAX_CHARS).regex(/^[^:]+:/, 'Expected key:value').transform((text) => {
  const colon = text.indexOf(':')
  return { name: text.slice(0, colon), value: text.slice(colon + 1) }
})
const Time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

const ListQuery = z.strictObject({
  status: JobStatus.optional(),
  tag: Tag.optional().describe('`key:value`, matched exactly; the key ends at the first colon'),
  since: Time.optional().describe('Made at this time or later'),
  until: Time.optional().describe('Made at this time or before'),
  limit: buildPageSize(LIMIT_MAX, 50),
  cursor: z.string().max(CURSOR_MAX_CHARS).optional().describe('`nextCursor` of the page before'),
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
