import { isAbsolute, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, type BuildResult, build, type Plugin, stop } from 'esbuild'
import type { Tool } from '../tools/tool.ts'
import { mendedPackages } from './mended-packages.ts'
import { listGlobals, UNIT_GLOBALS } from './guest/web-globals.ts'
import { nodeFacts, writeLibraryUnits } from './node-library.ts'

const GUEST = fileURLToPath(new URL('./guest/', import.meta.url))
const MAIN = resolve(GUEST, 'main.js')
const CORE_LINKS = resolve(GUEST, 'core-links.js')
/** A table for the build, of which the core has what it needs. */
const WEB_GLOBALS = resolve(GUEST, 'web-globals.ts')

/** How an ES module is made a script: V8 takes a script from its code cache in a tenth of the time that modules take. Only our own files and the operator's are read. */
const OPTIONS = { bundle: true, write: false, target: 'esnext', legalComments: 'none', logLevel: 'silent' } as const satisfies BuildOptions

/**
 * A script of its own: its value is a function that is given `link`, which answers the exports of other units and of the core's modules, and
 * answers what the script exports.
 */
interface Entry {
  name: string
  file: string
}

/** The scripts that every isolate may have, and what the modules that can be linked export, by the names that they are linked by. */
export interface PlatformScripts {
  main: string
  units: Record<string, string>
  exported: Record<string, readonly string[]>
}

/**
 * Joins the guest's modules into scripts: its core into one, which every isolate has, and each unit into another. What a unit imports of the core or of
 * another unit is linked, and never there twice. `unitGlobals` are all that there are unless given.
 */
export async function bundlePlatform (unitGlobals: typeof UNIT_GLOBALS = UNIT_GLOBALS): Promise<PlatformScripts> {
  const core = await listModules(MAIN)
  const units = Object.keys(unitGlobals).map((name) => ({ name, file: unitFile(name) }))
  const linker = await createLinker(core, units)
  const library = Object.hasOwn(unitGlobals, 'node-library') ? await writeLibraryUnits() : {}
  const platform = { main: await bundleCore(core, linker, unitGlobals), units: { ...await bundleAll(units, linker), ...library }, exported: nameExports(linker) }
  await stop()
  return platform
}

/** Makes a script of each tool's guest half, which is linked likewise. */
export async function bundleHalves (tools: readonly Tool[], exported: PlatformScripts['exported']): Promise<Record<string, string>> {
  const names = new Map(Object.keys(exported).map((name) => [name.endsWith('.js') ? resolve(GUEST, name) : unitFile(name), name]))
  const halves = tools.flatMap(({ name, guestFile }) => guestFile === null ? [] : [{ name, file: guestFile }])
  const nameOf = (file: string) => names.get(file)
  const scripts = await bundleAll(halves, { nameOf, exported: new Map([...names].map(([file, name]) => [file, exported[name] ?? []])) })
  await stop()
  return scripts
}

function nameExports ({ exported, nameOf }: Linker): PlatformScripts['exported'] {
  return Object.fromEntries([...exported].flatMap(([file, names]) => {
    const name = nameOf(file)
    return name === undefined ? [] : [[name, names]]
  }))
}

/** Where a unit is whose exports are globals. */
function unitFile (name: string): string {
  return resolve(GUEST, name.startsWith('node:') ? `node/${name.slice('node:'.length)}.js` : `web/${name}.js`)
}

/** Every module of our own that the core is made of. */
async function listModules (entry: string): Promise<ReadonlySet<string>> {
  const { metafile } = await build({ ...OPTIONS, entryPoints: [entry], format: 'esm', metafile: true })
  return new Set(Object.keys(metafile.inputs).map((path) => resolve(path)))
}

interface Linker {
  /** Names that a module exports, by its file. */
  readonly exported: ReadonlyMap<string, readonly string[]>
  /** What a module is linked by; undefined for one that is bundled in. */
  nameOf (file: string): string | undefined
}

async function createLinker (core: ReadonlySet<string>, units: readonly Entry[]): Promise<Linker> {
  const names = new Map([...core].filter((file) => file !== MAIN && file !== CORE_LINKS && file !== WEB_GLOBALS).map((file) => [file, relative(GUEST, file)]))
  for (const { name, file } of units) names.set(file, name)
  const nameOf = (file: string) => names.get(file)
  const exported = new Map<string, readonly string[]>()
  const owners = new Map<string, string>()
  const files = [...names.keys()]
  const { metafile } = await build({ ...OPTIONS, entryPoints: files, outdir: GUEST, format: 'esm', metafile: true, plugins: [mendedPackages, nodeFacts, linkPlugin(nameOf)] })
  for (const { entryPoint, exports, inputs } of Object.values(metafile.outputs)) {
    if (entryPoint === undefined) continue
    const file = resolve(entryPoint)
    exported.set(file, exports)
    for (const input of Object.keys(inputs).map((path) => resolve(path)).filter((path) => path.startsWith(GUEST))) refuseSecond(owners, input, file)
  }
  return { exported, nameOf }
}

