import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobView } from '../../core/job.ts'
import { buildReplayChange } from '../../core/replay-request.ts'
import { findJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { writeEtag, writeJob } from '../job-view.ts'
import { MAKES_JOBS, withProblems } from '../problem.ts'
import { replayJob } from '../replay-job.ts'
import { JobParams } from '../schemas.ts'
import { sendJsonText } from '../send-json.ts'

/** Makes a job that has ended once more: 202 with the new job, 200 with the one that was made of it before. */
export const jobReplayRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  const Change = z.strictObject(buildReplayChange(jobs.policy))
  app.post('/v1/jobs/:id/replay', {
    config: { access: 'jobs:write' },
    schema: {
      tags: ['jobs'],
      summary: 'Make a new job with the request of one that has ended',
      headers: z.object({ 'idempotency-key': z.string().optional().describe('Repeats with this key and the same body answer the first replay') }),
      params: JobParams,
      body: Change.nullable().transform((change) => change ?? Change.parse({})),
      response: withProblems({ 200: JobView, 202: JobView }, ...MAKES_JOBS, 'NOT_FOUND', 'NOT_FINISHED', 'GONE'),
    },
  }, async ({ caller, params, body, span, idempotency }, reply) => {
    const { id, isNew } = await replayJob(jobs, { caller, sourceId: params.id, change: body, span, idempotency })
    const job = await findJob(jobs.db, caller.tenant, id)
    reply.header('location', `/v1/jobs/${id}`).header('etag', writeEtag(job))
    return sendJsonText(reply, isNew ? 202 : 200, writeJob(job))
  })
}
