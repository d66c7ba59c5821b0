import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256 } from '../core/digest.ts'
import type { ModuleSettings } from '../core/module-variables.ts'
import { type ModulePackage, PackageManifest } from './module-package.ts'
import { buildPart, loadOwnPart, type ModulePart } from './module-part.ts'
import { SHIPPED } from './shipped.ts'

/** Every package that jobs of this installation may import. */
export interface ModuleSet {
  /** Changes with whatever one of its parts changes with. */
  key: string
  shipped: ModulePart
  own: ModulePart
}

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Reads which packages jobs may import, and their versions, but none of their code. One of the operator's stands in for a shipped one of the
 * same name. Throws an Error that names the package and what is wrong with it.
 */
export function loadModuleSet (settings: ModuleSettings): ModuleSet {
  const own = loadOwnPart(settings)
  const replaced = new Set(own.packages.map(({ name }) => name))
  const shipped = buildPart(readShipped(settings.extra).filter(({ name }) => !replaced.has(name)), { stamp: '', maxSize: undefined })
  return { key: sha256(shipped.key + own.key), shipped, own }
}

function readShipped (extra: readonly string[]): ModulePackage[] {
  const unknown = extra.find((name) => SHIPPED[name]?.optional !== true)
  if (unknown !== undefined) {
    const known = Object.keys(SHIPPED).filter((name) => SHIPPED[name]?.optional)
    throw new Error(`Cannot start: BATCHBOX_EXTRA_MODULES names "${unknown}", which is no module that is left out; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`)
  }
  return Object.entries(SHIPPED).filter(([name, { optional }]) => !optional || extra.includes(name)).map(([name, { of = name, entries, ...marks }]) => {
    const file = findPackageJSON(of, import.meta.url)
    if (file === undefined) throw new Error(`Cannot start: the package "${of}" is not installed; run npm install`)
    const { version, license } = PackageManifest.parse(JSON.parse(readFileSync(file, 'utf8')))
    return {
      name, version, licence: license, source: 'shipped', folder: dirname(file), root: REPOSITORY, entries,
      needsCrypto: marks.needsCrypto ?? false, makesCode: marks.makesCode ?? false, absent: marks.absent ?? [],
    }
  })
}
