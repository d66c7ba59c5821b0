import { createEngine, type Engine, type RunReport } from '../src/engine/engine.ts'
import { sha256 } from '../src/core/digest.ts'
import { DEFAULT_LIMIT_POLICY, type Limits } from '../src/core/limits.ts'
import type { PermissionsRequest } from '../src/core/permissions.ts'
import { DEFAULT_TOOL_SETTINGS } from '../src/tools/registry.ts'
import { DEFAULT_WEAR } from '../src/engine/wear.ts'
import type { Bench } from './row.ts'
import { LANES } from './service.ts'

/** Options of a runner that a worker has when nobody sets any. */
export const RUNNER_OPTIONS = { threads: 1, memoryMb: DEFAULT_LIMIT_POLICY.defaults.memoryMb, bootTimeoutMs: 20_000 }

/** Starts the engine alone, as a worker does, with that configuration of tools. `closing` ends it. */
export async function startEngine (bench: Bench, closing: AsyncDisposableStack, tools: object = {}): Promise<Engine> {
  const onError = (error: Error) => bench.note(`  ${error.message}`)
  const engine = await createEngine({
    tools: { ...DEFAULT_TOOL_SETTINGS, config: JSON.stringify(tools) },
    onToolError: onError,
    supervisor: { lanes: LANES, spares: 1, wear: DEFAULT_WEAR, ...RUNNER_OPTIONS, onError },
    compiler: { onError },
  })
  closing.defer(() => engine.close())
  return engine
}

export interface ExecuteOptions {
  tools?: readonly string[]
  permissions?: PermissionsRequest
  limits?: Partial<Limits>
}

/** Runs code once, with the limits that jobs have by default where it is not given others. Throws an Error when it does not succeed. */
export async function execute (engine: Engine, code: string, { tools = [], permissions = 'none', limits = {} }: ExecuteOptions = {}): Promise<{ result: string, usage: RunReport['outcome']['usage'] }> {
  const { outcome } = await engine.execute({
    tenant: 'default',
    alone: false,
    code,
    files: {},
    codeHash: sha256(code),
    input: 'null',
    entry: 'default',
    tools,
    toolConfig: {}, secrets: [],
    permissions,
    fence: 1,
    batchId: null,
    limits: { ...DEFAULT_LIMIT_POLICY.defaults, ...limits },
    requireIsolation: [],
    context: { jobId: 'job_bench', attempt: 1, tags: {}, deadline: new Date(Date.now() + DEFAULT_LIMIT_POLICY.defaults.timeoutMs).toISOString() },
  }, { signal: new AbortController().signal, onLogs () {}, onProgress () {} })
  if (outcome.type !== 'succeeded') throw new Error(`Cannot use measurement: the run ended as ${JSON.stringify(outcome)}`)
  return { result: outcome.result, usage: outcome.usage }
}
