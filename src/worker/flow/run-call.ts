import type { Tracer } from '@opentelemetry/api'
import { SpanKind } from '@opentelemetry/api'
import type { FlowCall, FlowLog, FlowReply } from '../../core/flow.ts'
import { JobError } from '../../core/failures.ts'
import { buildFailure, type Outcome } from '../../core/outcome.ts'
import { unreachable } from '../../core/unreachable.ts'
import type { Engine, LogEntry, RunReport, RunRequest } from '../../engine/engine.ts'
import type { TakenCall } from '../../store/flow/work.ts'
import { TENANT } from '../../telemetry/attributes.ts'
import { contextFromTraceparent, contextOf, failSpan, recordSpan } from '../../telemetry/spans.ts'

export interface CallRunner {
  engine: Pick<Engine, 'execute'>
  /** Calls have no spans without it. */
  tracer: Tracer | undefined
}

/** What came of running a call. */
export interface RanCall {
  reply: FlowReply
  /** JSON text; of a call that failed, nothing. */
  result: string
  /** Whether its runner died of it; undefined where it was not run. */
  hasCrashed: boolean | undefined
}

/** Runs a call in a fresh isolate; never rejects. One that is stopped by the signal answers that its worker stops: whoever left hears nothing of it. */
export async function runCall ({ engine, tracer }: CallRunner, taken: TakenCall, signal: AbortSignal): Promise<RanCall> {
  try {
    if (taken.isQuarantined) throw new JobError('WORKER_CRASHED', 'Cannot run: this code has killed too many of the processes that ran it lately, and is not run for a while')
    const { call, input } = taken.open()
    const logs: LogEntry[] = []
    const report = await engine.execute(buildRequest(taken, call, input), { signal, onLogs: (lines) => { logs.push(...lines) }, onProgress () {} })
    if (tracer) traceCall(tracer, taken, call, report)
    logs.push(...report.logTail.lines)
    return describe(report.outcome, logs.map(({ level, message, time }) => ({ level, message, timestamp: time })))
  } catch (error) {
    const [code, message] = error instanceof JobError ? [error.code, error.message] : ['INTERNAL' as const, 'Cannot run: something failed inside']
    return { ...fail({ code, name: 'Error', message }, 0, []), hasCrashed: undefined }
  }
}

function buildRequest ({ id, tenant, codeHash }: TakenCall, { code, tools, limits }: FlowCall, input: string): RunRequest {
  const deadline = new Date(Date.now() + limits.timeoutMs).toISOString()
  return {
    tenant, alone: false, code, form: 'body', files: {}, codeHash, input, entry: 'default', tools, toolConfig: {}, secrets: [], permissions: 'none', fence: 1, batchId: null,
    limits, requireIsolation: [], context: { jobId: id, attempt: 1, tags: {}, deadline },
  }
}

function describe (outcome: Outcome, logs: FlowLog[]): RanCall {
  const { wallMs } = outcome.usage
  switch (outcome.type) {
    case 'succeeded':
      return { reply: { error: null, wallMs, ...(logs.length > 0 ? { logs } : {}) }, result: outcome.result, hasCrashed: false }
    case 'failed':
      return fail(outcome.error, wallMs, logs)
    case 'cancelled':
      return fail(buildFailure('UNAVAILABLE', 'Cannot finish: the worker that ran the code was stopped; call again'), wallMs, logs)
    case 'crashed':
      return { ...fail(buildFailure('WORKER_CRASHED', `Cannot finish: the process that ran the code died (${outcome.evidence.reason})`), wallMs, logs), hasCrashed: !outcome.shared }
    default:
      return unreachable(outcome)
  }
}

function fail ({ code, name, message, stack }: NonNullable<FlowReply['error']>, wallMs: number, logs: FlowLog[]): RanCall {
  return { reply: { error: { code, name, message, ...(stack === undefined ? {} : { stack }) }, wallMs, ...(logs.length > 0 ? { logs } : {}) }, result: '', hasCrashed: false }
}

/** Only of calls whose request is recorded. */
function traceCall (tracer: Tracer, { id, tenant }: TakenCall, { traceparent }: FlowCall, { outcome, spans }: RunReport): void {
  const [first, last] = [spans[0], spans.at(-1)]
  if (traceparent === null || !first || !last) return
  const span = tracer.startSpan('flow call', { kind: SpanKind.SERVER, startTime: first.startMs, attributes: { 'faas.invocation_id': id, [TENANT]: tenant } }, contextFromTraceparent(traceparent))
  const parent = contextOf(span)
  for (const { name, startMs, endMs } of spans) recordSpan(tracer, { name, parent, startMs, endMs })
  if (outcome.type === 'failed') failSpan(span, outcome.error)
  if (outcome.type === 'crashed') failSpan(span, { code: 'WORKER_CRASHED', message: outcome.evidence.reason })
  span.end(last.endMs)
}
