import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keptFolder } from '../core/kept-folder.ts'
import { buildModules, joinBundles, type ModuleBundle } from './build-modules.ts'
import type { ModulePart } from './module-part.ts'
import type { ModuleSet } from './module-set.ts'

/**
 * Answers what a set is bundled into: from where this process keeps such things, if it was bundled on this machine before. Throws as
 * buildModules does.
 */
export async function keepModules ({ shipped, own }: ModuleSet): Promise<ModuleBundle> {
  return joinBundles([await keepPart(shipped), await keepPart(own)])
}

async function keepPart (part: ModulePart): Promise<ModuleBundle> {
  const folder = keptFolder('modules')
  if (folder === undefined) return await buildModules(part)
  const file = join(folder, `${part.key}.json`)
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
  const part = `${file}.${process.pid}`
  try {
    writeFileSync(part, JSON.stringify(bundle), { mode: 0o600 })
    renameSync(part, file)
  } catch {}
  return bundle
}
