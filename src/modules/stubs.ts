import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { isAbsolute, sep } from 'node:path'
import { parse } from 'cjs-module-lexer'
import { type Plugin, type PluginBuild, build } from 'esbuild'
import { BUNDLE_OPTIONS } from './bundle-options.ts'
import type { ModuleEntry, ModulePackage } from './module-package.ts'

/** The module that stands before an entry of a package, and exports what jobs see of it. */
export interface Stub {
  specifier: string
  package: string
  /** What it stands before. */
  file: string
  text: string
}

interface Probed {
  file: string
  isModule: boolean
  exports: readonly string[]
}

const STUB = 'stub'
const ABSENT = 'absent'
const REEXPORTS_DEEP = 20

/** Finds out what every entry is, an ES module or CommonJS, and what it exports. Rejects with esbuild's failure for an entry that is not there or cannot be read. */
export async function buildStubs (packages: readonly ModulePackage[]): Promise<Stub[]> {
  const entries = packages.flatMap((found) => found.entries.map((entry) => ({ ...entry, package: found.name, root: found.root })))
  const probed = await probe(entries)
  return entries.map((entry, i) => {
    const found = probed[i]
    if (!found) throw new TypeError(`Cannot bundle "${entry.specifier}": the bundler did not say what it is`)
    return { specifier: entry.specifier, package: entry.package, file: found.file, text: found.isModule ? writeForModule(found, entry) : writeForCommon(found, entry) }
  })
}

/** Reads the entries alone, and nothing that they import. */
async function probe (entries: readonly (ModuleEntry & { root: string })[]): Promise<Probed[]> {
  const [first] = entries
  if (!first) return []
  const alone: Plugin = {
    name: 'alone',
    setup (bundler) {
      bundler.onResolve({ filter: /.*/ }, async ({ path, kind, pluginData }) => {
        if (pluginData === STUB) return undefined
        if (kind !== 'entry-point') return { path, external: true }
        const entry = entries[Number(path)]
        return entry === undefined ? undefined : await resolveFrom(bundler, entry.file ?? entry.specifier, entry.root)
      })
    },
  }
  const { metafile: { inputs, outputs } } = await build({
    ...BUNDLE_OPTIONS, absWorkingDir: first.root, entryPoints: entries.map((_, i) => ({ in: String(i), out: String(i) })), plugins: [alone],
  })
  const byName = new Map(Object.entries(outputs).map(([path, output]) => [/([0-9]+)\.js$/.exec(path)?.[1], output]))
  return entries.map((_, i) => {
    const { entryPoint = '', exports = [] } = byName.get(String(i)) ?? {}
    return { file: createRequire(`${first.root}/`).resolve(`./${entryPoint}`), isModule: inputs[entryPoint]?.format === 'esm', exports }
  })
}

/** Resolves as an `import` of that folder's own code would. */
async function resolveFrom (bundler: PluginBuild, specifier: string, folder: string) {
  return await bundler.resolve(specifier, { kind: 'import-statement', resolveDir: folder, pluginData: STUB })
}

function writeForModule ({ file, exports }: Probed, { required }: ModuleEntry): string {
  const from = JSON.stringify(file)
  const named = `export * from ${from}\n`
  if (required === 'default') return `${named}import own from ${from}\nexport { own as default, own as "module.exports" }`
  return exports.includes('default') ? `${named}export { default } from ${from}` : named
}

/** As Node does it: the default export is whatever `module.exports` is, and names are what can be seen without running it. */
function writeForCommon ({ file }: Probed, { names }: ModuleEntry): string {
  const seen = [...new Set(names ?? (file.endsWith('.json') ? [] : lexNames(file)))].filter((name) => name !== 'default' && name !== '__esModule' && name !== 'module.exports')
  const declared = seen.map((name, i) => `const e${i} = own[${JSON.stringify(name)}]`)
  return [
    `const own = require(${JSON.stringify(file)})`, ...declared,
    `export { ${['own as default', 'own as "module.exports"', ...seen.map((name, i) => `e${i} as ${JSON.stringify(name)}`)].join(', ')} }`,
  ].join('\n')
}

/** Names that CommonJS exports, and those of files whose exports it passes on. */
function lexNames (file: string, depth = 0): string[] {
  const { exports, reexports } = parse(readFileSync(file, 'utf8'))
  if (depth === REEXPORTS_DEEP) return exports
  const require = createRequire(file)
  return [...exports, ...reexports.filter((name) => !isBuiltin(name)).flatMap((name) => lexNames(require.resolve(name), depth + 1))]
}

/** What stands for a module of Node that a package asks for, and jobs do not have. */
function writeAbsent (path: string): string {
  const [name = '', of = ''] = path.split(' ')
  return `module.exports = new Proxy({}, { get (_, key) { throw new Error('Cannot use ' + String(key) + ' of "${name}": ${of} takes it from Node, and jobs do not have that module') } })`
}

/**
 * Puts the stubs in, and leaves modules of Node to units of their own. What a package imports by the name of an entry is that entry's file, so that
 * there is one of it.
 */
export function stubPlugin (stubs: readonly Stub[], nodeNames: readonly string[], packages: readonly ModulePackage[]): Plugin {
  const bySpecifier = new Map(stubs.map((stub) => [stub.specifier, stub]))
  const units = new Set(nodeNames)
  return {
    name: 'stubs',
    setup (bundler) {
      bundler.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
        if (pluginData === STUB) return undefined
        const stub = bySpecifier.get(path)
        if (kind === 'entry-point') return stub && { path, namespace: STUB }
        const name = path.replace(/^node:/, '')
        const without = packages.find(({ folder, absent }) => absent.includes(name) && importer.startsWith(folder + sep))
        if (without) return { path: `${name} ${without.name}`, namespace: ABSENT }
        if (!isBuiltin(name) || !units.has(name)) return stub && { path: stub.file }
        const found = await bundler.resolve(path, { kind, resolveDir, importer, pluginData: STUB })
        const isLeftOut = found.errors.length === 0 && !isAbsolute(found.path) // by the package itself, with `false` in its map for browsers
        return isLeftOut ? undefined : { path: `node:${name}`, external: true }
      })
      bundler.onLoad({ filter: /.*/, namespace: STUB }, ({ path }) => ({ contents: bySpecifier.get(path)?.text ?? '', resolveDir: '/' }))
      bundler.onLoad({ filter: /.*/, namespace: ABSENT }, ({ path }) => ({ contents: writeAbsent(path) }))
    },
  }
}
