import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { readResult } from '../../store/read.ts'
import { findJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { withProblems } from '../problem.ts'
import { JobParams } from '../schemas.ts'
import { sendJsonText } from '../send-json.ts'

/** Answers a result's bytes. A user wrote them, so they come as an attachment of a fixed type. */
export const jobResultRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/jobs/:id/result', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['jobs'],
      summary: 'Read the result of a job',
      params: JobParams,
      response: withProblems({ 200: z.unknown().describe('The value that the entry returned, as JSON, or in the form that the header `batchbox-serialization` names') }, 'NOT_FOUND', 'GONE'),
    },
  }, async ({ caller: { tenant }, params: { id } }, reply) => {
    const job = await findJob(jobs.db, tenant, id)
    const result = await readResult(jobs.db, tenant, id)
    if (!result) throw new JobError('NOT_FOUND', `Cannot read the result of job "${id}": there is none, its status is ${job.status}`)
    return sendJsonText(reply.header('batchbox-serialization', job.spec.serialization ?? 'json').header('content-disposition', `attachment; filename="${id}.json"`), 200, result)
  })
}
