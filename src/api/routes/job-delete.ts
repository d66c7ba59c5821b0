import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { isId } from '../../core/ids.ts'
import { unreachable } from '../../core/unreachable.ts'
import { deleteJob } from '../../store/delete.ts'
import { refuseMissing } from '../../store/read.ts'
import type { JobService } from '../job-service.ts'
import { logAct } from '../log-act.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { JobParams } from '../schemas.ts'

/** Removes a job that ended, with its result, logs, events and trace. Its id is GONE from then on, as after its retention. */
export const jobDeleteRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.delete('/v1/jobs/:id', {
    config: { access: 'jobs:write' },
    schema: {
      tags: ['jobs'],
      summary: 'Remove a finished job and all it stored',
      params: JobParams,
      response: withProblems({ 204: z.null().describe('Removed') }, ...TAKES_BODY, 'NOT_FOUND', 'NOT_FINISHED', 'GONE'),
    },
  }, async ({ caller, params: { id } }, reply) => {
    const { tenant } = caller
    const deleted = isId('job', id) ? await deleteJob(jobs.db, tenant, id, { actor: caller, audit: jobs.audit }) : { type: 'missing' as const }
    switch (deleted.type) {
      case 'missing': return refuseMissing(jobs.db, tenant, 'job', id)
      case 'unfinished': throw new JobError('NOT_FINISHED', `Cannot delete job "${id}": it is ${deleted.status}; cancel it first`)
      case 'awaited': throw new JobError('NOT_FINISHED', `Cannot delete job "${id}": it is a shard of job "${deleted.parent}", which is to join what it made and has not ended; cancel that one first`)
      case 'deleted':
        logAct(jobs.logger, { tenant, act: 'job.deleted', actor: caller, target: id, details: {} })
        return reply.code(204).send(null)
      default: return unreachable(deleted)
    }
  })
}
