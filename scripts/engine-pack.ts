// Builds what is published of the engine: a folder and a tarball of it, with everything compiled and the guest ready made.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { basename, join, relative } from 'node:path'
import { SHIPPED } from '../src/modules/shipped.ts'
import { bundleEngine } from './engine-pack/bundle.ts'
import { writeGuest } from './engine-pack/guest.ts'
import { writeNotices } from './engine-pack/notices.ts'
import { declarationsOf, writeTypes } from './engine-pack/types.ts'
import { COMPILE_CACHE, ROOT, run } from './run-tests.ts'

const SOURCE = join(ROOT, 'src')
/** Where it goes; a test has another folder. */
const out = process.argv[2] ?? join(ROOT, 'dist')
const folder = join(out, 'batchbox')
const lib = join(folder, 'lib')
/** The oldest Node that it was tried with: one that isolated-vm is built for, and that can drop permissions. */
const NODE = '>=24.21'
/** Packages whose code is in the guest, beside Node's library: the packages that bring Node say what its licence is. */
const GUEST = ['@exodus/bytes', 'web-streams-polyfill', 'whatwg-url']

/** To another page of this tree. */
const LINK = /\[([^\]]+)\]\((?!https:)[^)]*\)/g

interface Manifest {
  version: string
  /** Modules of this tree that the package exports under the same names. */
  exports: Record<string, string>
  license: string
  dependencies: Record<string, string>
  optionalDependencies: Record<string, string>
}

enableCompileCache(COMPILE_CACHE)
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest // our own
const entries = Object.values(manifest.exports).map((file) => join(ROOT, file))
rmSync(folder, { recursive: true, force: true })
mkdirSync(lib, { recursive: true })
const { imported, bundled } = await bundleEngine({ root: SOURCE, entries, out: lib })
await writeGuest({ root: SOURCE, folder: join(lib, 'engine/published') })
const typed = await writeTypes({ project: ROOT, root: SOURCE, entries, out: join(folder, 'types') })
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(describe(), null, 2)}\n`)
writeFileSync(join(folder, 'NOTICES'), writeNotices([...bundled, ...GUEST, ...Object.keys(manifest.optionalDependencies), ...Object.entries(SHIPPED).map(([name, { of = name }]) => of)], import.meta.filename))
copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
writeFileSync(join(folder, 'README.md'), readFileSync(join(ROOT, 'docs/engine.md'), 'utf8').replace(LINK, '$1'))
process.exitCode = await run(['npm', 'pack', folder, '--pack-destination', out, '--silent'])

function describe (): object {
  return {
    name: 'batchbox',
    version: manifest.version,
    description: 'Runs hostile JavaScript in fresh isolates within locked-down processes, from your own program',
    license: manifest.license,
    type: 'module',
    exports: { ...Object.fromEntries(Object.entries(manifest.exports).map(([name, file]) => [name, exportOf(file)])), './package.json': './package.json' },
    files: ['lib', 'types', 'NOTICES'],
    dependencies: Object.fromEntries([...imported.union(typed)].sort().map((name) => [name, versionOf(name)])),
    engines: { node: NODE },
    os: ['linux', 'darwin'],
  }
}

function exportOf (file: string): object {
  return { types: `./types/${declarationsOf(relative(SOURCE, join(ROOT, file)))}`, default: `./lib/${basename(file, '.ts')}.js` }
}

function versionOf (name: string): string {
  const version = manifest.dependencies[name]
  if (version === undefined) throw new Error(`Cannot pack engine: it imports "${name}", which package.json has not pinned`)
  return version
}
