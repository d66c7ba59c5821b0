import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { join } from 'node:path'
import { buildModules, joinBundles, type ModuleBundle } from './build-modules.ts'
import type { ModulePart, ModuleSet } from './module-set.ts'

/**
 * Answers what a set is bundled into: from the folder where this process keeps what V8 and Node compiled of its own source, if it was bundled
 * on this machine before. Throws as buildModules does.
 */
export async function keepModules ({ shipped, own }: ModuleSet): Promise<ModuleBundle> {
  return joinBundles([await keepPart(shipped), await keepPart(own)])
}

async function keepPart (part: ModulePart): Promise<ModuleBundle> {
  const file = join(getCompileCacheDir() ?? '', 'modules', `${part.key}.json`)
  return readKept(file) ?? keep(file, await buildModules(part))
}

function readKept (file: string): ModuleBundle | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ModuleBundle // written below, in a folder that nobody else writes to
  } catch {
    return undefined
  }
}

/** What cannot be kept is bundled again the next time. Never half of it is seen: several processes may write the same. */
function keep (file: string, bundle: ModuleBundle): ModuleBundle {
  if (getCompileCacheDir() === undefined) return bundle
  const part = `${file}.${process.pid}`
  try {
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(part, JSON.stringify(bundle), { mode: 0o600 })
    renameSync(part, file)
  } catch {}
  return bundle
}
