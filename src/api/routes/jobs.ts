import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { buildJobRequest } from '../../core/job-request.ts'
import { JobView } from '../../core/job.ts'
import { followJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { matchesEtag, writeEtag } from '../job-view.ts'
import { postJob, sendJob } from '../post-job.ts'
import { MAKES_JOBS, withProblems } from '../problem.ts'
import { JobParams, PostHeaders, Wait } from '../schemas.ts'
import { buildUnderCeilings, checkUnderCeilings } from '../under-ceilings.ts'

export interface JobRoutesOptions {
  jobs: JobService
}

/** Bodies that the reference shows. */
const EXAMPLES = {
  job: { summary: 'A job', value: { code: 'export default (rows) => rows.map((row) => ({ ...row, total: row.price * row.quantity }))', input: [{ price: 2, quantity: 3 }], limits: { timeoutMs: 5000 } } },
  transform: {
    summary: 'A transform of a file',
    value: { code: 'export default ({ id, total }) => total > 0 ? { id, total } : undefined', input: { $file: 'orders.csv' }, transform: { input: { types: true }, output: { name: 'paid.ndjson' }, errors: { policy: 'skip', max: 100 } } },
  },
}

/** Posts a job and reads one. */
export const jobRoutes: FastifyPluginAsyncZod<JobRoutesOptions> = async (app, { jobs }) => {
  const { policy, toolNames } = jobs

  app.post('/v1/jobs', {
    config: { access: 'jobs:write' },
    preValidation: checkUnderCeilings(buildUnderCeilings((ceilings) => buildJobRequest(policy, toolNames, ceilings))),
    schema: {
      tags: ['jobs'],
      summary: 'Enqueue a job',
      headers: PostHeaders,
      body: buildJobRequest(policy, toolNames).meta({ 'x-examples': EXAMPLES }),
      response: withProblems({ 200: JobView, 202: JobView }, ...MAKES_JOBS, 'CODE_TOO_LARGE', 'GONE'),
    },
  }, async (request, reply) => postJob(jobs, request, reply, request.body))

  app.get('/v1/jobs/:id', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['jobs'],
      summary: 'Read a job',
      params: JobParams,
      querystring: z.strictObject({ wait: Wait }),
      response: withProblems({ 200: JobView, 304: z.null().describe('Not modified') }, 'NOT_FOUND', 'GONE'),
    },
  }, async (request, reply) => {
    const { caller: { tenant }, params: { id }, query: { wait } } = request
    const job = await followJob(jobs, { tenant, id, waitMs: wait * 1000, signal: () => reply.untilStopped() })
    if (!matchesEtag(request.headers['if-none-match'], writeEtag(job))) return sendJob(reply, job, 200)
    return reply.code(304).header('etag', writeEtag(job)).send(null)
  })
}
