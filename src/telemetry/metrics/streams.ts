import type { Meter } from '@opentelemetry/api'

/** How somebody follows what happens, over a connection that stays. */
export const TRANSPORTS = ['sse', 'ndjson', 'websocket'] as const
export type Transport = typeof TRANSPORTS[number]

export type StreamMetrics = ReturnType<typeof createStreamMetrics>

/** Instruments of the streams that are open in an API process. */
export function createStreamMetrics (meter: Meter) {
  const open = meter.createUpDownCounter('batchbox.streams.open', { unit: '{stream}', description: 'Streams that are open in this process, by transport' })
  const events = meter.createCounter('batchbox.streams.events', { unit: '{event}', description: 'Events that were sent on streams, by transport' })
  const refused = meter.createCounter('batchbox.streams.refused', { unit: '{stream}', description: 'Streams that were refused because too many were open, of the tenant or in this process' })
  for (const transport of TRANSPORTS) { // a series that is not there yet has no first increase
    open.add(0, { transport })
    events.add(0, { transport })
  }
  for (const scope of ['tenant', 'process']) refused.add(0, { scope })
  return {
    opened: (transport: Transport) => open.add(1, { transport }),
    closed: (transport: Transport) => open.add(-1, { transport }),
    sent: (transport: Transport, count: number) => events.add(count, { transport }),
    refused: (scope: 'tenant' | 'process') => refused.add(1, { scope }),
  }
}
