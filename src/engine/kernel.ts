import type { Isolation, Outcome } from '../core/outcome.ts'
import type { Grants } from '../core/permissions.ts'
import type { RunReceipt } from '../core/receipt.ts'
import type { Compiled } from './compiler-client.ts'
import { splitLogBudget } from '../core/log-budget.ts'
import type { RunHooks, RunReport, RunRequest, RunSpan } from './engine.ts'
import { LogKeeper } from './log-keeper.ts'
import type { ToolSession } from './broker.ts'
import type { RunnerProcess } from './runner-process.ts'

/** The stages of a run, in order. `onFormat` runs whatever happened before. */
export const STAGES = ['onValidate', 'onLoad', 'onSpawn', 'onExecute', 'onFormat'] as const
/** Runners that a run may be given: one that dies before it begins with a run is not the run's fault. */
export const SPAWNS_MAX = 3
export type Stage = typeof STAGES[number]

/** A run on its way. Each stage adds what it made; the first to set `outcome` sends the run straight to `onFormat`. */
export interface RunContext {
  readonly request: RunRequest
  hooks: RunHooks
  compiled?: Compiled
  /** The tools that the run may call. */
  tools?: ToolSession
  runner?: RunnerProcess
  /** What the run may touch, once its tools are known. */
  grants?: Grants
  /** Values that it is given by name. */
  env?: Readonly<Record<string, string | undefined>>
  outcome?: Outcome
  isolation: Isolation | null
  /** Runners that the run was given, this one included. */
  spawns: number
  readonly logs: LogKeeper
  readonly spans: RunSpan[]
  /** Called in reverse order when the run is over. */
  readonly releases: (() => void)[]
}

const NO_RECEIPT: RunReceipt = Object.freeze({ lines: [], omitted: 0 })

/** A part of the engine: any of the stages, and a way to close what it holds. */
export interface Plugin extends Partial<Record<Stage, (run: RunContext) => Promise<void> | void>> {
  readonly name: string
  close? (): Promise<void>
}

export interface Kernel {
  execute (request: RunRequest, hooks: RunHooks): Promise<RunReport>
  close (): Promise<void>
}

/** Runs each request through the stages; in a stage the plugins run in the order given, at the end they close in reverse. */
export function createKernel (plugins: readonly Plugin[]): Kernel {
  async function runStage (stage: Stage, run: RunContext): Promise<void> {
    for (const plugin of plugins) await plugin[stage]?.(run)
  }

  async function execute (request: RunRequest, hooks: RunHooks): Promise<RunReport> {
    const run: RunContext = { request, hooks, isolation: null, spawns: 0, logs: new LogKeeper(splitLogBudget(request.limits)), spans: [], releases: [] }
    try {
      await runStage('onValidate', run)
      if (!run.outcome) await runStage('onLoad', run)
      while (!run.outcome && run.spawns < SPAWNS_MAX) {
        run.spawns += 1
        await runStage('onSpawn', run)
        if (!run.outcome) await runStage('onExecute', run)
      }
      await runStage('onFormat', run)
    } finally {
      for (const release of run.releases.toReversed()) release()
    }
    if (!run.outcome) throw new TypeError('Cannot report run: no plugin gave it an outcome')
    return { outcome: run.outcome, isolation: run.isolation, receipt: run.tools?.report ?? NO_RECEIPT, logTail: run.logs.tail, spans: run.spans }
  }

  return {
    execute,
    async close () {
      for (const plugin of plugins.toReversed()) await plugin.close?.()
    },
  }
}
