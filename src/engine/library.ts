import { getCompileCacheDir } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { LogLevel } from '../core/events.ts'
import { newId } from '../core/ids.ts'
import { CODE_FORMS } from '../core/job-sources.ts'
import { buildFiles, buildOtherLimits, buildPermissions, buildTools, ENTRY_MAX_CHARS, findExcessTimes, RequireIsolation, Tags, ToolConfig } from '../core/job-request.ts'
import { keepIn } from '../core/kept-folder.ts'
import type { LimitPolicy, Limits } from '../core/limits.ts'
import { DEFAULT_MODULE_SETTINGS } from '../core/module-variables.ts'
import { buildFailure, type Isolation, type JobFailure, type Outcome, type Usage } from '../core/outcome.ts'
import type { PoolFigures } from '../core/pool-figures.ts'
import type { RunReceipt } from '../core/receipt.ts'
import { Serialization } from '../core/structured.ts'
import { sha256 } from '../core/digest.ts'
import { listToolNames } from '../tools/registry.ts'
import { buildPolicy, checkConfig, type CreateConfig, type LimitSettings } from './create-config.ts'
import { createEngine, type Engine, type LogEntry, type RunReport, type RunSpan } from './engine.ts'
import type { Plugin } from './plugin.ts'
import { DEFAULT_POOL, defaultLanes, type PoolSettings } from './pool-settings.ts'
import { DEFAULT_WEAR } from './wear.ts'

export type { CreateConfig, LimitSettings } from './create-config.ts'
export type { LogEntry, RunReport, RunRequest } from './engine.ts'
export type { RunContext } from './kernel.ts'
export { PluginError } from './kernel.ts'
export type { Hook, Plugin, PluginApi, PluginLogger, Services, Stage } from './plugin.ts'
export type { Isolation, JobFailure, Limits, LogLevel, Outcome, PoolFigures, PoolSettings, Usage }

export interface CreateOptions {
  config?: CreateConfig
  /** Plugins beside the engine's own, or in their place. */
  plugins?: readonly Plugin[]
  /** Whether code runs in processes of their own, or in threads of this one: docs/engine.md says what that cannot hold. */
  isolation?: 'process' | 'thread'
}

/** Code to run. */
export interface ExecuteRequest {
  /** JavaScript or TypeScript, an ES module; with `form: 'body'` the body of a function. */
  code: string
  form?: (typeof CODE_FORMS)[number] | undefined
  /** What the code can import besides packages, by names that are relative paths. */
  files?: Readonly<Record<string, string>> | undefined
  /** Any JSON value; null unless given. */
  input?: unknown
  serialization?: Serialization | undefined
  /** Export to call; `default` unless given. */
  entry?: string | undefined
  tools?: readonly string[] | undefined
  toolConfig?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined
  permissions?: z.input<ReturnType<typeof buildPermissions>> | undefined
  limits?: LimitSettings | undefined
  requireIsolation?: z.input<typeof RequireIsolation> | undefined
  /** Whose code it is: no process runs code of two at one time. */
  tenant?: string | undefined
  /** What the code reads as `context.tags`. */
  tags?: Readonly<Record<string, string>> | undefined
}

/** What a hook throws goes to `onError`, and the run goes on. */
export interface ExecuteHooks {
  /** Stops the code when it aborts. */
  signal?: AbortSignal
  onLog? (entry: LogEntry): void
  onProgress? (value: number, message: string): void
}

interface Ended {
  id: string
  usage: Usage
  /** All log lines that were kept, in their order. */
  logs: readonly LogEntry[]
  /** Lines that were not. */
  logsDropped: number
  /** Where the code was contained; null when it never ran. */
  isolation: Isolation | null
  /** What the code touched, and what it was denied. */
  receipt: RunReceipt
  spans: readonly RunSpan[]
}

/** What a run ended with. Code that fails is no error of the engine's: nothing rejects for it. */
export type ExecuteResult =
  | Ended & { status: 'succeeded', result: unknown }
  | Ended & { status: 'failed', error: JobFailure }
  | Ended & { status: 'cancelled' }

export interface EmbeddedEngine extends AsyncDisposable {
  /** Runs code in a fresh sandbox. Rejects with a TypeError for a request that is not valid, which says where, and with an Error once the engine is closed. */
  execute (request: ExecuteRequest, hooks?: ExecuteHooks): Promise<ExecuteResult>
  /** How many runner processes there are, by what they do, and may be. */
  runners (): PoolFigures
  /** Ends every process it started; runs under way end as crashed, and those that wait are rejected. */
  close (): Promise<void>
}

const SPARES = 1
const BOOT_TIMEOUT_MS = 20_000
const CACHE = ['.cache', 'batchbox'] as const
const TENANT_MAX_CHARS = 64

/**
 * Makes an engine within this process, without Redis and HTTP: the same sandbox that workers have. Resolves when the first run can be taken. Rejects with
 * a TypeError for settings that are not valid, for plugins that cannot be used, and where no runner comes up.
 */