/** A module that is in two scripts has two states, and neither knows the objects that the other made. */
function refuseSecond (owners: Map<string, string>, input: string, file: string): void {
  const owner = owners.get(input) ?? file
  if (owner !== file) throw new Error(`Cannot build guest: "${relative(GUEST, input)}" would be both in "${relative(GUEST, owner)}" and in "${relative(GUEST, file)}"; make it a unit, so that it is linked`)
  owners.set(input, owner)
}

/** Without `exported`, links are left open: what modules export is yet to be seen. */
function linkPlugin (nameOf: Linker['nameOf'], exported?: Linker['exported']): Plugin {
  return {
    name: 'link',
    setup ({ onResolve, onLoad }) {
      onResolve({ filter: /^[./]/ }, ({ path, kind, resolveDir, namespace }) => {
        if (kind === 'entry-point') return undefined
        const file = isAbsolute(path) ? path : resolve(resolveDir, path)
        if (namespace === 'whole') return { path: file }
        const name = nameOf(file)
        if (name === undefined) return undefined
        return exported ? { path: file, namespace: 'link' } : { path: name, external: true }
      })
      onLoad({ filter: /.*/, namespace: 'link' }, ({ path }) => {
        const names = exported?.get(path) ?? []
        return { contents: `const { ${names.map((name, i) => `${JSON.stringify(name)}: e${i}`).join(', ')} } = link(${JSON.stringify(nameOf(path))})\nexport { ${names.map((name, i) => `e${i} as ${JSON.stringify(name)}`).join(', ')} }` }
      })
    },
  }
}

async function bundleCore (core: ReadonlySet<string>, { exported, nameOf }: Linker, unitGlobals: typeof UNIT_GLOBALS): Promise<string> {
  const { lazy, ofBodies } = listGlobals(unitGlobals)
  const links: Plugin = {
    name: 'core-links',
    setup ({ onLoad }) {
      onLoad({ filter: /web-globals\.ts$/ }, () => ({ contents: `export const LAZY_GLOBALS = ${JSON.stringify(lazy)}, BODY_GLOBALS = ${JSON.stringify(ofBodies)}` }))
      onLoad({ filter: /core-links\.js$/ }, ({ path }) => ({ contents: writeCoreLinks([...core].filter(nameOf), exported, nameOf), resolveDir: resolve(path, '..') }))
    },
  }
  const text = readText(await build({ ...OPTIONS, entryPoints: [MAIN], format: 'esm', plugins: [links] }), MAIN)
  return `(() => { "use strict"; ${text.replace(LAST_EXPORT, (_, names: string) => `return { ${names.replace(/([^\s,]+) as ([^\s,]+)/g, '$2: $1')} }`)} })()`
}

/** What the bundler ends a module with. */
const LAST_EXPORT = /export \{([^}]*)\};\s*$/

/** Writes the module that answers what modules of the core export. Nothing of it is done before it is asked. */
function writeCoreLinks (files: readonly string[], exported: Linker['exported'], nameOf: Linker['nameOf']): string {
  const imports = files.map((file, i) => `import { ${exported.get(file)?.map((name) => `${name} as m${i}_${name}`).join(', ')} } from ${JSON.stringify(file)}`)
  const cases = files.map((file, i) => `case ${JSON.stringify(nameOf(file))}: return { __proto__: null, ${exported.get(file)?.map((name) => `${name}: m${i}_${name}`).join(', ')} }`)
  return `${imports.join('\n')}\nexport function linkCore (name) { switch (name) { ${cases.join('\n')} } }`
}

async function bundleAll (entries: readonly Entry[], linker: Linker): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(entries.map(async (entry) => [entry.name, await bundleUnit(entry, linker)])))
}

async function bundleUnit ({ name, file }: Entry, { exported, nameOf }: Linker): Promise<string> {
  const names = exported.get(file) ?? await listExports(file, nameOf)
  const contents = `import { ${names.map((exportName, i) => `${JSON.stringify(exportName)} as e${i}`).join(', ')} } from ${JSON.stringify(file)}\ngive({ __proto__: null, ${names.map((exportName, i) => `${JSON.stringify(exportName)}: e${i}`).join(', ')} })`
  const whole: Plugin = {
    name: 'whole',
    setup ({ onResolve, onLoad }) {
      onResolve({ filter: /^unit$/ }, () => ({ path: name, namespace: 'whole' }))
      onLoad({ filter: /.*/, namespace: 'whole' }, () => ({ contents, resolveDir: GUEST }))
    },
  }
  const text = readText(await build({ ...OPTIONS, entryPoints: ['unit'], format: 'iife', plugins: [whole, nodeFacts, mendedPackages, linkPlugin((path) => path === file ? undefined : nameOf(path), exported)] }), file)
  return `((link) => { "use strict"; let exports; const give = (all) => { exports = all }; ${text}\nreturn exports })`
}

async function listExports (file: string, nameOf: Linker['nameOf']): Promise<readonly string[]> {
  const { metafile } = await build({ ...OPTIONS, entryPoints: [file], format: 'esm', metafile: true, plugins: [mendedPackages, nodeFacts, linkPlugin(nameOf)] })
  return Object.values(metafile.outputs)[0]?.exports ?? []
}

function readText ({ outputFiles: [script] = [] }: BuildResult, file: string): string {
  if (!script) throw new Error(`Cannot build guest: the bundler wrote nothing for "${file}"`)
  return script.text
}
