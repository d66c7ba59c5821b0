import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version as esbuildVersion } from 'esbuild'
import { z } from 'zod'
import { sha256 } from '../core/digest.ts'
import { readOperatorPackages } from './operator-packages.ts'
import { SHIPPED } from './shipped.ts'

/** One name that jobs import. */
export interface ModuleEntry {
  specifier: string
  /** What it stands for, as the folder's own code would import it; by default its own name. */
  file?: string
  /** Exports that no lexer can see. */
  names?: readonly string[]
  /** What `require` answers where that is not what it would of such a file. */
  required?: 'default'
}

/** A package that is installed, and what jobs may import of it. */
export interface ModulePackage {
  name: string
  version: string
  /** As its manifest has it, an SPDX expression or whatever else its author wrote. */
  licence: string
  source: 'shipped' | 'operator'
  /** Its folder. */
  folder: string
  /** Where its entries are imported from. */
  root: string
  needsCrypto: boolean
  makesCode: boolean
  entries: readonly ModuleEntry[]
}

/** Every package that jobs of this installation may import. */
export interface ModuleSet {
  /** Two sets with the same key are built into the same bytes, given the same `node:` names. */
  key: string
  packages: readonly ModulePackage[]
  /** Bytes that scripts of the operator's packages may have in all. */
  maxBytes: number
}

/** What an operator may say of modules, as the configuration has it. */
export interface ModuleSettings {
  /** With a package.json and a node_modules; its dependencies may be imported. Undefined for none. */
  folder: string | undefined
  /** Shipped packages that are left out unless they are named. */
  extra: readonly string[]
  maxBytes: number
}

/** Changes with what is made of a package, and not with the packages. */
const BUILDER_VERSION = 1
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

/** What we read of a package's manifest. */
export const PackageManifest = z.looseObject({
  name: z.string().min(1),
  version: z.string().min(1),
  license: z.union([z.string(), z.looseObject({ type: z.string() }).transform(({ type }) => type)]).default('unknown'),
})

/**
 * Reads which packages jobs may import, and their versions, but none of their code. One of the operator's stands in for a shipped one of the
 * same name. Throws an Error that names the package and what is wrong with it.
 */
export function loadModuleSet ({ folder, extra, maxBytes }: ModuleSettings): ModuleSet {
  const own = folder === undefined ? { packages: [], stamp: '' } : readOperatorPackages(folder)
  const replaced = new Set(own.packages.map(({ name }) => name))
  const packages = [...readShipped(extra).filter(({ name }) => !replaced.has(name)), ...own.packages]
  const versions = packages.map(({ name, version, source, entries }) => [name, version, source, entries])
  return { key: sha256(JSON.stringify([BUILDER_VERSION, esbuildVersion, versions, own.stamp])), packages, maxBytes }
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
      needsCrypto: marks.needsCrypto ?? false, makesCode: marks.makesCode ?? false,
    }
  })
}
