import type { Meter } from '@opentelemetry/api'

const TRY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** What one process counts of the deliveries that it makes. */
export interface WebhookMetrics {
  /** A try is over. `lagMs`: how long after its event the first try began. */
  tried (outcome: 'succeeded' | 'failed' | 'gone', times: { latencyMs: number, lagMs: number | null }): void
}

/** Makes the instruments of webhooks. */
export function createWebhookMetrics (meter: Meter): WebhookMetrics {
  const tries = meter.createHistogram('batchbox.webhook.try.duration', { unit: 's', description: 'How long a try of a delivery took, by how it ended', advice: { explicitBucketBoundaries: TRY_SECONDS } })
  const lag = meter.createHistogram('batchbox.webhook.lag', { unit: 's', description: 'How long after its event the first try of a delivery began', advice: { explicitBucketBoundaries: TRY_SECONDS } })
  return {
    tried (outcome, { latencyMs, lagMs }) {
      tries.record(latencyMs / 1000, { outcome })
      if (lagMs !== null) lag.record(Math.max(0, lagMs) / 1000)
    },
  }
}
