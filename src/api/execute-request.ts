import { z } from 'zod'
import type { Ceilings } from '../core/api-key.ts'
import { buildFiles, buildJobRequest, buildPermissions, buildSecretNames, buildTools, ENTRY_MAX_CHARS, ToolConfig, type JobRequest } from '../core/job-request.ts'
import { describeMaximum, JOB_LIMITS, lowerPolicy, type LimitPolicy } from '../core/limits.ts'
import { Serialization } from '../core/structured.ts'

const TIMEOUT_DEFAULT_MS = 3000

/** Builds the schema of `POST /execute` for one service's limits. Row ISO-1 names its members; they are not those of a job. */
export function buildExecuteRequest (service: LimitPolicy, toolNames: readonly string[], ceilings?: Ceilings) {
  const policy = ceilings ? lowerPolicy(service, ceilings.limits) : service
  const max = policy.maxima.timeoutMs
  return z.strictObject({
    code: z.string().min(1).describe('JavaScript or TypeScript, an ES module'),
    files: buildFiles(),
    input: z.unknown().optional().describe('Any JSON value; the first argument of the entry'),
    serialization: Serialization.optional().describe('How the input and the result are written, as in `POST /v1/jobs`'),
    entry: z.string().min(1).max(ENTRY_MAX_CHARS).default('default').describe('Export to call'),
    timeout: z.number().min(JOB_LIMITS.timeoutMs.min)
      .max(max, { error: (issue) => `timeout is ${String(issue.input)} ms, more than ${describeMaximum(policy, 'timeoutMs')}` })
      .default(Math.min(TIMEOUT_DEFAULT_MS, max)).describe('Wall time in milliseconds'),
    tools: buildTools(toolNames, ceilings?.tools),
    toolConfig: ToolConfig,
    permissions: buildPermissions(ceilings?.permissions),
    secrets: buildSecretNames(ceilings?.secrets),
  })
}

export type ExecuteRequest = z.output<ReturnType<typeof buildExecuteRequest>>

/** Builds the function that makes a job of such a request: one attempt, and CPU time for as long as it may run. */
export function buildToJobRequest (service: LimitPolicy, toolNames: readonly string[], ceilings?: Ceilings): (request: ExecuteRequest) => JobRequest {
  const policy = ceilings ? lowerPolicy(service, ceilings.limits) : service
  const schema = buildJobRequest(service, toolNames, ceilings)
  return ({ code, files, input, serialization, entry, timeout, tools, toolConfig, permissions, secrets }) => {
    const timeoutMs = Math.ceil(timeout)
    const cpuMs = Math.min(policy.maxima.cpuMs, Math.max(policy.defaults.cpuMs, timeoutMs))
    return schema.parse({ code, files, input, serialization, entry, tools, toolConfig, permissions, secrets, limits: { timeoutMs: Math.min(timeoutMs, policy.maxima.timeoutMs), cpuMs } })
  }
}
