import { globSync, readFileSync } from 'node:fs'
import { findPackageJSON, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version as esbuildVersion } from 'esbuild'
import { sha256 } from '../core/digest.ts'
import type { ModuleSettings } from '../core/module-variables.ts'
import { UNIT_GLOBALS } from '../engine/guest/web-globals.ts'
import { type ModulePackage, PackageManifest } from './module-package.ts'
import { readOperatorPackages } from './operator-packages.ts'
import { SHIPPED } from './shipped.ts'

/** Packages that are bundled together: those that are shipped, or the operator's. */
export interface ModulePart {
  /** Two parts with the same key are bundled into the same text. */
  key: string
  packages: readonly ModulePackage[]
  /** Modules of Node that there are units for, as in `buffer`. */
  nodeNames: readonly string[]
  /** Characters that their scripts may have in all; undefined for any number. */
  maxSize: number | undefined
}

/** Every package that jobs of this installation may import. */
export interface ModuleSet {
  /** Changes with whatever one of its parts changes with. */
  key: string
  shipped: ModulePart
  own: ModulePart
}

const NODE = 'node:'
const HERE = fileURLToPath(new URL('./', import.meta.url))
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

/** The operator's packages alone. */
export function loadOwnPart ({ folder, maxSize }: ModuleSettings): ModulePart {
  const { packages, stamp } = folder === undefined ? { packages: [], stamp: '' } : readOperatorPackages(folder)
  return buildPart(packages, { stamp, maxSize })
}

function buildPart (packages: readonly ModulePackage[], { stamp, maxSize }: { stamp: string, maxSize: number | undefined }): ModulePart {
  const nodeNames = Object.keys(UNIT_GLOBALS).flatMap((unit) => unit.startsWith(NODE) && isBuiltin(unit) ? [unit.slice(NODE.length)] : [])
  const parts = packages.map(({ folder: _, root: __, ...known }) => known)
  return { key: sha256(JSON.stringify([esbuildVersion, process.version, parts, stamp, nodeNames, maxSize, ...readOwnSource()])), packages, nodeNames, maxSize }
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

/** What packages are made into, and not only which packages. */
function readOwnSource (): string[] {
  return globSync('*.ts', { cwd: HERE }).sort().map((file) => readFileSync(join(HERE, file), 'utf8'))
}
