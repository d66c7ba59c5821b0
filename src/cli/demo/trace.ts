import { z } from 'zod'

const Trace = z.object({
  resourceSpans: z.array(z.object({
    scopeSpans: z.array(z.object({
      spans: z.array(z.object({
        name: z.string(),
        spanId: z.string(),
        parentSpanId: z.string().optional(),
        startTimeUnixNano: z.union([z.string(), z.number()]),
        endTimeUnixNano: z.union([z.string(), z.number()]),
      })),
    })),
  })),
})

export interface TraceSpan {
  name: string
  id: string
  parent: string | undefined
  startMs: number
  endMs: number
}

const NANOS_PER_MICRO = 1000n
const MICROS_PER_MS = 1000

/** Reads the spans of an OTLP/JSON document. Throws a ZodError when it is none. */
export function parseTrace (document: unknown): TraceSpan[] {
  return Trace.parse(document).resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ name, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano }) => ({
      name, id: spanId, parent: parentSpanId || undefined, startMs: toMs(startTimeUnixNano), endMs: toMs(endTimeUnixNano),
    }))
}

export interface TraceRow {
  depth: number
  name: string
  /** From the start of the first span. */
  offsetMs: number
  durationMs: number
}

/** Orders spans as a tree, parents before children and earlier before later. */
export function orderSpans (spans: readonly TraceSpan[]): TraceRow[] {
  const ids = new Set(spans.map(({ id }) => id))
  const first = Math.min(...spans.map(({ startMs }) => startMs))
  const childrenOf = (parent: string | undefined) => spans
    .filter((span) => (span.parent !== undefined && ids.has(span.parent) ? span.parent : undefined) === parent)
    .sort((a, b) => a.startMs - b.startMs)
  const rows: TraceRow[] = []
  const walk = (parent: string | undefined, depth: number): void => {
    for (const { id, name, startMs, endMs } of childrenOf(parent)) {
      rows.push({ depth, name, offsetMs: startMs - first, durationMs: endMs - startMs })
      walk(id, depth + 1)
    }
  }
  walk(undefined, 0)
  return rows
}

/** Nanoseconds since 1970 exceed what a number holds exactly; microseconds do not. */
function toMs (nanos: string | number): number {
  return Number(BigInt(nanos) / NANOS_PER_MICRO) / MICROS_PER_MS
}
