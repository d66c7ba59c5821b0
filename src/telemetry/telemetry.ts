import { context, propagation, trace, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TraceIdRatioBasedSampler, TracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace'
import { createMetrics, NO_METRICS, type Metrics } from './metrics.ts'
import { observeProcess } from './metrics/process.ts'
import { JobSpanProcessor } from './job-span-processor.ts'

const ATTRIBUTE_CHARS = 2048
const ATTRIBUTES_PER_SPAN = 64
const EVENTS_PER_SPAN = 32

export interface TelemetryOptions {
  serviceName: string
  serviceVersion: string
  /** Names this process among its like, as `service.instance.id`. */
  instanceId: string
  /** Share of traces that are recorded, from 0 to 1, decided by the trace id alone: what a caller says of sampling is not trusted. */
  sampleRatio: number
  /** Base URL of an OTLP/HTTP collector; `/v1/traces` is added. Nothing is exported without it. */
  otlpEndpoint?: string | undefined
  /** Stores a chunk of one job's trace as OTLP/JSON. */
  keepSpans (jobId: string, chunk: Uint8Array): Promise<void>
  onError (error: unknown): void
  /** Whether somebody will ask for metrics; without it, the meter counts nothing. */
  withMetrics?: boolean
  maxHeld?: number
  maxSpansPerJob?: number
  maxStoring?: number
}

export interface Telemetry {
  readonly tracer: Tracer
  /** Whether spans go to a collector; those of jobs are kept with them either way, and nobody hears of others. */
  readonly isExporting: boolean
  /** This process's own are observed already. */
  readonly metrics: Pick<Metrics, 'meter' | 'scrape'>
  /** Hands over every span that has ended. */
  flush (): Promise<void>
  /** Flushes, stops exporting, and takes the global registrations back. */
  close (): Promise<void>
}

/**
 * Starts OpenTelemetry in this process and registers it globally, so one process has at most one at a time. Propagation is
 * W3C Trace Context alone. The exporter is only loaded when an endpoint is set, since it takes long to import.
 */
export async function createTelemetry (options: TelemetryOptions): Promise<Telemetry> {
  const processors: SpanProcessor[] = [new JobSpanProcessor({
    serialize: loadSerializer(),
    keepSpans: options.keepSpans,
    onError: options.onError,
    maxHeld: options.maxHeld ?? 1000,
    maxSpansPerJob: options.maxSpansPerJob ?? 64,
    maxStoring: options.maxStoring ?? 1000,
  })]
  if (options.otlpEndpoint) processors.push(await createExportProcessor(options.otlpEndpoint))
  const resource = resourceFromAttributes({
    'service.name': options.serviceName,
    'service.version': options.serviceVersion,
    'service.instance.id': options.instanceId,
  })
  const metrics = options.withMetrics ? await createMetrics({ resource, onError: options.onError }) : NO_METRICS
  const stopObserving = options.withMetrics ? observeProcess(metrics.meter) : () => {}
  const provider = new TracerProvider({
    resource,
    sampler: new TraceIdRatioBasedSampler(options.sampleRatio),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_CHARS, attributeCountLimit: ATTRIBUTES_PER_SPAN, eventCountLimit: EVENTS_PER_SPAN, linkCountLimit: EVENTS_PER_SPAN },
    spanProcessors: processors,
  })
  registerGlobals(provider)
  return {
    tracer: provider.getTracer('batchbox', options.serviceVersion),
    isExporting: Boolean(options.otlpEndpoint),
    metrics,
    flush: () => provider.forceFlush(),
    async close () {
      stopObserving()
      await Promise.all([provider.shutdown(), metrics.close()])
      unregisterGlobals()
    },
  }
}

function registerGlobals (provider: TracerProvider): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
}

function unregisterGlobals (): void {
  trace.disable()
  propagation.disable()
  context.disable()
}

async function createExportProcessor (endpoint: string): Promise<SpanProcessor> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  return new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })
}

/** The serialiser imports the metrics and logs SDKs as well: it is loaded beside the rest of the start, which does not wait for it. */
function loadSerializer (): (spans: ReadableSpan[]) => Promise<Uint8Array> {
  const loading = import('@opentelemetry/otlp-transformer')
  loading.catch(() => {}) // reported by each use
  return async (spans) => {
    const { JsonTraceSerializer } = await loading
    const chunk = JsonTraceSerializer.serializeRequest(spans)
    if (!chunk) throw new TypeError('Cannot serialise spans: the serialiser answered nothing')
    return chunk
  }
}
