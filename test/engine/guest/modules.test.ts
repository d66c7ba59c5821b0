import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../helpers/guest.ts'

const TOY = { script: '((link) => ({ __proto__: null, default: { d: 1 }, add: (a, b) => a + b, delete: 2, "module.exports": { cjs: true } }))', exports: ['default', 'add', 'delete'] }
const { failureOf, resultOf, run } = await openGuest({ ownModules: { toy: TOY, plain: { script: '(() => ({ __proto__: null, one: 1 }))', exports: ['one'] } } })

test('modules of the allow-list are imported, and required, as one instance', async () => {
  const result = await resultOf(`
    import toy, { add, delete as gone } from 'toy'
    import * as all from 'toy'
    export default async () => {
      const dynamic = await import('to' + 'y')
      return [toy, add(1, 2), gone, Object.keys(all), dynamic === all, dynamic.default === toy, require('toy'), require('toy') === require('toy'), require('plain')]
    }`)

  assert.deepEqual(result, [{ d: 1 }, 3, 2, ['add', 'default', 'delete'], true, true, { cjs: true }, true, { one: 1 }])
})

test('import() gives a namespace object as the standard has it', async () => {
  const result = await resultOf(`
    export default async () => {
      const lib = await import('./lib.js')
      const before = lib.count
      lib.increment()
      return [Object.prototype.toString.call(lib), Object.getPrototypeOf(lib), Object.keys(lib), Object.isSealed(lib), before, lib.count, Reflect.set(lib, 'count', 9), lib === await import('./lib.js')]
    }`, { sources: { 'lib.js': 'export let count = 1; export const increment = () => { count++ }; export default null' } })

  assert.deepEqual(result, ['[object Module]', null, ['count', 'default', 'increment'], true, 1, 2, false, true])
})

test('import() rejects with what the module throws, again without evaluating it again, and knows nothing of the host', async () => {
  const sources = { 'error.js': 'globalThis.n = (globalThis.n ?? 0) + 1\nthrow new RangeError("no")', 'value.js': 'throw 42', 'syntax.js': '\nlet a = ;' }
  const result = await resultOf(`
    const caught = (name) => import('./' + name).catch((error) => error)
    export default async () => {
      const [error, again, value, syntax] = [await caught('error.js'), await caught('error.js'), await caught('value.js'), await caught('syntax.js')]
      return [error instanceof RangeError, error.stack, again === error, n, value, syntax instanceof SyntaxError, syntax.stack]
    }`, { sources })

  assert.deepEqual(result, [true, 'RangeError: no\n    at error.js:2:7', true, 1, 42, true, "SyntaxError: Unexpected token ';' [syntax.js:2:9]"])
})

test('what is refused has a code that is the run\'s where nobody catches it', async () => {
  const [code, message] = await resultOf('export default () => import("fs").catch(({ code, message }) => [code, message])') as [string, string]

  assert.equal(code, 'MODULE_NOT_ALLOWED')
  assert.match(message, /^Cannot import "fs" from job\.js: this module of Node is not in the sandbox; allowed are .*toy, plain$/)
  for (const refused of ['export default () => import("fs")', 'export default () => require("fs")', 'import "fs"']) assert.equal((await failureOf(refused)).code, 'MODULE_NOT_ALLOWED', refused)
  assert.match((await failureOf('export default () => require("./a.js")', { sources: { 'a.js': '' } })).message, /files of the job are imported/)
})

