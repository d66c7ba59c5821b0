import { createNoopMeter, type Meter } from '@opentelemetry/api'
import { createRunnerMetrics } from '../telemetry/metrics/runners.ts'
import type { CompilerConfig } from './compiler-client.ts'
import type { CheckpointService } from '../core/checkpoint.ts'
import type { FileService } from '../core/file-service.ts'
import type { CodeForm } from '../core/job-sources.ts'
import type { LiveUsage } from '../core/live-usage.ts'
import type { LogLevel } from '../core/events.ts'
import type { Limits } from '../core/limits.ts'
import type { ModuleSettings } from '../core/module-variables.ts'
import type { PoolFigures } from '../core/pool-figures.ts'
import type { Isolation, IsolationLevel, Outcome } from '../core/outcome.ts'
import type { Grants, PermissionsRequest } from '../core/permissions.ts'
import type { RunReceipt } from '../core/receipt.ts'
import type { RecordPort } from '../core/records.ts'
import { prepareGuest } from './guest-image.ts'
import { createKernel } from './kernel.ts'
import { cluster } from './plugins/cluster.ts'
import { guard } from './plugins/guard.ts'
import { loader } from './plugins/loader.ts'
import { logger } from './plugins/logger.ts'
import { permission } from './plugins/permission.ts'
import { sandbox } from './plugins/sandbox.ts'
import { toolset } from './plugins/toolset.ts'
import type { Plugin } from './plugin.ts'
import type { SupervisorOptions } from './supervisor.ts'
import { loadTools, type ToolSettings } from '../tools/registry.ts'
import type { ToolServices } from '../tools/services.ts'

/** One run of one job's code. */
export interface RunRequest {
  tenant: string
  /** Nobody else may run in its runner: somebody died with it there before, and nobody could tell of whose doing. */
  alone: boolean
  code: string
  /** A module unless given. A `body` is called with the input alone, has neither an entry nor records, and is taken for a module where it is one. */
  form?: CodeForm | undefined
  /** What the code brings along: sources by their names. */
  files: Readonly<Record<string, string>>
  /** SHA-256 of the code and its files as they are stored, lowercase hex. */
  codeHash: string
  /** JSON text. */
  input: string
  /** Whether the input and the result are in structured form, and not any JSON. */
  structured?: boolean | undefined
  entry: string
  /** Names of the tools that the code is given. */
  tools: readonly string[]
  /** What the job holds the configuration of tools to, by their names. */
  toolConfig: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Names of the secrets that the code may get. */
  secrets: readonly string[]
  permissions: PermissionsRequest
  /** Number of the run among all runs of the job. */
  fence: number
  batchId: string | null
  limits: Limits
  /** Levels without which the code is not to run: the outcome is then the failure UNAVAILABLE. */
  requireIsolation: readonly IsolationLevel[]
  context: { jobId: string, attempt: number, tags: Readonly<Record<string, string>>, deadline: string }
}

export interface LogEntry {
  /** Milliseconds of the Unix epoch. */
  time: number
  level: LogLevel
  message: string
}

export interface RunHooks {
  /** Stops the code when it aborts; the outcome is then `cancelled`. */
  signal: AbortSignal
  /** Log lines as they come, within the head of the budget. Nothing more is read from the runner while its promise is pending. */
  onLogs (lines: LogEntry[]): Promise<void> | void
  onProgress (value: number, message: string): void
  /** What the run has taken so far, some ten times a second; never for a run that is shorter than that. */
  onUsage? (usage: LiveUsage): void
  /** Asked before each call of a tool with an effect outside: false refuses it, since another run may have the job. Without it, none is refused. */
  mayAct? (): Promise<boolean>
  /** Keeps what the code saves for the next run of its job. */
  checkpoint?: CheckpointService
  /** The records of a transform; its code then has no input, and `result` is what it answers beside them. */
  records?: RecordPort
  /** The files that the code reads and writes. */
  files?: FileService
}

export interface RunSpan {
  name: 'compile' | 'isolate boot' | 'user code' | `tool ${string}`
  /** Milliseconds of the Unix epoch. */
  startMs: number
  endMs: number
}

/** The end of the logs that were over the head of the budget, and what had to be left out before it. */
export interface LogTail {
  dropped: { lines: number, bytes: number }
  lines: LogEntry[]
}

export interface RunReport {
  outcome: Outcome
  isolation: Isolation | null
  /** What the run touched, and what it was denied. */
  receipt: RunReceipt
  logTail: LogTail
  spans: RunSpan[]
}

/** What an operator who audits is told of each run. */
export interface RunAudit {
  tenant: string
  jobId: string
  fence: number
  tools: readonly string[]
  grants: Grants
  risks: readonly string[]
  durationMs: number
  outcome: Outcome['type']
  receipt: RunReceipt
}

export interface EngineConfig {
  supervisor: Omit<SupervisorOptions, 'guest' | 'metrics'>
  compiler: Partial<CompilerConfig>
  tools: ToolSettings
  /** What code may import; what is shipped unless given. */
  modules?: ModuleSettings
  /** What tools reach beyond their own process with. */
  services?: ToolServices
  /** Values that jobs may be granted by name. */
  env?: Readonly<Record<string, string>>
  /** Has the log of each run begin with what a strict operator would want to know of its permissions. */
  strict?: boolean
  /** Hears of each run, once it is over. */
  onAudit? (audit: RunAudit): void
  /** Hears of what a tool threw that user code must not see. */
  onToolError (error: Error): void
  /** What the engine counts with; nothing is counted without it. */
  meter?: Meter
  /** Plugins beside the engine's own, or in their place: guard, logger, toolset, permission, loader, cluster, sandbox. */
  plugins?: readonly Plugin[]
}

export interface Engine {
  /** Runs at one time. */
  readonly lanes: number
  /** Process ids of the runners alive. */
  readonly runnerPids: () => number[]
  /** How many runners there are, and may be. */
  readonly poolFigures: () => PoolFigures
  /** Runs code in a sandbox; never rejects for what the code does, only with what its records failed with where that is no failure of the job. */
  execute (request: RunRequest, hooks: RunHooks): Promise<RunReport>
  /** Kills every process it started. Runs under way end as crashed. */
  close (): Promise<void>
}

/** Loads the tools, starts the compiler and the runners; resolves when a run can be taken. The caller closes it. */
export async function createEngine (config: EngineConfig): Promise<Engine> {
  const tools = await loadTools(config.tools)
  const metrics = createRunnerMetrics(config.meter ?? createNoopMeter())
  const own: Plugin[] = [
    logger(config.onToolError),
    guard(),
    toolset(tools, { services: config.services ?? {}, metrics }),
    permission(config),
    loader(config.compiler),
    cluster(async () => ({ ...config.supervisor, metrics, guest: await prepareGuest(tools, config.modules) })),
    sandbox(metrics),
  ]
  const kernel = await createKernel(own, config.plugins)
  const { pids, figures } = kernel.service('runners')
  return {
    lanes: config.supervisor.lanes,
    runnerPids: pids,
    poolFigures: figures,
    execute: (request, hooks) => kernel.execute(request, hooks),
    close: () => kernel.close(),
  }
}
