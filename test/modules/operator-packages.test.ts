import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DEFAULT_MODULE_SETTINGS } from '../../src/core/module-variables.ts'
import { buildModules } from '../../src/modules/build-modules.ts'
import type { ModulePart } from '../../src/modules/module-part.ts'
import { loadModuleSet } from '../../src/modules/module-set.ts'
import { type WrittenPackage, writePackages } from '../helpers/packages.ts'

function loadOwn (folder: string, maxSize = DEFAULT_MODULE_SETTINGS.maxSize): ModulePart {
  return loadModuleSet({ folder, extra: [], maxSize }).own
}

async function refusalOf (t: TestContext, packages: Record<string, WrittenPackage>, maxSize?: number): Promise<string> {
  const folder = writePackages(t, packages)
  try {
    await buildModules(loadOwn(folder, maxSize))
  } catch (error) {
    assert.ok(error instanceof Error)
    return error.message.replaceAll(folder, '<folder>')
  }
  assert.fail('It was bundled')
}

test('a package of the operator is listed with its own version, licence, subpaths and export names', async (t) => {
  const folder = writePackages(t, {
    rates: {
      manifest: { version: '3.2.1', license: 'Apache-2.0', type: 'module', exports: { '.': './index.js', './eur': { import: './eur.js', require: './eur.cjs' }, './package.json': './package.json', './types': { types: './types.d.ts' } } },
      files: { 'index.js': 'export const a = 1\nexport default function rates () {}', 'eur.js': 'export { a as eur } from "./index.js"' },
    },
    older: { files: { 'index.js': 'exports.one = 1\nexports.two = require("./two")\nmodule.exports.three = 3', 'two.js': 'module.exports = 2' } },
    data: { manifest: { main: './data.json' }, files: { 'data.json': '{"key":1}' } },
  })

  const set = loadOwn(folder)
  const { modules } = await buildModules(set)

  assert.deepEqual(set.packages.map(({ name, version, licence, source }) => [name, version, licence, source]), [
    ['data', '1.0.0', 'MIT', 'operator'], ['older', '1.0.0', 'MIT', 'operator'], ['rates', '3.2.1', 'Apache-2.0', 'operator'],
  ])
  assert.deepEqual(modules.map(({ specifier, exports }) => [specifier, exports]), [
    ['data', ['default']], ['older', ['default', 'one', 'three', 'two']], ['rates', ['a', 'default']], ['rates/eur', ['eur']],
  ])
})

test('what packages share is bundled once, and the same packages make the same scripts', async (t) => {
  const folder = writePackages(t, {
    one: { files: { 'index.js': 'exports.shared = require("shared")' } },
    two: { files: { 'index.js': 'exports.shared = require("shared")' } },
    shared: { files: { 'index.js': 'module.exports = { marker: "there is one of these" }' } },
  }, ['one', 'two'])

  const { units } = await buildModules(loadOwn(folder))

  assert.equal(units.filter(({ script }) => script.includes('there is one of these')).length, 1)
  assert.deepEqual((await buildModules(loadOwn(folder))).units, units)
})

test('the key changes with the files of a package, and not without', (t) => {
  const folder = writePackages(t, { rates: { files: { 'index.js': 'exports.a = 1' } } })
  const { key, shipped } = loadModuleSet({ ...DEFAULT_MODULE_SETTINGS, folder })

  const again = loadModuleSet({ ...DEFAULT_MODULE_SETTINGS, folder })
  writeFileSync(join(folder, 'node_modules', 'rates', 'index.js'), 'exports.a = 22')
  const changed = loadModuleSet({ ...DEFAULT_MODULE_SETTINGS, folder })
  const linked = writePackages(t, {}, ['rates'])
  mkdirSync(join(linked, 'node_modules'))
  symlinkSync(join(folder, 'node_modules', 'rates'), join(linked, 'node_modules', 'rates'))
  symlinkSync('nowhere', join(linked, 'node_modules', 'dangling'))
  const before = loadModuleSet({ ...DEFAULT_MODULE_SETTINGS, folder: linked })
  writeFileSync(join(folder, 'node_modules', 'rates', 'index.js'), 'exports.a = 333')
  const after = loadModuleSet({ ...DEFAULT_MODULE_SETTINGS, folder: linked })

  assert.equal(again.key, key)
  assert.notEqual(changed.key, key)
  assert.notEqual(after.key, before.key)
  assert.notEqual(loadModuleSet(DEFAULT_MODULE_SETTINGS).key, key)
  assert.equal(loadModuleSet(DEFAULT_MODULE_SETTINGS).shipped.key, shipped.key, 'what is shipped is not bundled again for them')
})

test("an operator's package stands in for a shipped one of the same name", (t) => {
  const folder = writePackages(t, { zod: { manifest: { version: '99.0.0' }, files: { 'index.js': 'exports.a = 1' } } })

  const { shipped, own } = loadModuleSet({ ...DEFAULT_MODULE_SETTINGS, folder })

  assert.equal(shipped.packages.some(({ name }) => name === 'zod'), false)
  assert.deepEqual(own.packages.map(({ name, version, source }) => [name, version, source]), [['zod', '99.0.0', 'operator']])
})

