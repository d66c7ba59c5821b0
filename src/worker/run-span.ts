import { context, SpanKind, type Tracer } from '@opentelemetry/api'
import type { RunReport } from '../engine/engine.ts'
import type { Run } from '../store/db.ts'
import type { BegunJob } from '../store/moves/begin.ts'
import { JOB_ATTEMPT, JOB_ID, JOB_STATUS, messagingAttributes, TENANT } from '../telemetry/attributes.ts'
import { contextFromTraceparent, contextOf, failSpan, recordSpan } from '../telemetry/spans.ts'

export interface RunSpanHandle {
  /** Does something inside the run's span: what it logs carries the ids of the trace. */
  within<T> (act: () => Promise<T>): Promise<T>
  /** Times a step of the run as a span of its own. */
  time<T> (name: string, step: () => Promise<T>): Promise<T>
  /** Ends the run's span, with what the engine measured as spans below it. */
  end (report: RunReport): void
}

/** Starts the span of one run. At its end comes the span of the wait in the queue before it, too. */
export function startRunSpan (tracer: Tracer, job: BegunJob, run: Run): RunSpanHandle {
  const jobAttribute = { [JOB_ID]: job.id }
  const accepted = contextFromTraceparent(job.traceparent)
  const span = tracer.startSpan('run', {
    kind: SpanKind.CONSUMER,
    attributes: {
      ...messagingAttributes('process', `${job.id}-${job.attempt}`), ...jobAttribute,
      [JOB_ATTEMPT]: job.attempt, [TENANT]: job.tenant, 'batchbox.run': run.fence, 'faas.trigger': 'pubsub', 'faas.invocation_id': `${job.id}/${run.fence}`,
    },
  }, accepted)
  const parent = contextOf(span)
  const now = () => performance.timeOrigin + performance.now()

  return {
    within: (act) => context.with(parent, act),
    async time (name, step) {
      const startMs = now()
      const value = await step()
      recordSpan(tracer, { name, parent, startMs, endMs: now(), attributes: jobAttribute })
      return value
    },
    end ({ outcome, spans }) {
      // At the end only, since each of the two is a root in this process, and roots that end together are stored together.
      recordSpan(tracer, { name: 'wait in queue', parent: accepted, startMs: job.queuedAt, endMs: job.startedAt, attributes: jobAttribute })
      for (const { name, startMs, endMs } of spans) recordSpan(tracer, { name, parent, startMs, endMs, attributes: jobAttribute })
      span.setAttribute(JOB_STATUS, outcome.type)
      if (outcome.type === 'failed') failSpan(span, { code: outcome.error.code, message: outcome.error.message })
      if (outcome.type === 'crashed') failSpan(span, { code: 'WORKER_CRASHED', message: outcome.evidence.reason })
      span.end()
    },
  }
}