export async function create ({ config = {}, plugins = [], isolation = 'process' }: CreateOptions = {}): Promise<EmbeddedEngine> {
  checkConfig(config)
  if (config.cacheFolder !== undefined || getCompileCacheDir() === undefined) keepIn(config.cacheFolder ?? join(homedir(), ...CACHE))
  const onError = config.onError ?? ((error: Error) => process.stderr.write(`${error.stack ?? error.message}\n`))
  const policy = buildPolicy(config.limits)
  const tools = { own: config.tools ?? '', config: JSON.stringify(config.toolConfig ?? {}) }
  const schema = buildRequest(policy, listToolNames(tools))
  const engine = await createEngine({
    tools,
    plugins,
    modules: { ...DEFAULT_MODULE_SETTINGS, ...config.modules },
    ...(config.env === undefined ? {} : { env: config.env }),
    strict: config.strict ?? false,
    onToolError: onError,
    compiler: { onError },
    supervisor: {
      isolation,
      lanes: config.lanes ?? defaultLanes(),
      spares: config.spares ?? SPARES,
      pool: { ...DEFAULT_POOL, ...config.pool },
      threads: 1,
      wear: { ...DEFAULT_WEAR, ...config.recycle },
      memoryMb: policy.defaults.memoryMb,
      bootTimeoutMs: config.bootTimeoutMs ?? BOOT_TIMEOUT_MS,
      onError,
    },
  })
  const close = () => engine.close()
  return { execute: async (request, hooks = {}) => execute(engine, parse(schema, policy, request), shelter(hooks, onError)), runners: engine.poolFigures, close, [Symbol.asyncDispose]: close }
}

function buildRequest (policy: LimitPolicy, toolNames: readonly string[]) {
  return z.strictObject({
    code: z.string().min(1).max(policy.request.codeChars),
    form: z.enum(CODE_FORMS).default('module'),
    files: buildFiles(),
    input: z.unknown().default(null),
    serialization: Serialization.default('json'),
    entry: z.string().min(1).max(ENTRY_MAX_CHARS).default('default'),
    tools: buildTools(toolNames),
    toolConfig: ToolConfig,
    permissions: buildPermissions(),
    limits: buildOtherLimits(policy),
    requireIsolation: RequireIsolation,
    tenant: z.string().min(1).max(TENANT_MAX_CHARS).default('default'),
    tags: Tags.default({}),
  }).superRefine(({ limits }, context) => {
    for (const issue of findExcessTimes(limits, policy)) context.addIssue({ code: 'custom', ...issue })
  })
}

type ParsedRequest = Omit<z.output<ReturnType<typeof buildRequest>>, 'limits'> & { limits: Limits }

function parse (schema: ReturnType<typeof buildRequest>, { defaults }: LimitPolicy, request: ExecuteRequest): ParsedRequest {
  const { data, error } = schema.safeParse(request)
  if (!data) throw new TypeError(`Cannot execute: ${z.prettifyError(error)}`)
  const asked = Object.fromEntries(Object.entries(data.limits).filter(([, value]) => value !== undefined))
  return { ...data, limits: { ...defaults, ...asked } }
}

async function execute (engine: Engine, { input, serialization, limits, tenant, tags, ...request }: ParsedRequest, { signal, onLog, onProgress }: ExecuteHooks): Promise<ExecuteResult> {
  const id = newId('job')
  const logs: LogEntry[] = []
  const report = await engine.execute({
    ...request,
    tenant,
    limits,
    alone: false,
    codeHash: sha256(JSON.stringify([request.code, request.files])),
    input: writeInput(input),
    structured: serialization === 'structured',
    secrets: [],
    fence: 1,
    batchId: null,
    context: { jobId: id, attempt: 1, tags, deadline: new Date(Date.now() + limits.timeoutMs).toISOString() },
  }, {
    signal: signal ?? new AbortController().signal,
    onLogs (lines) {
      for (const line of lines) {
        logs.push(line)
        onLog?.(line)
      }
    },
    onProgress: (value, message) => onProgress?.(value, message),
  })
  for (const line of report.logTail.lines) onLog?.(line)
  return { ...conclude(report.outcome), ...describe(id, logs, report) }
}

function writeInput (input: unknown): string {
  try {
    return JSON.stringify(input) ?? 'null'
  } catch (cause) {
    throw new TypeError(`Cannot execute: input is no JSON value: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** Of a run's conversation they are a part: what they threw would end the runner. */
function shelter ({ signal, onLog, onProgress }: ExecuteHooks, onError: (error: Error) => void): ExecuteHooks {
  const tell = (act: () => void) => {
    try {
      act()
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)))
    }
  }
  return { ...(signal ? { signal } : {}), onLog: (entry) => tell(() => onLog?.(entry)), onProgress: (value, message) => tell(() => onProgress?.(value, message)) }
}

function describe (id: string, head: readonly LogEntry[], { outcome, isolation, receipt, logTail, spans }: RunReport): Ended {
  return { id, usage: outcome.usage, logs: [...head, ...logTail.lines], logsDropped: logTail.dropped.lines, isolation, receipt, spans }
}

function conclude (outcome: Outcome): { status: 'succeeded', result: unknown } | { status: 'failed', error: JobFailure } | { status: 'cancelled' } {
  switch (outcome.type) {
    case 'succeeded': return { status: 'succeeded', result: JSON.parse(outcome.result) as unknown }
    case 'failed': return { status: 'failed', error: outcome.error }
    case 'cancelled': return { status: 'cancelled' }
    case 'crashed': return { status: 'failed', error: buildFailure('WORKER_CRASHED', `The process that ran the code died: ${outcome.evidence.reason}`) }
  }
}
