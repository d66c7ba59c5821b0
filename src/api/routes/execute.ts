import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { isTerminal } from '../../core/status.ts'
import { cancel } from '../../store/moves/cancel.ts'
import { readResult, type JobRecord } from '../../store/read.ts'
import { readTime } from '../../store/time.ts'
import { ExecuteAnswer, writeExecuteAnswer } from '../execute-answer.ts'
import { buildExecuteRequest, buildToJobRequest } from '../execute-request.ts'
import { findJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { MAKES_JOBS, withProblems, type Problem } from '../problem.ts'
import { readWholeLog } from '../read-logs.ts'
import { checkSize } from '../request-size.ts'
import { sendJsonText } from '../send-json.ts'
import { submitJob } from '../submit-job.ts'
import { buildUnderCeilings, checkUnderCeilings } from '../under-ceilings.ts'

/** A job that runs is waited for until its deadline and this long: then its worker is gone. */
const END_GRACE_MS = 10_000

/**
 * `POST /execute`: posts a job, waits for its end and answers what it returned. A caller that leaves, or whom the job is too slow for, takes it
 * along; one that gave an `Idempotency-Key` is taken to ask again, and the job goes on.
 */
export const executeRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  const { policy, toolNames } = jobs
  const toJobRequestOf = buildUnderCeilings((ceilings) => buildToJobRequest(policy, toolNames, ceilings))

  app.post('/execute', {
    config: { access: 'jobs:write', shapeProblem },
    preValidation: checkUnderCeilings(buildUnderCeilings((ceilings) => buildExecuteRequest(policy, toolNames, ceilings))),
    schema: {
      tags: ['execute'],
      summary: 'Run code and wait for its result',
      headers: z.object({
        'idempotency-key': z.string().optional().describe('Repeats with this key and the same body answer what the first run ended with; it goes on when the caller leaves'),
      }),
      body: buildExecuteRequest(policy, toolNames),
      response: withProblems({ 200: ExecuteAnswer }, ...MAKES_JOBS, 'CODE_TOO_LARGE', 'CANCELLED', 'EXPIRED', 'WORKER_CRASHED', 'GONE'),
    },
  }, async ({ caller, body, headers, span, idempotency }, reply) => {
    const { tenant } = caller
    const request = toJobRequestOf(caller)(body)
    checkSize(policy, request, Number(headers['content-length'] ?? Infinity))
    const { id } = await submitJob(jobs, { caller, request, span, idempotency })
    const job = await waitForJob(jobs, { tenant, id, timeoutMs: request.limits.timeoutMs, mayAskAgain: idempotency !== undefined, signal: reply.untilLeft() })
    const [lines, result] = await Promise.all([
      readWholeLog(jobs.db, job, request.limits.logLines),
      readResult(jobs.db, tenant, id),
    ])
    return sendJsonText(reply, 200, writeExecuteAnswer(job, lines, result?.toString()))
  })
}

interface WaitForJob {
  tenant: string
  id: string
  timeoutMs: number
  /** The job goes on, since the caller can find it again. */
  mayAskAgain: boolean
  signal: AbortSignal
}

/** Answers the job once it has ended. Throws OVERLOADED where it does not start or end in time, and cancels it then unless somebody may ask again. */
async function waitForJob ({ db, waiter, retentionMs, executeGraceMs }: JobService, { tenant, id, timeoutMs, mayAskAgain, signal }: WaitForJob): Promise<JobRecord> {
  await waiter.waitForEnd(id, timeoutMs + executeGraceMs, signal)
  let job = await findJob(db, tenant, id)
  if (job.status === 'running' && !signal.aborted) {
    await waiter.waitForEnd(id, Math.max(0, (job.deadlineAt ?? 0) - await readTime(db)) + END_GRACE_MS, signal)
    job = await findJob(db, tenant, id)
  }
  if (isTerminal(job.status)) return job
  const state = job.status === 'running' ? 'did not end' : 'did not start'
  if (mayAskAgain) throw new JobError('OVERLOADED', `Cannot execute: the job ${state} in time and goes on; ask again with the same Idempotency-Key`)
  await cancel(db, tenant, id, retentionMs)
  throw new JobError('OVERLOADED', `Cannot execute: the job ${state} in time and was cancelled`)
}

/** Row ISO-1 names too much code in its own way. */
function shapeProblem (problem: Problem): Problem {
  return problem.status === 413 ? { ...problem, error: { name: 'PayloadTooLarge', message: problem.detail } } : problem
}
