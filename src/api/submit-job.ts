import { SpanKind, type Span } from '@opentelemetry/api'
import { sha256 } from '../core/digest.ts'
import { JobError } from '../core/failures.ts'
import { newId } from '../core/ids.ts'
import type { JobRequest } from '../core/job-request.ts'
import { accept, type Accepted } from '../store/moves/accept.ts'
import { JOB_ID, messagingAttributes, TENANT } from '../telemetry/attributes.ts'
import { contextOf, failSpan, traceparentOf } from '../telemetry/spans.ts'
import type { JobService } from './job-service.ts'

export interface Submission {
  tenant: string
  request: JobRequest
  /** Span of the request that submits; it is told the job's id. */
  span: Span
  idempotencyKey: string | undefined
}

/**
 * Accepts a job and answers its id, or that of the first job where the idempotency key was used before for the same request;
 * throws IDEMPOTENCY_MISMATCH where it was used for another. An accepted job whose dispatch fails stays accepted: the debt is
 * on record and is paid later.
 */
export async function submitJob (jobs: JobService, { tenant, request, span, idempotencyKey }: Submission): Promise<string> {
  const id = newId('job')
  const accepting = jobs.tracer.startSpan('accept', {
    kind: SpanKind.PRODUCER,
    attributes: { ...messagingAttributes('send', `${id}-1`), [TENANT]: tenant },
  }, contextOf(span))
  try {
    const accepted = await accept(jobs.db, {
      id,
      tenant,
      request,
      traceparent: traceparentOf(accepting),
      ...(idempotencyKey === undefined ? {} : { idempotency: { key: idempotencyKey, bodyHash: sha256(JSON.stringify(request)), ttlMs: jobs.idempotencyMs } }),
    })
    if (accepted.type === 'mismatch') throw new JobError('IDEMPOTENCY_MISMATCH', 'Cannot take the request: its Idempotency-Key was used with another body')
    if (accepted.type === 'repeated') return accepted.jobId
    accepting.setAttribute(JOB_ID, id)
    span.setAttribute(JOB_ID, id)
    await dispatch(jobs, id, request, accepted)
    return id
  } catch (error) {
    if (error instanceof Error) failSpan(accepting, error)
    throw error
  } finally {
    accepting.end()
  }
}

async function dispatch (jobs: JobService, jobId: string, { priority }: JobRequest, { runAtMs }: Accepted & { type: 'accepted' }): Promise<void> {
  try {
    await jobs.dispatcher.dispatch([{ jobId, attempt: 1, priority, runAtMs }])
  } catch (error) {
    jobs.logger.warn({ err: error, jobId }, 'dispatch failed and stays owed')
  }
}
