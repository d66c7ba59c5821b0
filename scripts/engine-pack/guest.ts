import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Archive, openArchive, packArchive } from '../../src/core/archive.ts'
import { sha256 } from '../../src/core/digest.ts'
import { DEFAULT_MODULE_SETTINGS } from '../../src/core/module-variables.ts'
import { bundleHalves, loadGuestSources } from '../../src/engine/guest-sources.ts'
import { halfPath, type PublishedIndex } from '../../src/engine/published-guest.ts'
import { type ScriptSet, writeModuleSet } from '../../src/engine/script-set.ts'
import { buildModules } from '../../src/modules/build-modules.ts'
import { loadModuleSet } from '../../src/modules/module-set.ts'
import { SHIPPED } from '../../src/modules/shipped.ts'
import { DEFAULT_TOOL_SETTINGS, loadTools } from '../../src/tools/registry.ts'

/** Writes what isolates are made with, without code caches, which belong to one version of V8. */
export async function writeGuest ({ root, folder }: { root: string, folder: string }): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const { platform, modules: [shipped] } = await loadGuestSources(DEFAULT_MODULE_SETTINGS)
  if (!shipped) throw new Error('Cannot pack engine: there are no modules')
  const scripts = await platform.read()
  const bytes = packScripts(scripts)
  const archive = open(bytes)
  const write = (name: string, made: Buffer): string => {
    writeFileSync(join(folder, `${name}.bin`), made)
    return sha256(made.toString('latin1'))
  }
  const extra = Object.keys(SHIPPED).filter((name) => SHIPPED[name]?.optional)
  const tools = await loadTools(DEFAULT_TOOL_SETTINGS)
  const halves = await bundleHalves(tools, scripts.meta)
  const index: PublishedIndex = {
    platform: write('platform', bytes),
    modules: write('modules', packScripts(await shipped.read(archive))),
    extra: Object.fromEntries(await Promise.all(extra.map(async (name) => [name, write(`extra-${name}`, packScripts(await readExtra(name, archive)))] as const))),
    halves: Object.fromEntries(tools.flatMap(({ name, guestFile }) => guestFile === null ? [] : [[halfPath(root, guestFile), halves[name] ?? '']])),
  }
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index))
}

/** One that is left out unless it is asked for has an archive of its own. */
async function readExtra (name: string, platform: Archive): Promise<ScriptSet> {
  const { shipped } = loadModuleSet({ ...DEFAULT_MODULE_SETTINGS, extra: [name] })
  return writeModuleSet(await buildModules({ ...shipped, packages: shipped.packages.filter((found) => found.name === name) }), platform)
}

function packScripts ({ scripts, wanted, meta }: ScriptSet): Buffer {
  return packArchive(new Map(wanted.map((name) => [name, { text: scripts[name] ?? '' }])), meta)
}

function open (bytes: Buffer): Archive {
  return openArchive((start, end) => Buffer.from(new Uint8Array(bytes.subarray(start, end)).buffer))
}
