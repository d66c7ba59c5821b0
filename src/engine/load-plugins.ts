import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { z } from 'zod'
import type { Plugin } from './plugin.ts'

const PluginForm = z.object({
  name: z.string().min(1),
  required: z.array(z.string()).optional(),
  setup: z.custom<Plugin['setup']>((value) => typeof value === 'function', 'Expected a function'),
})

/**
 * Loads the plugins that an operator names: paths and `file:` URLs of ES modules, separated by commas, whose default export is a plugin or a list of plugins. Rejects with
 * an Error that names the module, and the plugin where it has a name.
 */
export async function loadPlugins (list: string): Promise<Plugin[]> {
  const modules: Plugin[][] = []
  for (const file of list.split(',').map((name) => name.trim()).filter(Boolean)) modules.push(await loadModule(file)) // one after the other: what they do as they are loaded keeps its order
  return modules.flat()
}

async function loadModule (file: string): Promise<Plugin[]> {
  const given = await importDefault(file)
  const plugins: unknown[] = Array.isArray(given) ? given : [given]
  if (plugins.length === 0) throw new Error(`Cannot start: BATCHBOX_PLUGINS names "${file}", which has an empty list of plugins`)
  return plugins.map((plugin) => check(file, plugin))
}

async function importDefault (file: string): Promise<unknown> {
  try {
    const path = file.startsWith('file:') ? fileURLToPath(file) : resolve(file)
    const { default: given } = await import(pathToFileURL(path).href) as { default?: unknown } // the operator's: looked at by `check`
    return given
  } catch (cause) {
    throw new Error(`Cannot start: BATCHBOX_PLUGINS names "${file}", which cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** Answers the plugin itself, since its methods may need it. */
function check (file: string, plugin: unknown): Plugin {
  const { error } = PluginForm.safeParse(plugin)
  if (!error) return plugin as Plugin // it has the form
  const name = typeof plugin === 'object' ? (plugin as Partial<Plugin> | null)?.name : undefined
  throw new Error(`Cannot start: ${typeof name === 'string' && name !== '' ? `plugin "${name}" of "${file}" in BATCHBOX_PLUGINS is not valid` : `BATCHBOX_PLUGINS names "${file}", whose default export is neither a plugin nor a list of plugins`}\n${z.prettifyError(error)}`)
}
