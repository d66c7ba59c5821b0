import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { isId } from '../../core/ids.ts'
import { JobStatus } from '../../core/status.ts'
import { unreachable } from '../../core/unreachable.ts'
import { cancel } from '../../store/moves/cancel.ts'
import { readJob } from '../../store/read.ts'
import { refuse } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { withProblems } from '../problem.ts'
import { JobParams } from '../schemas.ts'

const Cancelled = z.object({
  id: z.string(),
  status: JobStatus.describe('The state reached; `running` while the code is being stopped'),
})

/** Cancels a job: 200 with the state where it has ended, 202 where its worker was asked to stop it. */
export const jobCancelRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.post('/v1/jobs/:id/cancel', {
    config: { access: 'jobs:write' },
    schema: {
      tags: ['jobs'],
      summary: 'Cancel a job',
      params: JobParams,
      response: withProblems({ 200: Cancelled, 202: Cancelled }, 'NOT_FOUND', 'GONE', 'UNSUPPORTED_MEDIA_TYPE'),
    },
  }, async ({ caller: { tenant }, params: { id } }, reply) => {
    const answer = isId('job', id) ? await cancel(jobs.db, tenant, id, jobs.retentionMs) : { type: 'missing' as const }
    switch (answer.type) {
      case 'missing': return refuse(jobs.db, tenant, id)
      case 'asked': return reply.code(202).send({ id, status: 'running' })
      case 'ended': return { id, status: answer.status }
      case 'cancelled':
        await discard(jobs, tenant, id)
        return { id, status: 'cancelled' as const }
      default: return unreachable(answer)
    }
  })
}

/** The queue's message would be dropped when a worker gets to it. That it stays is no harm. */
async function discard ({ db, dispatcher, logger }: JobService, tenant: string, jobId: string): Promise<void> {
  try {
    const job = await readJob(db, tenant, jobId)
    if (job) await dispatcher.discard({ jobId, turn: job.turn })
  } catch (error) {
    logger.warn({ err: error, jobId }, 'message of a cancelled job stays in the queue')
  }
}
