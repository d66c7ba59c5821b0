import { SpanKind, type Tracer } from '@opentelemetry/api'
import { isId } from '../../core/ids.ts'
import type { TryEnd, WebhookTry } from '../../store/webhooks/tries.ts'
import { JOB_ID, messagingAttributes, TENANT } from '../../telemetry/attributes.ts'
import { contextFromTraceparent, failSpan } from '../../telemetry/spans.ts'

/** Starts the span of one try, in the trace of the job that it tells of, where there is one. */
export function startTrySpan (tracer: Tracer, { deliveryId, number, tenant, type, subject, target, eventId, traceparent }: WebhookTry): { end (end: TryEnd): void } {
  const span = tracer.startSpan('deliver webhook', {
    kind: SpanKind.CLIENT,
    attributes: {
      ...messagingAttributes('process', `${deliveryId}-${number}`), [TENANT]: tenant, ...(isId('job', subject) ? { [JOB_ID]: subject } : {}),
      'http.request.method': 'POST', 'batchbox.webhook.target': target, 'batchbox.event.id': eventId, 'batchbox.event.type': type,
    },
  }, contextFromTraceparent(traceparent))
  return {
    end ({ outcome, url, entry }) {
      const host = URL.parse(url)?.hostname
      if (host !== undefined) span.setAttribute('server.address', host)
      if (entry.status !== null) span.setAttribute('http.response.status_code', entry.status)
      if (outcome !== 'succeeded') failSpan(span, { code: String(entry.status ?? outcome), message: entry.error ?? outcome })
      span.end()
    },
  }
}
