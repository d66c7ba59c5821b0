import type { Meter } from '@opentelemetry/api'
import { JobError } from '../core/failures.ts'
import { createStreamMetrics, type Transport } from '../telemetry/metrics/streams.ts'

/** Bounds the streams that one process has open, and counts what is sent on them. */
export interface OpenStreams {
  /** Takes the place of one stream. Throws RATE_LIMITED where the tenant has as many as it may, and OVERLOADED where the process has. */
  enter (tenant: string, transport: Transport): OpenStream
}

export interface OpenStream {
  sent (events: number): void
  /** Gives the place back; more than once is harmless. */
  leave (): void
}

export interface StreamBounds {
  perProcess: number
  perTenant: number
}

export function createOpenStreams (meter: Meter, { perProcess, perTenant }: StreamBounds): OpenStreams {
  const metrics = createStreamMetrics(meter)
  const open = new Map<string, number>()
  let total = 0

  return {
    enter (tenant, transport) {
      const own = open.get(tenant) ?? 0
      if (own >= perTenant) {
        metrics.refused('tenant')
        throw new JobError('RATE_LIMITED', `Cannot open a stream: the tenant has ${own} open here, and may have ${perTenant} (BATCHBOX_TENANT_STREAMS); close one, or follow many topics over one WebSocket`)
      }
      if (total >= perProcess) {
        metrics.refused('process')
        throw new JobError('OVERLOADED', `Cannot open a stream: this process has ${total} open, and may have ${perProcess} (BATCHBOX_STREAMS); try again, another process may have room`)
      }
      open.set(tenant, own + 1)
      total += 1
      metrics.opened(transport)
      let isOpen = true
      return {
        sent: (events) => metrics.sent(transport, events),
        leave () {
          if (!isOpen) return
          isOpen = false
          total -= 1
          const left = (open.get(tenant) ?? 1) - 1
          if (left > 0) open.set(tenant, left)
          else open.delete(tenant)
          metrics.closed(transport)
        },
      }
    },
  }
}
