import assert from 'node:assert/strict'
import { after } from 'node:test'
import type { CheckpointService } from '../../src/core/checkpoint.ts'
import { sha256 } from '../../src/core/digest.ts'
import type { FileService } from '../../src/core/file-service.ts'
import type { FailureCode } from '../../src/core/failures.ts'
import { type CodeForm, writeSources } from '../../src/core/job-sources.ts'
import { DEFAULT_LIMIT_POLICY, type Limits } from '../../src/core/limits.ts'
import type { LiveUsage } from '../../src/core/live-usage.ts'
import type { RecordPort } from '../../src/core/records.ts'
import type { IsolationLevel, JobFailure } from '../../src/core/outcome.ts'
import { createEngine, type Engine, type EngineConfig, type LogEntry, type RunReport, type RunRequest } from '../../src/engine/engine.ts'
import type { SupervisorOptions } from '../../src/engine/supervisor.ts'
import { DEFAULT_WEAR } from '../../src/engine/wear.ts'
import type { Run } from '../../src/store/db.ts'
import { DEFAULT_TOOL_SETTINGS, type ToolSettings } from '../../src/tools/registry.ts'
import { isAlive } from './processes.ts'

export interface RunOptions {
  /** Made JSON before it is sent; null unless given. */
  input?: unknown
  entry?: string
  /** A module unless given. */
  form?: CodeForm
  /** Files that the code brings along. */
  sources?: Record<string, string>
  tenant?: string
  alone?: boolean
  tools?: string[]
  toolConfig?: RunRequest['toolConfig']
  permissions?: RunRequest['permissions']
  secrets?: string[]
  batchId?: string
  /** Of a job that is in a store; without it, one that is in none. */
  run?: Pick<Run, 'jobId' | 'fence'>
  /** Keeps what the code saves. */
  checkpoint?: CheckpointService
  /** Makes the job a transform. */
  records?: RecordPort
  /** Files of the tenant to read, and those of the job. */
  files?: FileService
  limits?: Partial<Limits>
  requireIsolation?: IsolationLevel[]
  tags?: Record<string, string>
  signal?: AbortSignal
  onLog? (line: LogEntry): void
  /** Keeps each batch of logs back until its promise settles. */
  hold? (): Promise<void>
  onProgress? (value: number, message: string): void
  onUsage? (usage: LiveUsage): void
}

export interface RunRecord {
  report: RunReport
  /** What was delivered while the code ran. */
  logs: LogEntry[]
  progress: { value: number, message: string }[]
  /** From the call of the engine to its answer. */
  tookMs: number
}

export interface TestEngine {
  readonly engine: Engine
  run (code: string, options?: RunOptions): Promise<RunRecord>
  /** The parsed result of code that must succeed. */
  resultOf (code: string, options?: RunOptions): Promise<unknown>
  /** The failure of code that must fail. */
  failureOf (code: string, options?: RunOptions): Promise<JobFailure>
}

/**
 * Starts one engine for a whole test file, before its first test. When the file is over it is closed, and no process of it may be left.
 * To be called at the top of a test file.
 */
export async function startEngine ({ lanes = 2, spares = 1, threads = 1, tools = DEFAULT_TOOL_SETTINGS, onToolError = failOn, settings = {}, ...bounds }: {
  lanes?: number
  spares?: number
  threads?: number
  tools?: ToolSettings
  onToolError? (error: Error): void
  /** What an operator says of permissions and services. */
  settings?: Pick<EngineConfig, 'services' | 'env' | 'strict' | 'onAudit'>
} & Pick<SupervisorOptions, 'createCgroup' | 'resources' | 'file' | 'isolation'> = {}): Promise<TestEngine> {
  const problems: Error[] = []
  const engine = await createEngine({
    tools,
    ...settings,
    onToolError,
    supervisor: { lanes, spares, threads, memoryMb: 128, bootTimeoutMs: 30_000, wear: DEFAULT_WEAR, ...bounds, onError: (error) => problems.push(error) },
    compiler: { processes: 1, timeoutMs: 20_000, onError: (error) => problems.push(error) },
  })
  after(async () => {
    const pids = engine.runnerPids()
    await engine.close()
    assert.deepEqual(pids.filter(isAlive), [], 'no runner is left')
    assert.deepEqual(problems, [], 'no process failed to start')
  })
  const execute = buildExecute(engine)
  return {
    engine,
    run: execute,
    async resultOf (code, options) {
      const { report: { outcome } } = await execute(code, options)
      assert.equal(outcome.type, 'succeeded', JSON.stringify(outcome))
      return JSON.parse(outcome.result) as unknown
    },
    async failureOf (code, options) {
      return failureIn((await execute(code, options)).report)
    },
  }
}

function failOn (error: Error): never {
  throw error
}

function buildExecute (engine: Engine) {
  return async (code: string, options: RunOptions = {}): Promise<RunRecord> => {
    const logs: LogEntry[] = []
    const progress: RunRecord['progress'] = []
    const begun = performance.now()
    const report = await engine.execute({
      tenant: options.tenant ?? 'acme',
      alone: options.alone ?? false,
      code,
      form: options.form,
      files: options.sources ?? {},
      codeHash: sha256(writeSources({ code, files: options.sources ?? {} }).text),
      input: JSON.stringify(options.input ?? null),
      entry: options.entry ?? 'default',
      tools: options.tools ?? [],
      toolConfig: options.toolConfig ?? {},
      secrets: options.secrets ?? [],
      permissions: options.permissions ?? 'none',
      fence: options.run?.fence ?? 1,
      batchId: options.batchId ?? null,
      limits: { ...DEFAULT_LIMIT_POLICY.defaults, ...options.limits },
      requireIsolation: options.requireIsolation ?? [],
      context: { jobId: options.run?.jobId ?? 'job-1', attempt: 1, tags: options.tags ?? {}, deadline: '2030-01-01T00:00:00.000Z' },
    }, {
      signal: options.signal ?? new AbortController().signal,
      ...(options.checkpoint ? { checkpoint: options.checkpoint } : {}),
      ...(options.records ? { records: options.records } : {}),
      ...(options.files ? { files: options.files } : {}),
      onLogs (lines) {
        logs.push(...lines)
        for (const line of lines) options.onLog?.(line)
        return options.hold?.()
      },
      onProgress (value, message) {
        progress.push({ value, message })
        options.onProgress?.(value, message)
      },
      onUsage: (usage) => options.onUsage?.(usage),
    })
    return { report, logs, progress, tookMs: performance.now() - begun }
  }
}

/** The failure in a report of a run that must have failed. */
export function failureIn ({ outcome }: RunReport, code?: FailureCode): JobFailure {
  assert.equal(outcome.type, 'failed', JSON.stringify(outcome).slice(0, 1000))
  if (code !== undefined) assert.equal(outcome.error.code, code, outcome.error.message)
  return outcome.error
}

/** All lines that a run left: those delivered and the tail. */
export function allMessages ({ logs, report }: RunRecord): string[] {
  return [...logs, ...report.logTail.lines].map(({ message }) => message)
}
