import type { ConnectionState, TransportName } from './options.ts'

/** Newest values that percentiles are of, and types that are told apart. */
const KEPT = 1000
const TYPES_MAX = 100

export interface Percentiles {
  p50: number
  p95: number
  p99: number
}

/** What is known of one type of event. */
export interface TypeMetrics {
  count: number
  /** Those whose handler threw, or that could not be read. */
  errors: number
  sizeBytes: Percentiles
  /** Of an event, from when it happened until it came, by the two clocks; of a handler, how long it took. */
  latencyMs: Percentiles
}

export interface LiveMetrics {
  state: ConnectionState
  transport: TransportName | null
  /** Since the connection was opened; 0 while there is none. */
  uptimeMs: number
  /** Times that it was opened again. */
  reconnects: number
  received: { messages: number, bytes: number }
  sent: { messages: number, bytes: number }
  errors: number
  /** From a ping, or a request, to its answer. */
  latencyMs: Percentiles
  types: Record<string, TypeMetrics>
}

/** Counts, sizes and times by type. */
export interface Meter {
  record (type: string, size: { bytes?: number, ms?: number, isError?: boolean }): void
  read (): Record<string, TypeMetrics>
}

export function createMeter (): Meter {
  const types = new Map<string, { count: number, errors: number, sizes: Samples, times: Samples }>()
  return {
    record (name, { bytes, ms, isError = false }) {
      const type = types.has(name) || types.size < TYPES_MAX ? name : 'other'
      let entry = types.get(type)
      if (!entry) types.set(type, entry = { count: 0, errors: 0, sizes: createSamples(), times: createSamples() })
      entry.count++
      if (isError) entry.errors++
      if (bytes !== undefined) entry.sizes.add(bytes)
      if (ms !== undefined) entry.times.add(ms)
    },
    read: () => Object.fromEntries([...types].map(([type, { count, errors, sizes, times }]) => [type, { count, errors, sizeBytes: sizes.read(), latencyMs: times.read() }])),
  }
}

/** The newest values of something, for percentiles: they are sorted only when somebody looks. */
export interface Samples {
  add (value: number): void
  read (): Percentiles
}

export function createSamples (): Samples {
  const values: number[] = []
  let count = 0
  return {
    add (value) { values[count++ % KEPT] = value },
    read () {
      const sorted = Float64Array.from(values).sort()
      const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
      return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    },
  }
}
