import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEngine } from '../helpers/engine.ts'

const { resultOf, failureOf, run } = await startEngine()

test('code imports its files by their names, without extension, and as what they become', async () => {
  const code = `
    import { a } from './lib/a.ts'
    import { a as again } from './lib/a'
    import { a as built } from './lib/a.js'
    import { b } from '/lib/b.mjs'
    import data from './data.json' with { type: 'json' }
    export const named: string = 'code'
    export default async () => {
      const c = await import('./lib/' + 'c' + '.mts')
      return [a, again === a && built === a, b, data, c.default, c.self === (await import('./lib/c.mjs')).self]
    }`
  const sources = {
    'lib/a.ts': 'import { B } from "./b.mjs"\nexport enum Level { low = 1, high }\nexport const a: number = B + Level.high',
    'lib/b.mjs': 'export const B = 40; export const b = [B]',
    'lib/c.mts': 'import { named } from "../job.ts"\nexport default named satisfies string\nexport const self = {}',
    'data.json': '{ "__proto__": 1, "list": [1, 2] }',
    'unused.ts': 'throw new Error("nobody imports it")',
  }

  assert.deepEqual(await resultOf(code, { sources }), [42, true, [40], JSON.parse(sources['data.json']), 'code', true])
})

test('stacks, logs and syntax errors name each file with its own line and column', async () => {
  const code = `import { fail } from './lib/fail.ts'\nexport default (input: { log: boolean }) => {\n  if (input.log) console.log(new Error('logged'))\n  fail(input)\n}`
  const sources = { 'lib/fail.ts': 'interface Never { a: 1 }\n\nexport function fail (never: unknown): never {\n  throw new TypeError(`no ${typeof never}`)\n}' }

  const failure = await failureOf(code, { sources, input: {} })
  const { logs } = await run(code, { sources, input: { log: true } })
  const broken = await failureOf(code, { sources: { 'lib/fail.ts': 'export const a = 1\nexport const fail = (x: number => x' } })

  assert.equal(failure.code, 'USER_ERROR')
  assert.equal(failure.stack, 'TypeError: no object\n    at fail (lib/fail.ts:4:9)\n    at default (job.ts:4:3)')
  assert.match(logs[0]?.message ?? '', /^Error: logged\n {4}at default \(job\.ts:3:30\)$/m)
  assert.equal(broken.code, 'SYNTAX_ERROR')
  assert.match(broken.message, /\(lib\/fail\.ts:2:\d+\)$/)
  assert.match(broken.stack ?? '', /^ {4}at lib\/fail\.ts:2:\d+$/m)
  assert.match(broken.stack ?? '', /^2 \| export const fail = \(x: number => x$/m)
})

test('a dynamic import leaves every position as it was', async () => {
  const code = 'export default async (n) => { if (n) await import("./a.js"); throw new Error("here"); }'

  const failure = await failureOf(code, { sources: { 'a.js': '' }, input: 1 })

  assert.equal(failure.stack, `Error: here\n    at default (job.js:1:${code.indexOf('new Error') + 1})`)
})

test('what is neither a file of the job nor allowed is refused with MODULE_NOT_ALLOWED, by name, from where and with what is allowed', async () => {
  const sources = { 'a.ts': 'import "./none.ts"', 'b.ts': 'export default () => import("node:fs")', 'c.ts': 'export const c = 1' }
  const refusal = (code: string) => failureOf(code, { sources }).then(({ code: name, message }) => `${name}: ${message}`)

  assert.match(await refusal('import fs from "fs"; export default 1'), /^MODULE_NOT_ALLOWED: Cannot import "fs" from job\.js: this module of Node is not in the sandbox; (?:allowed are|no modules)/)
  assert.equal(await refusal('import "./a.ts"; export default () => 1'), 'MODULE_NOT_ALLOWED: Cannot import "./none.ts" from a.ts: the files of the job are a.ts, b.ts, c.ts')
  assert.match(await refusal('import b from "./b.ts"; export default b'), /^MODULE_NOT_ALLOWED: Cannot import "node:fs" from b\.ts: /)
  assert.match(await refusal('export default () => import("./a.ts")'), /^MODULE_NOT_ALLOWED: Cannot import "\.\/none\.ts" from a\.ts: /)
  assert.match(await refusal('export default () => import("../c.ts")'), /^MODULE_NOT_ALLOWED: Cannot import "\.\.\/c\.ts" from job\.js: /)
  assert.match(await refusal('export default () => import("https://example.com/x.js")'), /^MODULE_NOT_ALLOWED: Cannot import "https:/)
  assert.match(await refusal('import { d } from "./c.ts"; export default d'), /^SYNTAX_ERROR: .*'\.\/c\.ts' does not provide an export named 'd'/)
})
