import { isBuiltin } from 'node:module'
import { basename, resolve, sep } from 'node:path'
import { type BuildFailure, build } from 'esbuild'
import { BUNDLE_OPTIONS } from './bundle-options.ts'
import { mendPackages } from './mends.ts'
import type { ModuleEntry, ModulePackage } from './module-package.ts'
import type { ModulePart } from './module-part.ts'
import { buildStubs, stubPlugin } from './stubs.ts'
import { type ModuleUnit, writeUnit } from './write-unit.ts'

/** One name that jobs import. */
export interface GuestModule {
  specifier: string
  /** The unit whose value has its exports. */
  unit: string
  /** Names of its exports, `default` among them if there is one. */
  exports: readonly string[]
  package: string
  /** Characters of script that are loaded when it is the first module that a job imports. */
  size: number
}

export interface ModuleBundle {
  modules: readonly GuestModule[]
  units: readonly ModuleUnit[]
}

/** What `require` answers of a unit that has it, as in Node; else the unit itself is answered. It is no name to import. */
const REQUIRED = 'module.exports'

/**
 * Bundles every module of a part into units: an entry each, and the pieces that several share, which are there once. Runs nothing of a
 * package. The same part makes the same scripts, in some seconds. Throws an Error that names the package that cannot be bundled, and why.
 */
export async function buildModules ({ packages, nodeNames, maxSize }: ModulePart): Promise<ModuleBundle> {
  if (maxSize === undefined) return await bundlePackages(packages, nodeNames)
  const own = await bundleOwn(packages, nodeNames)
  refuseLarge(own, maxSize)
  return own
}

/** Joins bundles; pieces that are in two of them are the same. */
export function joinBundles (bundles: readonly ModuleBundle[]): ModuleBundle {
  const units = new Map(bundles.flatMap((bundle) => bundle.units).map((unit) => [unit.name, unit]))
  return {
    modules: bundles.flatMap((bundle) => bundle.modules).sort((a, b) => compare(a.specifier, b.specifier)),
    units: [...units.values()].sort((a, b) => compare(a.name, b.name)),
  }
}

/** In one go, so that packages share what they depend on; when that fails, one after another, to tell whose fault it is. */
async function bundleOwn (packages: readonly ModulePackage[], nodeNames: readonly string[]): Promise<ModuleBundle> {
  try {
    return await bundlePackages(packages, nodeNames)
  } catch {
    const usable: ModulePackage[] = []
    for (const found of packages) usable.push(await leaveOut(found, nodeNames))
    return await bundlePackages(usable, nodeNames)
  }
}

/** Leaves out subpaths that cannot be bundled, which are often there for Node alone. A package whose main entry cannot be is of no use. */
async function leaveOut (found: ModulePackage, nodeNames: readonly string[]): Promise<ModulePackage> {
  const entries: ModuleEntry[] = []
  let fault: unknown
  for (const entry of found.entries) {
    try {
      await bundlePackages([{ ...found, entries: [entry] }], nodeNames)
      entries.push(entry)
    } catch (error) {
      if (entry.specifier === found.name) throw explain(found, error)
      fault = error
    }
  }
  if (entries.length === 0) throw explain(found, fault)
  return { ...found, entries }
}

async function bundlePackages (packages: readonly ModulePackage[], nodeNames: readonly string[]): Promise<ModuleBundle> {
  const [first] = packages
  if (!first) return { modules: [], units: [] }
  const stubs = await buildStubs(packages)
  const { metafile: { outputs }, outputFiles } = await build({
    ...BUNDLE_OPTIONS,
    absWorkingDir: first.root,
    splitting: true,
    chunkNames: '[hash]',
    entryPoints: stubs.map(({ specifier }, i) => ({ in: specifier, out: `entry-${i}` })),
    plugins: [mendPackages, stubPlugin(stubs, nodeNames, packages)],
  })
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]))
  const nameOf = (path: string) => {
    const stub = stubs[Number(/entry-([0-9]+)\.js$/.exec(path)?.[1] ?? NaN)]
    return `module:${stub ? stub.specifier : `#${basename(path, '.js')}`}`
  }
  const units = await Promise.all(Object.entries(outputs).map(async ([path, { inputs, imports }]) => {
    const holds = packages.filter(({ folder }) => Object.keys(inputs).some((input) => resolve(first.root, input).startsWith(folder + sep)))
    return await writeUnit({
      name: nameOf(path),
      text: texts.get(basename(path)) ?? '',
      links: new Map(imports.map((found) => found.external ? [found.path, found.path] : [`./${basename(found.path)}`, nameOf(found.path)])),
      needsCrypto: holds.some(({ needsCrypto }) => needsCrypto),
      makesCode: holds.some(({ makesCode }) => makesCode),
    })
  }))
  const exported = new Map(Object.entries(outputs).map(([path, { exports }]) => [nameOf(path), exports.filter((name) => name !== REQUIRED).sort()]))
  const byName = new Map(units.map((unit) => [unit.name, unit]))
  const modules = stubs.map(({ specifier, package: own }) => {
    const unit = `module:${specifier}`
    return { specifier, unit, exports: exported.get(unit) ?? [], package: own, size: [...reach(unit, byName)].reduce((sum, { script }) => sum + script.length, 0) }
  })
  return { modules, units }
}

/** The units that are loaded with one, itself among them. */
function reach (name: string, units: ReadonlyMap<string, ModuleUnit>, reached = new Set<ModuleUnit>()): Set<ModuleUnit> {
  const unit = units.get(name)
  if (!unit || reached.has(unit)) return reached
  reached.add(unit)
  for (const link of unit.links) reach(link, units, reached)
  return reached
}

function explain ({ name, version }: ModulePackage, cause: unknown): Error {
  const { errors = [] } = cause as Partial<BuildFailure> // what esbuild throws; anything else has none
  const [first] = errors
  if (!first) return new Error(`Cannot start: BATCHBOX_MODULES has "${name}" ${version}, which cannot be bundled`, { cause })
  const [, missing] = /^Could not resolve "(.+)"$/.exec(first.text) ?? []
  const where = first.location ? ` (in ${first.location.file}, line ${first.location.line})` : ''
  if (missing !== undefined && isBuiltin(missing)) return new Error(`Cannot start: BATCHBOX_MODULES has "${name}" ${version}, which needs "${missing}" of Node${where}; jobs do not have it`, { cause })
  if (/"\.node" files/.test(first.text)) return new Error(`Cannot start: BATCHBOX_MODULES has "${name}" ${version}, which needs a native addon${where}; jobs can only use packages in JavaScript`, { cause })
  return new Error(`Cannot start: BATCHBOX_MODULES has "${name}" ${version}, which cannot be bundled: ${first.text}${where}`, { cause })
}

function refuseLarge ({ modules, units }: ModuleBundle, maxSize: number): void {
  const size = units.reduce((sum, { script }) => sum + script.length, 0)
  if (size <= maxSize) return
  const largest = modules.reduce((a, b) => b.size > a.size ? b : a)
  throw new Error(`Cannot start: the packages of BATCHBOX_MODULES are ${size} characters of script, allowed are ${maxSize}; "${largest.package}" is the largest with ${largest.size}. Leave it out, or raise BATCHBOX_MODULES_MAX_CHARS`)
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0
