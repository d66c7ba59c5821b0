import { SpanKind, type Span } from '@opentelemetry/api'
import { JobError } from '../core/failures.ts'
import { newId } from '../core/ids.ts'
import type { JobRequest } from '../core/job-request.ts'
import type { DispatchRef } from '../store/deals.ts'
import { accept, type Accepted } from '../store/moves/accept.ts'
import { JOB_ID, messagingAttributes, TENANT } from '../telemetry/attributes.ts'
import { contextOf, failSpan, traceparentOf } from '../telemetry/spans.ts'
import type { Caller } from './access.ts'
import { confirm } from './confirm.ts'
import type { JobService } from './job-service.ts'
import type { ShownJob } from './job-view.ts'
import type { RequestIdempotency } from './plugins/idempotency.ts'
import { resolveInput } from './resolve-input.ts'
import { boundsOf, describeFull } from './tenant-full.ts'

export interface Submission {
  caller: Pick<Caller, 'tenant' | 'bounds'>
  request: JobRequest
  /** Span of the request that submits; it is told the job's id. */
  span: Span
  idempotency: RequestIdempotency | undefined
}

type AcceptedJob = Extract<Accepted, { type: 'accepted' }>

/** What became of a submission. `job` is the job as it was accepted; a repeat has the id of the first job alone. */
export interface Submitted {
  id: string
  job?: ShownJob
}

/**
 * Accepts a job, or answers the first job where the idempotency key was used before for the same request;
 * throws IDEMPOTENCY_MISMATCH where it was used for another, and RATE_LIMITED while the tenant has reached a bound. An accepted job whose
 * dispatch fails stays accepted: the debt is on record and is paid later.
 */
export async function submitJob (jobs: JobService, { caller, request, span, idempotency }: Submission): Promise<Submitted> {
  const { tenant } = caller
  const id = newId('job')
  const accepting = jobs.tracer.startSpan('accept', {
    kind: SpanKind.PRODUCER,
    attributes: { ...messagingAttributes('send', `${id}-1`), [TENANT]: tenant },
  }, contextOf(span))
  const traceparent = traceparentOf(accepting)
  try {
    await jobs.checkRoom()
    const input = await resolveInput(jobs.files, tenant, request).catch((error: unknown) => keepRepeat(jobs, { tenant, request, idempotency }, error))
    const accepted = await accept(jobs.db, {
      id,
      tenant,
      request: { ...request, input },
      traceparent,
      bounds: boundsOf(caller, jobs),
      ...(idempotency ? { idempotency: { ...idempotency, ttlMs: jobs.idempotencyMs } } : {}),
    })
    if (accepted.type === 'mismatch') throw new JobError('IDEMPOTENCY_MISMATCH', 'Cannot take the request: its Idempotency-Key was used with another body')
    if (accepted.type === 'late') throw new JobError('INVALID', 'Cannot take the request: runAt is more than a year ahead', { errors: [{ pointer: '/runAt', message: 'More than a year ahead' }] })
    if (accepted.type === 'full') throw describeFull('Cannot accept the job', accepted, caller, jobs)
    const stored = jobs.db.keys.job(accepted.type === 'repeated' ? accepted.jobId : id)
    await confirm(jobs, 'request', async (redis) => await redis.exists(stored) === 1)
    if (accepted.type === 'repeated') return { id: accepted.jobId }
    accepting.setAttribute(JOB_ID, id)
    span.setAttribute(JOB_ID, id)
    await dispatch(jobs, accepted.deals)
    return { id, job: describeAccepted(id, request, accepted, accepting.spanContext().traceId) }
  } catch (error) {
    if (error instanceof Error) failSpan(accepting, { code: error instanceof JobError ? error.code : 'INTERNAL', message: error.message })
    throw error
  } finally {
    accepting.end()
  }
}

/** A file that is gone since is nothing to a request that was answered before: its repeat is answered as it was. */
async function keepRepeat ({ db }: Pick<JobService, 'db'>, { tenant, request, idempotency }: Pick<Submission, 'request' | 'idempotency'> & { tenant: string }, error: unknown): Promise<unknown> {
  if (!idempotency || await db.redis.exists(db.keys.idempotency(tenant, idempotency.key)) === 0) throw error
  return request.input
}

function isScheduled ({ createdAt, runAtMs }: AcceptedJob): boolean {
  return runAtMs > createdAt
}

/** Sends messages that are owed. One that fails stays owed, and is sent later. */
export async function dispatch ({ dispatcher, logger }: Pick<JobService, 'dispatcher' | 'logger'>, refs: readonly DispatchRef[]): Promise<void> {
  try {
    await dispatcher.dispatch(refs)
  } catch (error) {
    logger.warn({ err: error, jobId: refs[0]?.jobId }, 'dispatch failed and stays owed')
  }
}

/** The job as the store has just made it; it need not be read for that. */
function describeAccepted (id: string, { priority, tags, webhook, serialization }: JobRequest, accepted: AcceptedJob, traceId: string): ShownJob {
  return {
    id,
    status: isScheduled(accepted) ? 'scheduled' : 'queued',
    sequence: 1,
    createdAt: accepted.createdAt,
    startedAt: null,
    finishedAt: null,
    deadlineAt: null,
    expiresAt: null,
    result: null,
    error: null,
    attempts: [],
    usage: null,
    queueMs: null,
    progress: null,
    traceId,
    batchId: null,
    shards: null,
    replayOf: null,
    spec: { priority, tags, webhook, serialization },
  }
}
