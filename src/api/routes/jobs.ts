import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { buildJobRequest } from '../../core/job-request.ts'
import { JobView } from '../../core/job.ts'
import { isTerminal } from '../../core/status.ts'
import { followJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { matchesEtag, writeEtag, writeJob, type ShownJob } from '../job-view.ts'
import { parseWait } from '../prefer.ts'
import { MAKES_JOBS, withProblems } from '../problem.ts'
import { checkSize } from '../request-size.ts'
import { JobParams, Wait } from '../schemas.ts'
import { sendJsonText } from '../send-json.ts'
import { submitJob } from '../submit-job.ts'
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
      headers: z.object({
        'idempotency-key': z.string().optional().describe('Repeats with this key and the same body answer the first job'),
        prefer: z.string().optional().describe('`wait=N` (RFC 7240) waits up to N seconds for the end of the job'),
        traceparent: z.string().optional().describe('W3C Trace Context to join'),
      }),
      body: buildJobRequest(policy, toolNames).meta({ 'x-examples': EXAMPLES }),
      response: withProblems({ 200: JobView, 202: JobView }, ...MAKES_JOBS, 'CODE_TOO_LARGE', 'GONE'),
    },
  }, async (request, reply) => {
    const { caller, headers, body, span, idempotency } = request
    checkSize(policy, body, Number(headers['content-length'] ?? Infinity))
    const { id, job: accepted } = await submitJob(jobs, { caller, request: body, span, idempotency })
    const wait = parseWait(headers.prefer)
    const job = wait === undefined && accepted ? accepted : await followJob(jobs, { tenant: caller.tenant, id, waitMs: (wait ?? 0) * 1000, signal: () => reply.untilStopped() })
    if (wait !== undefined) reply.header('preference-applied', `wait=${wait}`)
    reply.header('location', `/v1/jobs/${id}`)
    return sendJob(reply, job, wait !== undefined && isTerminal(job.status) ? 200 : 202)
  })

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

function sendJob (reply: FastifyReply, job: ShownJob, status: number): FastifyReply {
  return sendJsonText(reply.header('etag', writeEtag(job)), status, writeJob(job))
}
