import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { isId } from '../../core/ids.ts'
import { isTerminal, JobStatus } from '../../core/status.ts'
import type { ListedRecord } from '../../store/listed-record.ts'
import { cancel } from '../../store/moves/cancel.ts'
import { readEvents, readListedRecord, refuseMissing, type JobRecord } from '../../store/read.ts'
import { confirm } from '../confirm.ts'
import type { JobService } from '../job-service.ts'
import { parseWait } from '../prefer.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { JobParams } from '../schemas.ts'

/** Seconds that a cancel waits for running code to be stopped, unless the caller prefers others. */
const STOP_WAIT_SECONDS = 5

const Cancelled = z.object({
  id: z.string(),
  status: JobStatus.describe('The state reached; `running` while the code is still being stopped'),
  stoppedAfterMs: z.number().optional().describe('How long running code took to stop, once its worker was told'),
})

/** Cancels a job: 200 with the state that it has ended in, 202 where its code has not stopped within the wait. */
export const jobCancelRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.post('/v1/jobs/:id/cancel', {
    config: { access: 'jobs:write' },
    schema: {
      tags: ['jobs'],
      summary: 'Cancel a job',
      params: JobParams,
      headers: z.object({ prefer: z.string().optional().describe(`\`wait=N\` (RFC 7240): seconds to wait for running code to be stopped; ${STOP_WAIT_SECONDS} without it`) }),
      response: withProblems({ 200: Cancelled, 202: Cancelled }, ...TAKES_BODY, 'NOT_FOUND', 'GONE'),
    },
  }, async ({ caller: { tenant }, params: { id }, headers }, reply) => {
    const answer = isId('job', id) ? await cancel(jobs.db, tenant, id, jobs.retentionMs) : { type: 'missing' as const }
    if (answer.type === 'missing') return refuseMissing(jobs.db, tenant, 'job', id)
    const waitMs = 1000 * (parseWait(headers.prefer) ?? STOP_WAIT_SECONDS)
    if (answer.type === 'asked' && waitMs > 0) await jobs.waiter.waitForEnd(id, waitMs, reply.untilStopped())
    // What cannot be decrypted is cancelled like the rest.
    const job = await readListedRecord(jobs.db, id) ?? await refuseMissing(jobs.db, tenant, 'job', id)
    await confirmCancel(jobs, id)
    if (answer.type === 'cancelled') await discard(jobs, job)
    return reply.code(isTerminal(job.status) ? 200 : 202).send({ id, status: job.status, ...await readStopTime(jobs, job) })
  })
}

/** What the client is told holds: no failover has the job run on. */
function confirmCancel (jobs: JobService, id: string): Promise<void> {
  return confirm(jobs, 'cancellation', async (redis) => {
    const [status, asked] = await redis.hmget(jobs.db.keys.job(id), 'status', 'cancel')
    return asked !== null || isTerminal(status as JobStatus) // a move wrote it
  })
}

/** The queue's message would be dropped when a worker gets to it. That it stays is no harm. */
async function discard ({ dispatcher, logger }: JobService, { id, turn }: JobRecord): Promise<void> {
  try {
    await dispatcher.discard({ jobId: id, turn })
  } catch (error) {
    logger.warn({ err: error, jobId: id }, 'message of a cancelled job stays in the queue')
  }
}

/** What the event of the end says of it. */
async function readStopTime ({ db }: JobService, { id, status, sequence, unreadable }: ListedRecord): Promise<{ stoppedAfterMs?: number }> {
  if (status !== 'cancelled' || unreadable) return {}
  const [end] = await readEvents(db, id, { after: sequence - 1, limit: 1 })
  const stoppedAfterMs = end?.payload['stoppedAfterMs']
  return typeof stoppedAfterMs === 'number' ? { stoppedAfterMs } : {}
}
