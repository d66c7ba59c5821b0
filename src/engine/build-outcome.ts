import { mapStacks, parseErrorDetails } from '../core/error-details.ts'
import type { Limits } from '../core/limits.ts'
import { type BrokenLimit, buildBrokenLimit, buildFailure, type CrashEvidence, type JobFailure, type Outcome, type Usage } from '../core/outcome.ts'
import type { FailureCode } from '../core/failures.ts'
import { FAILURE_CHARS } from '../core/runner-protocol.ts'
import type { Compiled } from './compiler-client.ts'
import type { RecordPlace } from './record-flow.ts'
import type { DoneMessage, RunnerAnswer } from './run-conversation.ts'
import { explainWait } from './processor-wait.ts'
import { createStackMapper } from './source-positions.ts'
import { findSuspect } from './suspect.ts'

const MB = 1_048_576
/** No isolate's heap gets further over its limit before the collector gives up: a runner that claims more lies. */
const HEAP_OVERSHOOT = 4

/** Makes an outcome of what a runner answered. Names, positions and limits are put in the words clients read. */
export function buildOutcome (answer: RunnerAnswer, compiled: Compiled, limits: Limits, { lastLogs, ...counted }: Pick<Usage, 'logBytes' | 'toolCalls'> & Pick<CrashEvidence, 'lastLogs'>): Outcome {
  const measured = answer.type === 'done' ? answer.message.usage : { wallMs: answer.endedAt - answer.startedAt, cpuMs: answer.cpuMs, memoryBytes: 0, nativeCalls: 0 }
  const usage: Usage = {
    wallMs: round(measured.wallMs),
    cpuMs: round(measured.cpuMs),
    peakMemoryBytes: Math.round(Math.max(Math.min(measured.memoryBytes, limits.memoryMb * MB * HEAP_OVERSHOOT), answer.peakMemoryBytes)),
    logBytes: counted.logBytes,
    resultBytes: 0,
    toolCalls: counted.toolCalls + measured.nativeCalls,
  }
  if (answer.type === 'crashed') {
    const suspect = findSuspect({ evidence: answer.evidence, cpuMs: answer.cpuMs, shared: answer.shared, limits, source: compiled.code })
    return { type: 'crashed', shared: answer.shared, evidence: { ...answer.evidence, lastLogs, suspect }, usage }
  }
  if (answer.type === 'killed') return buildStopped(answer, limits, usage, answer.waitedMs)
  const { failure } = answer.message
  if (!failure) {
    const resultBytes = Buffer.byteLength(answer.result)
    if (resultBytes > limits.resultBytes) return { type: 'failed', error: buildTooLarge(resultBytes, limits), usage }
    return { type: 'succeeded', result: answer.result, usage: { ...usage, resultBytes } }
  }
  if (isStop(failure.code)) return buildStopped({ code: failure.code, observed: failure.observed }, limits, usage, answer.waitedMs)
  return { type: 'failed', error: buildGuestFailure(failure, compiled, { limits, place: answer.place }), usage }
}

/** The guest has seen that it is not too large; the names of secrets may be longer than what they stand for. */
function buildTooLarge (bytes: number, { resultBytes }: Limits): JobFailure {
  return buildFailure('RESULT_TOO_LARGE', `Result has ${bytes} bytes with the names of secrets instead of them, allowed are ${resultBytes}`, { name: 'RangeError', limit: buildBrokenLimit('resultBytes', resultBytes, bytes) })
}

const STOPS = {
  TIMEOUT: { limit: 'timeoutMs', name: 'TimeoutError', message: 'Execution timeout' },
  CPU_LIMIT: { limit: 'cpuMs', name: 'CpuLimitError', message: 'CPU time limit reached' },
  MEMORY_LIMIT: { limit: 'memoryMb', name: 'MemoryLimitError', message: 'Memory limit reached' },
  CANCELLED: undefined,
} as const

type StopName = keyof typeof STOPS

function isStop (code: FailureCode): code is StopName {
  return Object.hasOwn(STOPS, code)
}

function buildStopped ({ code, observed }: { code: StopName, observed: number }, limits: Limits, usage: Usage, waitedMs: number): Outcome {
  const stop = STOPS[code]
  if (!stop) return { type: 'cancelled', stoppedAfterMs: usage.wallMs, usage }
  const configured = limits[stop.limit]
  const seen = Math.max(observed, code === 'MEMORY_LIMIT' ? Math.round(usage.peakMemoryBytes / MB) : 0, configured)
  const message = stop.message + (code === 'TIMEOUT' ? explainWait(waitedMs, usage.wallMs) : '')
  return { type: 'failed', error: buildFailure(code, message, { name: stop.name, limit: buildBrokenLimit(stop.limit, configured, seen) }), usage }
}

function buildGuestFailure (failure: NonNullable<DoneMessage['failure']>, compiled: Compiled, { limits, place }: { limits: Limits, place: RecordPlace | undefined }): JobFailure {
  const map = createStackMapper([compiled, ...compiled.sources])
  const stack = map(failure.stack)
  const details = failure.details === undefined ? undefined : mapStacks(parseErrorDetails(failure.details), map)
  const limit = brokenLimit(failure.code, failure.observed, limits)
  const where = place ? ` (record ${place.number}, which begins at byte ${place.byte})` : ''
  const message = `${failure.message.slice(0, FAILURE_CHARS.message - where.length)}${where}`
  return buildFailure(failure.code, message, { name: failure.name, ...(stack ? { stack } : {}), details, ...(limit ? { limit } : {}), ...(place ? { record: place } : {}) })
}

function brokenLimit (code: FailureCode, observed: number, limits: Limits): BrokenLimit | undefined {
  if (code === 'RESULT_TOO_LARGE') return buildBrokenLimit('resultBytes', limits.resultBytes, observed)
  if (code === 'TIMER_LIMIT') return buildBrokenLimit('timers', limits.timers, observed)
  if (code === 'TOOL_LIMIT' && observed > 0) { // otherwise it is a limit of one tool, which says so itself
    const name = observed > limits.toolCalls ? 'toolCalls' : 'concurrentToolCalls'
    return buildBrokenLimit(name, limits[name], observed)
  }
  return undefined
}

/** Hundredths of a millisecond are as fine as it is measured. */
function round (ms: number): number {
  return Math.round(ms * 100) / 100
}
