import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { TransformFigures } from '../../core/transform.ts'
import { readCheckpoint } from '../../store/moves/checkpoint.ts'
import { findJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { formatTime } from '../job-view.ts'
import { withProblems } from '../problem.ts'
import { JobParams } from '../schemas.ts'
import { sendJsonText } from '../send-json.ts'

const CheckpointView = z.object({
  number: z.number().int().describe('Counts the saves of the job, from 1, over all its runs'),
  run: z.number().int().describe('Number of the run that saved it'),
  attempt: z.number().int(),
  savedAt: z.iso.datetime(),
  bytes: z.number().int().describe('Size of the state as JSON'),
  transform: TransformFigures.optional().describe('Of a transform: how far it was, and what the files of the job hold'),
  state: z.unknown().describe('What the code gave to `context.checkpoint.save`; of a transform also its accumulator, and null where it needs nothing'),
})

/** Answers what a job's code saved last, also while it runs. */
export const jobCheckpointRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/jobs/:id/checkpoint', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['jobs'],
      summary: 'Read the checkpoint of a job',
      params: JobParams,
      response: withProblems({ 200: CheckpointView }, 'NOT_FOUND', 'GONE'),
    },
  }, async ({ caller: { tenant }, params: { id } }, reply) => {
    const job = await findJob(jobs.db, tenant, id)
    const checkpoint = await readCheckpoint(jobs.db, id)
    if (!checkpoint) throw new JobError('NOT_FOUND', `Cannot read the checkpoint of job "${id}": there is none, its status is ${job.status}`)
    const { savedAt, json, work, ...figures } = checkpoint
    const head = JSON.stringify({ ...figures, savedAt: formatTime(savedAt), transform: work?.figures })
    return sendJsonText(reply, 200, `${head.slice(0, -1)},"state":${json}}`)
  })
}
