import { createNoopMeter, type Meter } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics'

/** Text that Prometheus reads. Source: its exposition formats. */
export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Scrapes that come together, or right after each other, share one collection. */
const KEPT_MS = 1000
/** What an instrument that has to ask somebody may take. Its metric is left out of the scrape otherwise. */
const COLLECT_MS = 2000
/** Series of one instrument, however wrong its labels are: the rest is counted as one more. Ours have fewer by construction. */
const SERIES_MAX = 500
/** What Prometheus has at the end of names. Source: OpenTelemetry's compatibility with Prometheus, metric metadata. */
const UNIT_SUFFIXES: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes', 1: '_ratio' }

/** The metrics of one process. */
export interface Metrics {
  readonly meter: Meter
  /** Everything in Prometheus's text form, at most a second old. */
  scrape (): Promise<string>
  close (): Promise<void>
}

export interface MetricsOptions {
  resource: Resource
  /** Instruments that could not be read. */
  onError (error: unknown): void
}

/** Metrics of a process that nobody asks for any: its instruments cost nothing. */
export const NO_METRICS: Metrics = Object.freeze({ meter: createNoopMeter(), scrape: () => Promise.resolve(''), close: () => Promise.resolve() })

/** Starts the metrics of this process. Nothing is registered globally: whoever counts is given the meter. */
export async function createMetrics ({ resource, onError }: MetricsOptions): Promise<Metrics> {
  const { MeterProvider, MetricReader } = await import('@opentelemetry/sdk-metrics')
  const reader = new class extends MetricReader {
    protected override onShutdown = () => Promise.resolve()
    protected override onForceFlush = () => Promise.resolve()
  }({ cardinalitySelector: () => SERIES_MAX })
  const provider = new MeterProvider({ resource, readers: [reader] })
  let last: { at: number, text: Promise<string> } | undefined

  async function collect (): Promise<string> {
    const [serializer, { resourceMetrics, errors }] = await Promise.all([loadSerializer(), reader.collect({ timeoutMillis: COLLECT_MS })])
    for (const error of errors) onError(error)
    return serializer.serialize(withUnits(resourceMetrics))
  }

  return {
    meter: provider.getMeter('batchbox'),
    scrape () {
      if (!last || performance.now() - last.at > KEPT_MS) last = { at: performance.now(), text: collect() }
      return last.text
    },
    close: () => provider.shutdown(),
  }
}

/** Loaded by the first scrape: it imports a server of its own, which is not used. */
async function loadSerializer () {
  const { PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus')
  return new PrometheusSerializer(undefined, false, undefined, false, true)
}

/** The exporter leaves that to its users. */
function withUnits (metrics: ResourceMetrics): ResourceMetrics {
  const rename = (metric: MetricData): MetricData => ({ ...metric, descriptor: { ...metric.descriptor, name: metric.descriptor.name + (UNIT_SUFFIXES[metric.descriptor.unit] ?? '') } })
  return { ...metrics, scopeMetrics: metrics.scopeMetrics.map((scoped) => ({ ...scoped, metrics: scoped.metrics.map(rename) })) }
}
