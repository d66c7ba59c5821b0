import type { PoolFigures } from '../core/pool-figures.ts'
import type { RunContext } from './kernel.ts'

/** The stages of a run, in order. `onFormat` runs whatever happened before. */
export const STAGES = ['onValidate', 'onLoad', 'onSpawn', 'onExecute', 'onFormat'] as const
export type Stage = typeof STAGES[number]

export type Hook = (run: RunContext) => Promise<void> | void

/** What hears of errors that end no run. */
export interface PluginLogger {
  warn (error: Error): void
}

/**
 * What plugins share, by name. Those of the engine's own are below; a plugin that provides another declares it:
 * `declare module 'batchbox/engine' { interface Services { licences: Licences } }`.
 */
export interface Services {
  logger: PluginLogger
  /** The tools that runs may ask for. */
  toolset: { readonly names: readonly string[] }
  /** What code may import: the key is another whenever a version is. */
  modules: { readonly key: string }
  /** The processes that runs are lent. */
  runners: { readonly pids: () => number[], readonly figures: () => PoolFigures }
}

/** What a plugin is set up with, once, when the engine is made. */
export interface PluginApi {
  /** Has a function called with each run in a stage, in the order of the plugins. To set `run.outcome` ends the run; to throw fails it, and says which plugin it was. */
  on (stage: Stage, hook: Hook): void
  /** Shares something with the plugins that require this one. Throws a TypeError for a name that another has. */
  provide<Name extends keyof Services> (name: Name, service: Services[Name]): void
  /** Answers what another plugin shares. Throws a TypeError where none that was set up before does. */
  use<Name extends keyof Services> (name: Name): Services[Name]
  /** Has a function called when the engine closes; the last one first. */
  onClose (close: () => Promise<void> | void): void
}

/** A part of the engine. */
export interface Plugin {
  /** One that has the name of another stands in for it. */
  readonly name: string
  /** Names of the plugins that must be set up before, and whose hooks are called before. */
  readonly required?: readonly string[]
  setup (api: PluginApi): Promise<void> | void
}

/**
 * Puts plugins behind those that they require, and else leaves them in their order. Throws a TypeError that names what is wrong: two of one name, one that is required
 * and not there, and a circle of some that require each other.
 */
export function orderPlugins (plugins: readonly Plugin[]): Plugin[] {
  const byName = new Map<string, Plugin>()
  for (const plugin of plugins) {
    if (byName.has(plugin.name)) throw new TypeError(`Cannot use plugins: two are named "${plugin.name}"`)
    byName.set(plugin.name, plugin)
  }
  const ordered = new Set<Plugin>()

  function place (plugin: Plugin, path: readonly string[]): void {
    if (ordered.has(plugin)) return
    const at = path.indexOf(plugin.name)
    if (at >= 0) throw new TypeError(`Cannot use plugins: they require each other in a circle, ${[...path.slice(at), plugin.name].join(' → ')}`)
    for (const name of plugin.required ?? []) {
      const other = byName.get(name)
      if (!other) throw new TypeError(`Cannot use plugin "${plugin.name}": it requires "${name}", which is not there; there are ${[...byName.keys()].join(', ')}`)
      place(other, [...path, plugin.name])
    }
    ordered.add(plugin)
  }

  for (const plugin of plugins) place(plugin, [])
  return [...ordered]
}

/** Has plugins stand in for those of their names, where these stood; the others follow. */
export function replacePlugins (plugins: readonly Plugin[], others: readonly Plugin[]): Plugin[] {
  const standing = plugins.map((plugin) => others.find(({ name }) => name === plugin.name) ?? plugin)
  return [...standing, ...others.filter((other) => !standing.includes(other))]
}