test('import() takes its arguments as the standard says', async () => {
  const results = await resultOf(`
    const name = async (...args) => { try { await import(args[0], args[1]); return 'ok' } catch (error) { return error.name + ': ' + error.message } }
    export default async () => [
      await name({ toString: () => './a.json' }), await name('./a.json', {}), await name('./a.json', { with: { type: 'json' } }), await name('./a.json', { with: undefined }),
      await name(Symbol('s')), await name({ toString () { throw new RangeError('r') } }), await name('./a.json', 1), await name('./a.json', { with: null }),
      await name('./a.json', { with: { type: 1 } }), await name('./a.json', { with: { type: 'css' } }), await name('./a.json', { with: { other: 'x' } }),
      await name('./b.js', { with: { type: 'json' } }),
    ]`, { sources: { 'a.json': '[1]', 'b.js': '' } })

  assert.deepEqual(results, [
    'ok', 'ok', 'ok', 'ok',
    'TypeError: Cannot convert a Symbol value to a string', 'RangeError: r', 'TypeError: The second argument of import() must be an object', 'TypeError: The attributes of import() must be an object',
    'TypeError: Import attribute "type" must be a string', 'TypeError: Import attribute "type" with value "css" is not supported', 'TypeError: Import attribute "other" with value "x" is not supported',
    'Error: Cannot import "./b.js" from job.js with the type "json": it is no file of JSON',
  ])
})

test('import.meta says nothing of where code is', async () => {
  assert.deepEqual(await resultOf('export default () => [typeof import.meta, Object.keys(import.meta), import.meta.url === undefined]'), ['object', [], true])
})

test('code that imports nothing asks the host nothing', async () => {
  const { failure, logs } = await run('console.log(typeof require, Object.keys(globalThis).includes("require"), Object.keys(globalThis).filter((key) => key.includes("batchbox")).length); export default () => 1')

  assert.equal(failure, null)
  assert.deepEqual(logs, ['function false 0'])
})

test('no unit can be imported but modules: not by its name, and not by a part of it', async () => {
  const result = await resultOf(`
    export default async () => {
      const given = []
      for (const name of ['', 'r', 's', 'streams', 'blob', 'web/url', 'core', 'intrinsics.js', 'node:library', 'module:toy', 'module:zod', 'capture', 'job', '__proto__', 'constructor']) {
        await import(name).then(() => given.push(name), () => {})
        try { require(name); given.push(name) } catch {}
      }
      const [events, url] = [await import('events'), await import('url')]
      return [given, events.default === events.EventEmitter, typeof url.fileURLToPath]
    }`)

  assert.deepEqual(result, [[], true, 'function'])
})

test('what is said of what is allowed leaves paths within packages out', async () => {
  const message = await resultOf('export default () => import("fs").catch(({ message }) => message)')

  assert.match(String(message), /, zod, /)
  assert.doesNotMatch(String(message), /\/|node:/)
})

test('imports meet each other in cycles, and wait for each other', async () => {
  const sources = {
    'a.js': 'import { b } from "./b.js"; export const a = () => b()',
    'b.js': 'import { a } from "./a.js"; import { x } from "./job.js"; export const b = () => typeof a + x',
    'later.js': 'export const later = await new Promise((resolve) => setTimeout(() => resolve(5), 1)); export const self = () => import("./later.js")',
  }
  const code = 'import { a } from "./a.js"; import { later } from "./later.js"; export const x = 1; export default async () => { const all = await import("./later.js"); return [a(), later, await all.self() === all] }'

  assert.deepEqual(await resultOf(code, { sources }), ['function1', 5, true])
})

test('what only looks like an import stays as it is, and nothing can take the name that stands for one', async () => {
  const code = `
    const $i0000 = 1, \\u0024i0001 = 2
    class C { #import (x) { return x } import (x) { return this.#import(x) } static async import (x) { return x } }
    const texts = ["import(1)", \`import(2)\${1}\`, /import(3)/.source] // import(4)
    export default async () => [$i0000, $i0001, ...texts, new C().import(5), await C.import(6), ({ import: 7 }).import, ({ import (x) { return x } }).import(8), (await import("./nine.js")).default]`

  assert.deepEqual(await resultOf(code, { sources: { 'nine.js': 'export default 9' } }), [1, 2, 'import(1)', 'import(2)1', 'import(3)', 5, 6, 7, 8, 9])
  assert.equal((await failureOf('import { import as stolen } from "$i0000"; export default () => import("./a.js")', { sources: { 'a.js': '' } })).code, 'MODULE_NOT_ALLOWED')
})
