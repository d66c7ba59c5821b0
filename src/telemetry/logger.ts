import { trace } from '@opentelemetry/api'
import type { LoggerLevel } from '../core/shared-variables.ts'
import { pino, type DestinationStream, type Logger } from 'pino'

const SECRET_PATHS = [
  'authorization', '*.authorization', '*.headers.authorization',
  'accessToken', '*.accessToken', '*.headers.accesstoken', '*.headers.cookie',
]

export interface LoggerOptions {
  /** Which process writes: `api`, `worker`. */
  name: string
  level: LoggerLevel
  /** Where lines go; stdout without it. */
  destination?: DestinationStream
}

/** Writes one JSON object per line, with the trace and span that it was written in. Credentials in headers are left out. */
export function createLogger ({ name, level, destination }: LoggerOptions): Logger {
  const options = {
    name,
    level,
    mixin: readTraceIds,
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return destination ? pino(options, destination) : pino(options)
}

function readTraceIds (): object {
  const span = trace.getActiveSpan()?.spanContext()
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {}
}
