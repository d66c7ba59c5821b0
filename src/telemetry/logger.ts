import { trace } from '@opentelemetry/api'
import type { LoggerLevel } from '../core/shared-variables.ts'
import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino'

const SECRET_PATHS = [
  'authorization', '*.authorization', '*.headers.authorization',
  'token', '*.token', 'accessToken', '*.accessToken', '*.headers.accesstoken', '*.headers.cookie',
]

const STDOUT = 1

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
    serializers: { err: serializeError },
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  // Lines are out before a process ends. What is still to be written then would be tried for ever where the reader is gone.
  return pino(options, destination ?? pino.destination({ dest: STDOUT, sync: true }))
}

function readTraceIds (): object {
  const span = trace.getActiveSpan()?.spanContext()
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {}
}

/** What else an error carries stays out: those of Redis have the arguments of their command, which are passwords, code, inputs and results. */
function serializeError (error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { type, message, stack, code } = stdSerializers.err(error)
  return { type, message, stack, code }
}
