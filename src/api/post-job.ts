import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JobRequest } from '../core/job-request.ts'
import { isTerminal } from '../core/status.ts'
import { followJob } from './find-job.ts'
import type { JobService } from './job-service.ts'
import { writeEtag, writeJob, type ShownJob } from './job-view.ts'
import { parseWait } from './prefer.ts'
import { checkSize } from './request-size.ts'
import { sendJsonText } from './send-json.ts'
import { submitJob } from './submit-job.ts'

/** Accepts the job that a request asks for, and answers it: at once, or once it has ended where the client prefers to wait. Throws as `submitJob` does, CODE_TOO_LARGE and INPUT_TOO_LARGE. */
export async function postJob (jobs: JobService, request: FastifyRequest, reply: FastifyReply, body: JobRequest): Promise<FastifyReply> {
  const { caller, headers, span, idempotency } = request
  checkSize(jobs.policy, body, Number(headers['content-length'] ?? Infinity))
  const { id, job: accepted } = await submitJob(jobs, { caller, request: body, span, idempotency })
  const wait = parseWait(headers.prefer)
  const job = wait === undefined && accepted ? accepted : await followJob(jobs, { tenant: caller.tenant, id, waitMs: (wait ?? 0) * 1000, signal: () => reply.untilStopped() })
  if (wait !== undefined) reply.header('preference-applied', `wait=${wait}`)
  reply.header('location', `/v1/jobs/${id}`)
  return sendJob(reply, job, wait !== undefined && isTerminal(job.status) ? 200 : 202)
}

/** Answers a job, with its ETag. */
export function sendJob (reply: FastifyReply, job: ShownJob, status: number): FastifyReply {
  return sendJsonText(reply.header('etag', writeEtag(job)), status, writeJob(job))
}
