import { ROOT_CONTEXT, SpanStatusCode, trace, type Attributes, type Context, type Span, type SpanKind, type Tracer } from '@opentelemetry/api'
import { parseTraceParent } from '@opentelemetry/core'

/** Reads a `traceparent` (W3C Trace Context) as the remote parent of spans to come; without a valid one, no parent. `tracestate` and baggage are not taken. */
export function contextFromTraceparent (traceparent: string | null | undefined): Context {
  const parsed = traceparent ? parseTraceParent(traceparent) : null
  return parsed ? trace.setSpanContext(ROOT_CONTEXT, { ...parsed, isRemote: true }) : ROOT_CONTEXT
}

/** Writes a span as a `traceparent`, for a process that continues its trace. */
export function traceparentOf (span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

/** Makes the context whose new spans are children of that span. */
export function contextOf (span: Span): Context {
  return trace.setSpan(ROOT_CONTEXT, span)
}

export interface TimedSpan {
  name: string
  /** Context of the parent, from `contextOf` or `contextFromTraceparent`. */
  parent: Context
  /** Milliseconds of the Unix epoch; fractions are kept. */
  startMs: number
  endMs: number
  kind?: SpanKind
  attributes?: Attributes
  /** Marks the span as failed. */
  error?: SpanFailure
}

/** What failed, for the span's status: the code is its type. */
export interface SpanFailure {
  code: string
  message: string
}

/** Writes a span of something that is over and whose times are known. */
export function recordSpan (tracer: Tracer, { name, parent, startMs, endMs, kind, attributes, error }: TimedSpan): void {
  const options = { startTime: startMs, ...(kind === undefined ? {} : { kind }), ...(attributes === undefined ? {} : { attributes }) }
  const span = tracer.startSpan(name, options, parent)
  if (error) failSpan(span, error)
  span.end(Math.max(startMs, endMs))
}

/** Marks a span as failed with a code. No stack is recorded: spans are kept with jobs, whose tenants read them; ours are in the log. */
export function failSpan (span: Span, { code, message }: SpanFailure): void {
  span.setAttribute('error.type', code)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}
