import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { FileService } from '../begin-transfer.ts'
import { findJob } from '../find-job.ts'
import { FileView, missingFile, parseFileKey, viewFile } from '../file-view.ts'
import type { JobService } from '../job-service.ts'
import { withProblems } from '../problem.ts'
import { JobParams } from '../schemas.ts'
import { sendFile } from '../send-file.ts'
import { CONTENT, ContentQuery } from './files.ts'

/** Lists and reads what jobs wrote; while a job runs, what it has committed. */
export const jobFileRoutes: FastifyPluginAsyncZod<{ jobs: JobService, service: FileService }> = async (app, { jobs, service }) => {
  const config = { access: 'jobs:read' } as const
  const tags = ['jobs']

  app.get('/v1/jobs/:id/files', {
    config,
    schema: { tags, summary: 'List the files of a job', params: JobParams, response: withProblems({ 200: z.object({ data: z.array(FileView) }) }, 'NOT_FOUND', 'GONE') },
  }, async ({ caller: { tenant }, params: { id } }) => {
    const job = await findJob(jobs.db, tenant, id)
    return { data: (await service.files.ofJob(job.id)).map(viewFile) }
  })

  app.route({
    method: ['GET', 'HEAD'],
    url: '/v1/jobs/:id/files/:name',
    config,
    schema: {
      tags,
      summary: 'Download a file of a job',
      params: JobParams.extend({ name: z.string().describe('Name of a file of the job') }),
      querystring: ContentQuery,
      response: withProblems(CONTENT, 'NOT_FOUND', 'GONE', 'RANGE_NOT_SATISFIABLE', 'FILE_GONE', 'OVERLOADED'),
    },
    async handler (request, reply) {
      const { caller: { tenant }, params: { id, name }, query } = request
      const job = await findJob(jobs.db, tenant, id)
      const key = parseFileKey(name)
      const file = (await service.files.ofJob(job.id)).find((each) => each.name === key || each.id === key)
      if (!file) throw missingFile(name)
      return sendFile(service, file, query, request, reply)
    },
  })
}
