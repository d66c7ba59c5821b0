import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allMessages, type RunOptions, startEngine } from '../helpers/engine.ts'

const engine = await startEngine({ lanes: 1, spares: 0 })

const resultOf = (code: string, options: RunOptions = {}) => engine.resultOf(code, { form: 'body', ...options })
const failureOf = (code: string, options: RunOptions = {}) => engine.failureOf(code, { form: 'body', ...options })

test('a body has input and require, may return and await at its top, and is sloppy', async () => {
  assert.deepEqual(await resultOf('const { sum } = require("lodash"); return sum(await Promise.all(input))', { input: [1, 2] }), 3)
  assert.deepEqual(await resultOf('n = 010; with ({ m: 1 }) { n += m }; return [this === globalThis, arguments.length, n, typeof context, typeof module] // the end'), [true, 1, 9, 'undefined', 'undefined'])
  assert.deepEqual(await resultOf('"use strict"; return this === undefined'), true)
  assert.deepEqual(await resultOf('console.log(input)'), null)
  assert.deepEqual(await resultOf('const require = () => 5; return require("fs")'), 5)
})

test('a body imports modules, and files that it brings along, when it comes to it', async () => {
  const sources = { 'lib/twice.js': 'export const twice = (n) => 2 * n' }

  assert.deepEqual(await resultOf('const { sum } = await import("lodash"); const { twice } = await import("./lib/twice.js"); return twice(sum(input))', { input: [1, 2], sources }), 6)
  const { code, message } = await failureOf('await import("./job.js")', { sources })
  assert.equal(code, 'MODULE_NOT_ALLOWED')
  assert.equal(message, 'Cannot import "./job.js" from job.js: the files of the job are lib/twice.js')
  assert.equal((await failureOf('require("fs")')).code, 'MODULE_NOT_ALLOWED')
  assert.equal((await failureOf('return require("./lib/twice.js")', { sources })).code, 'MODULE_NOT_ALLOWED')
})

test('what is a module is called as one', async () => {
  assert.deepEqual(await resultOf('export default (input) => [input, this === undefined]', { input: 1 }), [1, true])
  assert.deepEqual(await resultOf('import { sum } from "lodash"\nexport const handler = (input: number[]) => sum(input)', { input: [1, 2] }), 3)
  assert.deepEqual(await resultOf('return "export default 1"'), 'export default 1')
  assert.equal((await failureOf('import { sum } from "lodash"\nreturn sum([1])')).code, 'SYNTAX_ERROR')
  assert.match((await failureOf('export default () => {\n  foo bar')).message, /\(job\.js:2:7\)$/)
})

test('TypeScript is read where it is no JavaScript', async () => {
  assert.deepEqual(await resultOf('interface Row { price: number }\nconst rows = input as Row[]\nenum Rate { vat = 2 }\nreturn await Promise.resolve(rows.map((row) => row.price * Rate.vat))', { input: [{ price: 2 }] }), [4])
  assert.deepEqual(await resultOf('const f = <T>(a: T) => a\nreturn f<number>(1)'), 1)
  assert.deepEqual(await resultOf('const f = (a) => a, s = "a@b", T = 1\nreturn f<T>(1)'), 1)
  assert.deepEqual(await resultOf('with (input) { return a < b + (1) > (1) }', { input: { a: 1, b: 2 } }), false)
  const { stack } = await failureOf('type A = number\n\nconst f = (a: A): never => {\n  throw new TypeError("no")\n}\nreturn f(1)')
  assert.equal(stack, 'TypeError: no\n    at f (job.ts:4:9)\n    at job.ts:6:8')
})

test('stacks have the lines and columns of the body', async () => {
  const { name, message, stack } = await failureOf('const f = () => {\n  return missing\n}\nawait null\nreturn f()')
  assert.deepEqual({ name, message }, { name: 'ReferenceError', message: 'missing is not defined' })
  assert.equal(stack, 'ReferenceError: missing is not defined\n    at f (job.js:2:3)\n    at job.js:5:8')

  const [logged] = allMessages(await engine.run('console.log(new Error("x").stack)', { form: 'body' }))
  assert.match(logged ?? '', /^Error: x\n    at job\.js:1:13\n    at run \(batchbox:guest:/)
})

const FAULTS: readonly (readonly [code: string, place: string, message: RegExp])[] = [
  ['const a = 1\n  foo bar', '2:7', /^Unexpected identifier 'bar'/],
  ['let a = ;', '1:9', /^Unexpected token ';'/],
  ['#!/usr/bin/env node\nreturn 1', '1:1', /^Invalid or unexpected token/],
  ['if (input) {\n  return 1', '2:11', /^Unexpected end of (?:input|file)/],
  ['await 1\nreturn 1 }', '2:10', /^Unexpected/],
  ['const a: number = 1\nlet b: = 2', '2:8', /^Unexpected "="/],
  ['}), (function () {', '1:1', /^Unexpected "}"/],
  ['return `a', '1:10', /^Unterminated string/],
  ['const input = 1', '1:7', /^Identifier 'input' has already been declared/],
  ['return /(/', '1:8', /^Invalid regular expression/],
  [`${' '.repeat(3000)}foo bar`, '1:3005', /^Expected/],
]

test('a syntax error has the place of the body that it is in', async () => {
  for (const [code, place, message] of FAULTS) {
    const failure = await failureOf(code)
    assert.equal(failure.code, 'SYNTAX_ERROR')
    assert.equal(failure.name, 'SyntaxError')
    assert.match(failure.message, message)
    const file = code.includes(': number') ? 'job.ts' : 'job.js'
    assert.ok(failure.message.endsWith(` (${file}:${place})`), failure.message)
    assert.match(failure.stack ?? '', new RegExp(`^    at ${file}:${place}$`, 'm'))
  }
})
