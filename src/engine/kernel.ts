import { buildFailure, EMPTY_USAGE, type Isolation, type Outcome } from '../core/outcome.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Grants } from '../core/permissions.ts'
import type { RunReceipt } from '../core/receipt.ts'
import type { Compiled } from './compiler-client.ts'
import { splitLogBudget } from '../core/log-budget.ts'
import type { RunHooks, RunReport, RunRequest, RunSpan } from './engine.ts'
import { LogKeeper } from './log-keeper.ts'
import { type Hook, orderPlugins, type Plugin, replacePlugins, type Services, type Stage } from './plugin.ts'
import type { ToolSession } from './broker.ts'
import type { RunnerProcess } from './runner-process.ts'

/** Runners that a run may be given: one that dies before it begins with a run is not the run's fault. */
export const SPAWNS_MAX = 3

/** A run on its way. Each stage adds what it made; the first to set `outcome` sends the run straight to `onFormat`. */
export interface RunContext {
  /** A plugin may put another in its place as long as it was not loaded. */
  request: RunRequest
  hooks: RunHooks
  compiled?: Compiled
  /** The tools that the run may call. */
  tools?: ToolSession
  runner?: RunnerProcess
  /** What the run may touch, once its tools are known. */
  grants?: Grants
  /** Values that it is given by name. */
  env?: Readonly<Record<string, string | undefined>>
  outcome?: Outcome | undefined
  /** Ends the run with a failure, unless it has ended. */
  fail (code: FailureCode, message: string): void
  isolation: Isolation | null
  /** Runners that the run was given, this one included. */
  spawns: number
  readonly logs: LogKeeper
  readonly spans: RunSpan[]
  /** Called in reverse order when the run is over. */
  readonly releases: (() => void)[]
}

const NO_RECEIPT: RunReceipt = Object.freeze({ lines: [], omitted: 0 })

/** Thrown for a plugin that could not be set up or closed. `cause` is what it threw. */
export class PluginError extends Error {
  override readonly name = 'PluginError'

  constructor (plugin: string, did: string, cause: unknown) {
    super(describe(plugin, did, cause), { cause })
  }
}

function describe (plugin: string, did: string, error: unknown): string {
  return `Plugin "${plugin}" failed ${did}: ${error instanceof Error ? error.message : String(error)}`
}

export interface Kernel {
  execute (request: RunRequest, hooks: RunHooks): Promise<RunReport>
  /** What a plugin shares. Throws a TypeError where none does. */
  service<Name extends keyof Services> (name: Name): Services[Name]
  /** Closes every plugin, the last one first. Rejects with the first PluginError once all are closed. */
  close (): Promise<void>
}

/**
 * Sets plugins up, each behind those that it requires, and runs requests through their hooks. Those that are `added` follow the engine's own, or stand in for them.
 * A run in which one of them throws fails and says which; what the engine's own throw is thrown on. Rejects, all that were set up closed again, when one cannot be.
 */
export async function createKernel (own: readonly Plugin[], added: readonly Plugin[] = []): Promise<Kernel> {
  const hooks: Record<Stage, { plugin: Plugin, hook: Hook }[]> = { onValidate: [], onLoad: [], onSpawn: [], onExecute: [], onFormat: [] }
  const services = new Map<string, unknown>()
  const closers: { plugin: string, close: () => Promise<void> | void }[] = []

  function service<Name extends keyof Services> (name: Name): Services[Name] {
    if (!services.has(name)) throw new TypeError(`Cannot use service "${name}": no plugin that was set up before provides it`)
    return services.get(name) as Services[Name] // what was provided by this name
  }

  async function setUp (plugin: Plugin): Promise<void> {
    const { name: pluginName } = plugin
    try {
      await plugin.setup({
        on: (stage, hook) => { hooks[stage].push({ plugin, hook }) },
        provide (name, value) {
          if (services.has(name)) throw new TypeError(`Cannot provide service "${name}": another plugin does`)
          services.set(name, value)
        },
        use: service,
        onClose: (close) => { closers.push({ plugin: pluginName, close }) },
      })
    } catch (error) {
      throw own.includes(plugin) ? error : new PluginError(pluginName, 'to set up', error)
    }
  }

  async function close (): Promise<void> {
    const errors: PluginError[] = []
    for (const { plugin, close } of closers.splice(0).toReversed()) {
      try {
        await close()
      } catch (error) {
        errors.push(new PluginError(plugin, 'to close', error))
      }
    }
    if (errors[0]) throw errors[0]
  }

  async function runStage (stage: Stage, run: RunContext): Promise<void> {
    for (const { plugin, hook } of hooks[stage]) {
      try {
        await hook(run)
      } catch (error) {
        if (own.includes(plugin)) throw error
        run.outcome = { type: 'failed', error: buildFailure('INTERNAL', describe(plugin.name, `in ${stage}`, error), { name: 'PluginError' }), usage: run.outcome?.usage ?? EMPTY_USAGE }
      }
    }
  }

  async function execute (request: RunRequest, hooks: RunHooks): Promise<RunReport> {
    const run: RunContext = {
      request, hooks, isolation: null, spawns: 0, logs: new LogKeeper(splitLogBudget(request.limits)), spans: [], releases: [],
      fail (code, message) { run.outcome ??= { type: 'failed', error: buildFailure(code, message), usage: EMPTY_USAGE } },
    }
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

  try {
    for (const plugin of orderPlugins(replacePlugins(own, added))) await setUp(plugin)
  } catch (error) {
    await close().catch(() => {}) // the first error is the one to tell
    throw error
  }
  return { execute, service, close }
}
