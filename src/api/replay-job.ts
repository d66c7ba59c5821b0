import { SpanKind, type Span } from '@opentelemetry/api'
import { JobError } from '../core/failures.ts'
import { newId } from '../core/ids.ts'
import { buildReplayBounds, buildReplaySpec, type ReplayChange } from '../core/replay-request.ts'
import { isTerminal } from '../core/status.ts'
import { unreachable } from '../core/unreachable.ts'
import { replay, type Replayed } from '../store/moves/replay.ts'
import { isGone, refuseMissing } from '../store/read.ts'
import { JOB_ID, messagingAttributes, TENANT } from '../telemetry/attributes.ts'
import { contextOf, failSpan, traceparentOf } from '../telemetry/spans.ts'
import type { Caller } from './access.ts'
import { confirm } from './confirm.ts'
import { findJob } from './find-job.ts'
import type { JobService } from './job-service.ts'
import type { RequestIdempotency } from './plugins/idempotency.ts'
import { dispatch } from './submit-job.ts'
import { boundsOf, describeFull } from './tenant-full.ts'

export interface Replay {
  caller: Pick<Caller, 'tenant' | 'bounds' | 'ceilings'>
  /** The job that is to be made again. */
  sourceId: string
  change: ReplayChange
  /** Span of the request; it is told the new job's id. */
  span: Span
  idempotency: RequestIdempotency | undefined
}

/**
 * Makes a job of the same code, input and options as one that has ended. Answers its id, or that of the job that was made before: by the same idempotency key, or,
 * unless it is to be made again, by anybody (`isNew` is false then). Throws NOT_FINISHED for a job that goes on, GONE where its code or its input, or the job that was
 * made of it, was removed, RATE_LIMITED while too many jobs of the tenant wait, and INVALID where the service would not take such a job of the caller.
 */
export async function replayJob (jobs: JobService, { caller, sourceId, change, span, idempotency }: Replay): Promise<{ id: string, isNew: boolean }> {
  const { tenant } = caller
  const source = await findJob(jobs.db, tenant, sourceId)
  if (!isTerminal(source.status)) throw unfinished(sourceId)
  const spec = buildReplaySpec(source.spec, change, buildReplayBounds(jobs.policy, caller.ceilings))
  const id = newId('job')
  const accepting = jobs.tracer.startSpan('accept', {
    kind: SpanKind.PRODUCER,
    attributes: { ...messagingAttributes('send', `${id}-1`), [TENANT]: tenant },
  }, contextOf(span))
  try {
    await jobs.checkRoom()
    const replayed = await replay(jobs.db, {
      id,
      tenant,
      source: sourceId,
      spec,
      again: change.again,
      bounds: boundsOf(caller, jobs),
      traceparent: traceparentOf(accepting),
      ...(idempotency ? { idempotency: { ...idempotency, ttlMs: jobs.idempotencyMs } } : {}),
    })
    if (replayed.type === 'full') throw describeFull(`Cannot replay job "${sourceId}"`, replayed, caller, jobs)
    if (replayed.type !== 'made') return await answerOther(jobs, { tenant, sourceId, replayed })
    await confirmJob(jobs, id)
    accepting.setAttribute(JOB_ID, id)
    span.setAttribute(JOB_ID, id)
    await dispatch(jobs, replayed.deals)
    return { id, isNew: true }
  } catch (error) {
    if (error instanceof Error) failSpan(accepting, { code: error instanceof JobError ? error.code : 'INTERNAL', message: error.message })
    throw error
  } finally {
    accepting.end()
  }
}

async function answerOther (jobs: JobService, { tenant, sourceId, replayed }: { tenant: string, sourceId: string, replayed: Exclude<Replayed, { type: 'made' | 'full' }> }): Promise<{ id: string, isNew: boolean }> {
  switch (replayed.type) {
    case 'repeated':
      await confirmJob(jobs, replayed.jobId)
      return { id: replayed.jobId, isNew: true }
    case 'replayed':
      if (await isGone(jobs.db, tenant, replayed.jobId)) throw new JobError('GONE', `Cannot replay job "${sourceId}": it was replayed as "${replayed.jobId}", which was removed; ask with "again": true for another`)
      return { id: replayed.jobId, isNew: false }
    case 'mismatch': throw new JobError('IDEMPOTENCY_MISMATCH', 'Cannot take the request: its Idempotency-Key was used with another body')
    case 'unreadable': throw replayed.error
    case 'incomplete': throw new JobError('GONE', `Cannot replay job "${sourceId}": its code or its input was removed`)
    case 'fileless': throw new JobError('FILE_GONE', `Cannot replay job "${sourceId}": file "${replayed.fileId}", its input, was removed or replaced`)
    case 'unfinished': throw unfinished(sourceId)
    case 'missing': return refuseMissing(jobs.db, tenant, 'job', sourceId)
    case 'stopped': throw new Error(`Cannot replay job "${sourceId}": it was answered "stopped", though it belongs to no order`)
    default: return unreachable(replayed)
  }
}

function confirmJob (jobs: JobService, id: string): Promise<void> {
  return confirm(jobs, 'request', async (redis) => await redis.exists(jobs.db.keys.job(id)) === 1)
}

function unfinished (id: string): JobError {
  return new JobError('NOT_FINISHED', `Cannot replay job "${id}": it has not ended; cancel it, or wait for its end`)
}
