import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version as esbuildVersion } from 'esbuild'
import { sha256 } from '../core/digest.ts'
import type { ModuleSettings } from '../core/module-variables.ts'
import { UNIT_GLOBALS } from '../engine/guest/web-globals.ts'
import type { ModulePackage } from './module-package.ts'
import { readOperatorPackages } from './operator-packages.ts'

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

const NODE = 'node:'
const HERE = fileURLToPath(new URL('./', import.meta.url))

/** Reads which packages the operator adds. Throws as loadModuleSet does. */
export function loadOwnPart ({ folder, maxSize }: ModuleSettings): ModulePart {
  const { packages, stamp } = folder === undefined ? { packages: [], stamp: '' } : readOperatorPackages(folder)
  return buildPart(packages, { stamp, maxSize })
}

/** Makes a part of packages. The stamp changes with whatever their versions do not tell. */
export function buildPart (packages: readonly ModulePackage[], { stamp, maxSize }: { stamp: string, maxSize: number | undefined }): ModulePart {
  const nodeNames = Object.keys(UNIT_GLOBALS).flatMap((unit) => unit.startsWith(NODE) && isBuiltin(unit) ? [unit.slice(NODE.length)] : [])
  const parts = packages.map(({ folder: _, root: __, ...known }) => known)
  return { key: sha256(JSON.stringify([esbuildVersion, process.version, parts, stamp, nodeNames, maxSize, ...readOwnSource()])), packages, nodeNames, maxSize }
}

/** What packages are made into, and not only which packages. */
function readOwnSource (): string[] {
  return globSync('*.ts', { cwd: HERE }).sort().map((file) => readFileSync(join(HERE, file), 'utf8'))
}
