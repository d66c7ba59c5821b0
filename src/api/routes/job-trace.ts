import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { readTrace } from '../../store/trace.ts'
import { findJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { withProblems } from '../problem.ts'
import { JobParams } from '../schemas.ts'

const Trace = z.object({ resourceSpans: z.array(z.unknown()) }).describe('OTLP/JSON: what a collector takes at /v1/traces')

/** Answers the spans of a job as OTLP/JSON. */
export const jobTraceRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/jobs/:id/trace', {
    config: { access: 'jobs:read' },
    schema: { tags: ['jobs'], summary: 'Read the trace of a job', params: JobParams, response: withProblems({ 200: Trace }, 'NOT_FOUND', 'GONE') },
  }, async ({ caller, params: { id } }) => {
    await findJob(jobs.db, caller.tenant, id)
    return readTrace(jobs.db, id)
  })
}
