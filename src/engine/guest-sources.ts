import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Archive } from '../core/archive.ts'
import { sha256 } from '../core/digest.ts'
import type { ModuleSettings } from '../core/module-variables.ts'
import { CORE_SCRIPT } from '../core/runner-protocol.ts'
import { keepModules } from '../modules/keep-modules.ts'
import { loadModuleSet } from '../modules/module-set.ts'
import type { Tool } from '../tools/tool.ts'
import { bundleHalves as bundle, bundlePlatform } from './guest-bundle.ts'
import { type GuestSources, type PlatformMeta, type ScriptSet, writeModuleSet } from './script-set.ts'

// The published package has published-guest.ts in the place of this module: what is made here is in it already.

const HERE = fileURLToPath(new URL('./', import.meta.url))
/** What the platform's scripts are made of, and with. */
const SOURCES = ['guest/**/*.{js,ts}', 'guest-bundle.ts', 'guest-sources.ts', 'guest-image.ts', 'node-library.ts', 'mended-packages.ts', 'runner/code-cache.ts', '../../package.json'] as const

/** What `require` answers instead of a module's exports; nothing that can be imported. */
const MODULE_EXPORTS = 'module.exports'

/** Answers what isolates are made with, out of the source of this project and the packages that it has. Rejects with an Error for a package that cannot be used. */
export function loadGuestSources (settings: ModuleSettings): Promise<GuestSources> {
  const key = keyOfPlatform()
  const set = loadModuleSet(settings)
  const modules = { key: sha256(key + set.key), read: async (platform: Archive) => writeModuleSet(await keepModules(set), platform) }
  return Promise.resolve({ platform: { key, read: () => makePlatform() }, modules: [modules], modulesKey: set.key })
}

/** The same without any unit or module, to measure what those cost who are not used. */
export function loadBareSources (): GuestSources {
  return { platform: { key: `bare-${keyOfPlatform()}`, read: () => makePlatform({}) }, modules: [], modulesKey: '' }
}

/** Makes a script of each tool's guest half. */
export function bundleHalves (tools: readonly Tool[], { exported }: PlatformMeta): Promise<Record<string, string>> {
  return bundle(tools, exported)
}

async function makePlatform (...unitGlobals: Parameters<typeof bundlePlatform>): Promise<ScriptSet<PlatformMeta>> {
  const { main, units, exported } = await bundlePlatform(...unitGlobals)
  const scripts = { [CORE_SCRIPT]: main, ...units }
  const modules = Object.keys(units).filter((unit) => unit.startsWith('node:') && isBuiltin(unit)).flatMap((unit) => { // units of the web may be named as builtins are, too
    const module = { unit, exports: (exported[unit] ?? []).filter((name) => name !== MODULE_EXPORTS) }
    return [[unit, module], [unit.slice('node:'.length), module]] as const
  })
  return { scripts, wanted: Object.keys(scripts), meta: { exported, modules: Object.fromEntries(modules) } }
}

function keyOfPlatform (): string {
  const files = globSync(SOURCES, { cwd: HERE }).sort()
  return sha256(JSON.stringify([files, ...files.map((file) => readFileSync(join(HERE, file), 'utf8'))]))
}
