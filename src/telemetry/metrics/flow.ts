import type { Meter } from '@opentelemetry/api'

/** From some milliseconds to the minute that a call may take. */
const CALL_SECONDS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** What becomes of a call: `failed` is the code's doing, `denied` one that was not taken or not begun, `error` the service's, `cancelled` the caller's, who left. */
export type FlowOutcome = 'succeeded' | 'failed' | 'denied' | 'error' | 'cancelled'

export type FlowMetrics = ReturnType<typeof createFlowMetrics>

/** Instruments of the flow calls of an API process. */
export function createFlowMetrics (meter: Meter, readOpen: () => number) {
  const advice = { explicitBucketBoundaries: CALL_SECONDS }
  const calls = meter.createHistogram('batchbox.flow.call.duration', { unit: 's', description: 'From when a flow call was taken until it was answered, by what came of it', advice })
  meter.createObservableGauge('batchbox.flow.calls', { unit: '{call}', description: 'Flow calls that are open in this process' }).addCallback((result) => result.observe(readOpen()))
  return {
    ended: (outcome: FlowOutcome, durationMs: number) => calls.record(durationMs / 1000, { outcome }),
  }
}

/** Has the use of a worker's lanes for flow calls looked at whenever somebody scrapes. */
export function observeFlowLanes (meter: Meter, lanes: number, readActive: () => number): void {
  meter.createObservableGauge('batchbox.flow.lanes', { unit: '{call}', description: 'Flow calls that this worker may run at one time' }).addCallback((result) => result.observe(lanes))
  meter.createObservableGauge('batchbox.flow.runs', { unit: '{call}', description: 'Flow calls that this worker runs' }).addCallback((result) => result.observe(readActive()))
}
