import { z } from 'zod'
import type { Ceilings } from '../../core/api-key.ts'
import { JobError } from '../../core/failures.ts'
import { describeMaximum, JOB_LIMITS, lowerPolicy, type LimitPolicy, type Limits } from '../../core/limits.ts'

/** Console output of a call that its answer holds. */
const LOGS = { logBytes: 65_536, logLines: 100 } as const
/** The tool that code of calls has without asking, unless its key may not. */
const TOOL = 'crypto'

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** How long the code of a call may run. */
export interface FlowTimes {
  defaultMs: number
  maxMs: number
  /** How long a caller may take for its answer before the connection is closed. */
  answerMs: number
}

/** What calls of a key may have: the limits of jobs, lowered to its ceilings and to what calls have. */
export interface FlowRights {
  Body: ReturnType<typeof buildBody>
  limitsFor (timeoutMs: number): Limits
  defaultMs: number
  maxMs: number
  tools: readonly string[]
}

/** Builds what calls may have, for one service's limits and the ceilings of one key. */
export function buildFlowRights (service: LimitPolicy, times: FlowTimes, toolNames: readonly string[], ceilings?: Ceilings): FlowRights {
  const policy = ceilings ? lowerPolicy(service, ceilings.limits) : service
  const maxMs = Math.min(times.maxMs, policy.maxima.timeoutMs)
  const defaultMs = Math.min(times.defaultMs, maxMs)
  const logs = { logBytes: Math.min(LOGS.logBytes, policy.defaults.logBytes), logLines: Math.min(LOGS.logLines, policy.defaults.logLines) }
  return {
    Body: buildBody(policy, { defaultMs, maxMs }),
    limitsFor: (timeoutMs) => ({ ...policy.defaults, ...logs, timeoutMs, cpuMs: Math.min(timeoutMs, policy.maxima.cpuMs) }),
    defaultMs,
    maxMs,
    tools: toolNames.includes(TOOL) && (ceilings?.tools?.includes(TOOL) ?? true) ? [TOOL] : [],
  }
}

function buildBody (policy: LimitPolicy, { defaultMs, maxMs }: Pick<FlowTimes, 'defaultMs' | 'maxMs'>) {
  const excess = maxMs < policy.maxima.timeoutMs ? `the maximum of ${maxMs} ms (BATCHBOX_MAX_FLOW_TIMEOUT_MS)` : describeMaximum(policy, 'timeoutMs')
  return z.strictObject({
    codebase64: z.string().min(1).describe('JavaScript or TypeScript as UTF-8 in base64'),
    input: z.unknown().optional().describe('Any JSON value; null unless given'),
    timeout: z.number().int().min(JOB_LIMITS.timeoutMs.min).max(maxMs, { error: (issue) => `timeout is ${String(issue.input)} ms, more than ${excess}` }).default(defaultMs).describe('Wall time of the code in milliseconds'),
  })
}

/** Reads the code of a call. Throws INVALID for what is not UTF-8 in base64. */
export function decodeCode (base64: string): string {
  const pointer = '/codebase64'
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) throw new JobError('INVALID', `Cannot take the body: ${pointer}: It is not base64`, { errors: [{ pointer, message: 'It is not base64' }] })
  try {
    return DECODER.decode(Buffer.from(base64, 'base64'))
  } catch {
    throw new JobError('INVALID', `Cannot take the body: ${pointer}: It does not decode to UTF-8 text`, { errors: [{ pointer, message: 'It does not decode to UTF-8 text' }] })
  }
}
