import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { sha256 } from '../core/digest.ts'
import { PackageManifest, type ModuleEntry, type ModulePackage } from './module-package.ts'

const MAX_PACKAGES = 200
/** Files of all installed packages, for what can be told apart by looking at each. */
const MAX_FILES = 200_000
const SCRIPT = /\.(?:js|mjs|cjs|json)$/
/** Conditions of an exports map that the bundler goes by, `default` last in the order of the map. */
const CONDITIONS = new Set(['import', 'module', 'browser', 'default', 'require'])

const Folder = z.looseObject({ dependencies: z.record(z.string(), z.string()).default({}) })
type Target = string | null | Target[] | { [key: string]: Target }

/**
 * Reads what the operator's folder depends on: a package.json with exact or loose versions, and a node_modules beside it. The stamp changes
 * with every file in there. Throws an Error that names the package.
 */
export function readOperatorPackages (folder: string): { packages: ModulePackage[], stamp: string } {
  const root = resolve(folder)
  const { dependencies } = readManifest(join(root, 'package.json'), Folder, `BATCHBOX_MODULES is "${folder}"`)
  const names = Object.keys(dependencies).sort()
  if (names.length > MAX_PACKAGES) throw new Error(`Cannot start: "${join(root, 'package.json')}" has ${names.length} dependencies, allowed are ${MAX_PACKAGES}`)
  const packages = names.map((name) => readPackage(root, name))
  const installed = join(root, 'node_modules')
  const linked = packages.map(({ folder: real }) => real).filter((real) => !real.startsWith(realpathSync(installed) + sep))
  return { packages, stamp: names.length === 0 ? '' : [installed, ...linked].map(stampFiles).join(' ') }
}

function readPackage (root: string, name: string): ModulePackage {
  if (isBuiltin(name)) throw new Error(`Cannot start: BATCHBOX_MODULES has a package "${name}", which is the name of a module of Node; jobs could not import it`)
  const folder = join(root, 'node_modules', name)
  if (!existsSync(folder)) throw new Error(`Cannot start: BATCHBOX_MODULES depends on "${name}", which is not installed there; run npm install in "${root}"`)
  const real = realpathSync(folder)
  const { version, license, exports } = readManifest(join(folder, 'package.json'), PackageManifest, `BATCHBOX_MODULES has "${name}"`)
  if (existsSync(join(real, 'binding.gyp'))) throw new Error(`Cannot start: BATCHBOX_MODULES has "${name}", a native addon; jobs can only use packages in JavaScript`)
  const entries = listEntries(name, exports as Target | undefined) // JSON, whose shape is looked at step by step
  if (entries.length === 0) throw new Error(`Cannot start: BATCHBOX_MODULES has "${name}" ${version}, which exports nothing by a name that jobs could import`)
  return { name, version, licence: license, source: 'operator', folder: real, root, needsCrypto: false, makesCode: false, absent: [], entries }
}

function readManifest<T extends z.ZodType> (file: string, schema: T, subject: string): z.infer<T> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`Cannot start: ${subject}, but "${file}" cannot be read; name a folder with a package.json and a node_modules`, { cause: error })
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new Error(`Cannot start: ${subject}, but "${file}" is not a valid manifest: ${error instanceof z.ZodError ? z.prettifyError(error) : String(error)}`, { cause: error })
  }
}

/** A package without an exports map has its main entry alone. Patterns are left out: nobody says what they match. */
function listEntries (name: string, exports: Target | undefined): ModuleEntry[] {
  if (typeof exports !== 'object' || exports === null || !Object.keys(exports).some((key) => key.startsWith('.'))) return [{ specifier: name }]
  return Object.entries(exports)
    .filter(([path, target]) => !path.includes('*') && isScript(target))
    .map(([path]) => ({ specifier: path === '.' ? name : name + path.slice(1) }))
}

function isScript (target: Target): boolean {
  if (typeof target === 'string') return SCRIPT.test(target) && !target.endsWith('package.json')
  if (Array.isArray(target)) return target.some(isScript)
  return target !== null && Object.entries(target).some(([condition, next]) => CONDITIONS.has(condition) && isScript(next))
}

/** Installed packages may be edited in place, with their version as it was. */
function stampFiles (folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() || entry.isSymbolicLink())
  if (files.length > MAX_FILES) throw new Error(`Cannot start: "${folder}" holds ${files.length} files, allowed are ${MAX_FILES}; install what jobs import, without development dependencies`)
  return sha256(files.map(({ parentPath, name }) => {
    const path = join(parentPath, name)
    const found = statSync(path, { throwIfNoEntry: false }) // a link may lead nowhere
    return `${relative(folder, path)} ${found?.size} ${found?.mtimeMs}`
  }).sort().join('\n'))
}