test('packages that only run in Node are refused by name, with what they need and where', async (t) => {
  assert.equal(
    await refusalOf(t, { fine: { files: { 'index.js': 'exports.a = 1' } }, disk: { files: { 'index.js': 'require("./lib/read")', 'lib/read.js': 'exports.a = 1\nrequire("node:fs")' } } }),
    'Cannot start: BATCHBOX_MODULES has "disk" 1.0.0, which needs "node:fs" of Node (in node_modules/disk/lib/read.js, line 2); jobs do not have it',
  )
  assert.equal(
    await refusalOf(t, { fast: { files: { 'index.js': 'module.exports = require("./build/fast.node")', 'build/fast.node': '' } } }),
    'Cannot start: BATCHBOX_MODULES has "fast" 1.0.0, which needs a native addon (in node_modules/fast/index.js, line 1); jobs can only use packages in JavaScript',
  )
  assert.equal(
    await refusalOf(t, { compiled: { files: { 'index.js': '', 'binding.gyp': '' } } }),
    'Cannot start: BATCHBOX_MODULES has "compiled", a native addon; jobs can only use packages in JavaScript',
  )
})

test('a subpath that only runs in Node is left out, and the rest can be used', async (t) => {
  const folder = writePackages(t, {
    page: {
      manifest: { exports: { '.': './index.js', './server': './server.js', './types': { node: './types.js' } } },
      files: { 'index.js': 'exports.root = global', 'server.js': 'require("net")', 'types.js': '' },
    },
  })

  const { modules, units } = await buildModules(loadOwn(folder))

  assert.deepEqual(modules.map(({ specifier }) => specifier), ['page'])
  assert.ok(units.some(({ script }) => script.includes('=globalThis')))
})

test('what is wrong with the folder or a package is told with its name', async (t) => {
  const folder = writePackages(t, { rates: { files: { 'index.js': '' } } }, ['rates', 'gone'])
  const load = (path: string) => () => loadModuleSet({ ...DEFAULT_MODULE_SETTINGS, folder: path })

  assert.throws(load(folder), { message: `Cannot start: BATCHBOX_MODULES depends on "gone", which is not installed there; run npm install in "${folder}"` })
  assert.throws(load(join(folder, 'nowhere')), { message: `Cannot start: BATCHBOX_MODULES is "${join(folder, 'nowhere')}", but "${join(folder, 'nowhere', 'package.json')}" cannot be read; name a folder with a package.json and a node_modules` })
  rmSync(join(folder, 'node_modules'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{')
  assert.throws(load(folder), /^Error: Cannot start: BATCHBOX_MODULES is ".*", but ".*package\.json" is not a valid manifest: SyntaxError/)
  assert.equal(
    await refusalOf(t, { broken: { files: { 'index.js': 'exports.a = (' } } }),
    'Cannot start: BATCHBOX_MODULES has "broken" 1.0.0, which cannot be bundled: Unexpected end of file (in node_modules/broken/index.js, line 1)',
  )
  assert.equal(
    await refusalOf(t, { nameless: { manifest: { version: undefined }, files: { 'index.js': '' } } }),
    'Cannot start: BATCHBOX_MODULES has "nameless", but "<folder>/node_modules/nameless/package.json" is not a valid manifest: ✖ Invalid input: expected string, received undefined\n  → at version',
  )
  assert.equal(
    await refusalOf(t, { patterns: { manifest: { exports: { './*': './*.js' } }, files: { 'index.js': '' } } }),
    'Cannot start: BATCHBOX_MODULES has "patterns" 1.0.0, which exports nothing by a name that jobs could import',
  )
  assert.equal(
    await refusalOf(t, { buffer: { files: { 'index.js': '' } } }),
    'Cannot start: BATCHBOX_MODULES has a package "buffer", which is the name of a module of Node; jobs could not import it',
  )
})

test('packages that are too large together are refused, with the largest', async (t) => {
  const refusal = await refusalOf(t, { small: { files: { 'index.js': 'exports.a = 1' } }, large: { files: { 'index.js': `exports.text = "${'x'.repeat(20_000)}"` } } }, 10_000)

  assert.match(refusal, /^Cannot start: the packages of BATCHBOX_MODULES are 2\d{4} characters of script, allowed are 10000; "large" is the largest with 2\d{4}\. Leave it out, or raise BATCHBOX_MODULES_MAX_CHARS$/)
})

test('BATCHBOX_EXTRA_MODULES names modules that are left out, and nothing else', () => {
  const names = (extra: string[]) => loadModuleSet({ ...DEFAULT_MODULE_SETTINGS, extra }).shipped.packages.map(({ name }) => name)

  assert.equal(names([]).includes('mathjs'), false)
  assert.equal(names(['mathjs']).includes('mathjs'), true)
  assert.throws(() => names(['left-pad']), { message: 'Cannot start: BATCHBOX_EXTRA_MODULES names "left-pad", which is no module that is left out; there is mathjs' })
})
