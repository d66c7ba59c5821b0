import { type BuildOptions, type Metafile, build } from 'esbuild'
import { resolve } from 'node:path'
import type { ModulePackage, ModuleSet } from './module-set.ts'
import { buildStubs, stubPlugin, type Stub } from './stubs.ts'
import { PIECE_FOLDER, nameUnit, writeUnit } from './unit-script.ts'

/** One name that jobs import. */
export interface GuestModule {
  specifier: string
  /** The unit whose value has its exports. */
  unit: string
  /** Names of its exports, `default` among them if there is one. */
  exports: readonly string[]
  package: string
  /** What is loaded when a job imports it first, in characters of script; less what it shares with a module that is there. */
  size: number
}

/** A script whose value is a function that is given `link`, which answers the exports of other units, and answers what it exports itself. */
export interface ModuleUnit {
  name: string
  script: string
  /** Units that it links: pieces of modules, and `node:` names. */
  links: readonly string[]
}

export interface ModuleBundle {
  modules: readonly GuestModule[]
  units: readonly ModuleUnit[]
}

/** Packages are read as for a browser, since an isolate has what browsers have. Names stay as they are: functions and classes show theirs. */
export const BUNDLE_OPTIONS = {
  bundle: true, write: false, metafile: true, format: 'esm', platform: 'browser', mainFields: ['browser', 'module', 'main'], target: 'esnext',
  define: { 'process.env.NODE_ENV': '"production"' }, outdir: PIECE_FOLDER, logLevel: 'silent', legalComments: 'none', minifyWhitespace: true, minifySyntax: true,
} as const satisfies BuildOptions

/**
 * Bundles every module of a set into units: an entry each, and the pieces that several share, which are there once. Runs nothing of a
 * package. Throws an Error that names a package which cannot be bundled, and why. Takes a second or two.
 */
export async function buildModules ({ packages, maxSize }: ModuleSet, nodeNames: readonly string[]): Promise<ModuleBundle> {
  const shipped = await bundlePackages(packages.filter(({ source }) => source === 'shipped'), nodeNames)
  const own = await bundleOwn(packages.filter(({ source }) => source === 'operator'), nodeNames)
  refuseLarge(own, maxSize)
  const units = new Map([...shipped.units, ...own.units].map((unit) => [unit.name, unit]))
  return { modules: sortBy([...shipped.modules, ...own.modules], ({ specifier }) => specifier), units: sortBy([...units.values()], ({ name }) => name) }
}

/** In one go, so that packages share what they depend on; when that fails one after another, to tell whose fault it is. */
async function bundleOwn (packages: readonly ModulePackage[], nodeNames: readonly string[]): Promise<ModuleBundle> {
  try {
    return await bundlePackages(packages, nodeNames)
  } catch (error) {
    for (const found of packages) await bundlePackages([found], nodeNames).catch((cause: unknown) => { throw explain(found.name, cause) })
    throw error
  }
}

async function bundlePackages (packages: readonly ModulePackage[], nodeNames: readonly string[]): Promise<ModuleBundle> {
  const [first] = packages
  if (!first) return { modules: [], units: [] }
  const stubs = await buildStubs(packages, nodeNames)
  const { metafile, outputFiles } = await build({
    ...BUNDLE_OPTIONS, absWorkingDir: first.root, splitting: true, chunkNames: '[hash]',
    entryPoints: [...stubs].map(([specifier], i) => ({ in: specifier, out: `entry/${i}` })), plugins: [stubPlugin(stubs, nodeNames)],
  })
  const texts = new Map(outputFiles.map(({ path, text }) => [path, text]))
  const outputs = Object.entries(metafile.outputs).map(([path, output]) => ({ ...output, path: resolve(first.root, path) }))
  // ...
  return { modules: [], units: [] }
}
