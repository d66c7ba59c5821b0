import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { DeadLetter } from '../../core/job.ts'
import { countDead } from '../../store/dead-letters/count.ts'
import { listJobs, type JobRecord } from '../../store/read.ts'
import type { JobService } from '../job-service.ts'
import { buildJobHead } from '../job-view.ts'
import { withProblems } from '../problem.ts'
import { buildPageSize, Cursor, DEAD_FILTER } from '../schemas.ts'

const LIMIT_MAX = 200

const Counts = z.object({
  total: z.number().int(),
  byCode: z.record(z.string(), z.number().int()).describe('By the code of the failure that the jobs are dead of'),
})

/** Lists and counts the jobs of a tenant that are dead, with what is known of their ends. */
export const deadLetterRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs: { db } }) => {
  app.get('/v1/dead-letters', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['dead letters'],
      summary: 'List dead letters, newest first, with the evidence of what killed them',
      querystring: z.strictObject({ ...DEAD_FILTER, limit: buildPageSize(LIMIT_MAX, 50), cursor: Cursor }),
      response: withProblems({ 200: z.object({ data: z.array(DeadLetter), nextCursor: z.string().nullable() }) }),
    },
  }, async ({ caller, query: { code, ...query } }) => {
    const page = await listJobs(db, caller.tenant, { ...query, status: 'dead', diedOf: code })
    return { data: page.jobs.map(buildDeadLetter), nextCursor: page.nextCursor }
  })

  app.get('/v1/dead-letters/counts', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['dead letters'],
      summary: 'Count dead letters by failure code',
      response: withProblems({ 200: Counts }),
    },
  }, ({ caller }) => countDead(db, caller.tenant))
}

function buildDeadLetter (job: JobRecord): DeadLetter {
  return { ...buildJobHead(job), replayedAs: job.replayedAs, losses: job.losses }
}
