import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createContext, Script } from 'node:vm'
import * as fc from 'fast-check'
import { ready } from '../../../src/engine/compiler/bind-imports.ts'
import { transformBody } from '../../../src/engine/compiler/transform-body.ts'

await ready

const RUNS = 400
const realm = createContext({})
const piece = fc.constantFrom('{', '}', '(', ')', '[', ']', '}), (', 'function () {', 'async function f () {', '=> {', '() => ', ',', ';', '\n', '\u2028', '`', '${', '/*', '*/', '//', '<!--', '-->', '"', "'", '/', '\\', 'return ', 'await ', 'yield ', 'x', 'input', '"use strict";', 'class A {', 'static {', 'if (1)', 'else', 'catch', 'label:', 'async ', 'get ', '=', '1', '...', '\\u007d', '#!', 'import("x")', 'new.target', '\n//# sourceURL=job.js:7\n')

test('whatever is taken for a body is one function, with a name and without, and executes nothing where it is made', async () => {
  let bodies = 0
  await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')), async (source) => {
    const { form, transformed } = await transformBody(source)
    if (transformed.type === 'invalid') {
      assert.ok(transformed.line >= 1 && transformed.line <= source.split(/\r\n|[\n\r\u2028\u2029]/).length && transformed.column >= 1, JSON.stringify(transformed))
      return
    }
    if (form === 'module') return
    bodies += 1
    const code = transformed.type === 'compiled' ? transformed.code : source
    for (const text of [`async function (input) {\n${code}\n}`, `async function ($i0000, input) {\n${code}\n}`]) {
      const made: unknown = new Script(`(${text})`).runInContext(realm)
      assert.equal(typeof made, 'function')
      assert.equal(String(made), text)
    }
  }), { numRuns: RUNS, examples: [['}), (function () {'], ['return 1 }'], ['`'], ['/*'], ['let a: number = 1']] })
  assert.ok(bodies > RUNS / 100, `${bodies} bodies`)
})

test('a comment that gives the source another name does not say where its errors are', async () => {
  for (const name of ['job.js:99999', 'job.js:0', 'x', 'job.js:1e9', `job.js:${'9'.repeat(30)}`]) {
    const { transformed } = await transformBody(`\nlet a = ;\n//# sourceURL=${name}\n`)

    assert.equal(transformed.type, 'invalid')
    assert.deepEqual([transformed.file, transformed.line, transformed.column], ['job.js', 2, 9], name)
  }
})

test('a source that V8 has no stack for is refused', async () => {
  for (const source of [`${'('.repeat(100_000)}1`, `${'{'.repeat(100_000)}`, `return ${'!('.repeat(50_000)}`]) {
    const { transformed } = await transformBody(source)

    assert.equal(transformed.type === 'invalid' && transformed.message, 'The code is nested too deeply')
  }
})

test('TypeScript that ends its function early is refused', async () => {
  for (const source of ['let a: number = 1 } async function b () {', 'let a: number = 1 }\nasync function $body(input) {', 'enum A { b }\n} {']) {
    const { transformed } = await transformBody(source)

    assert.equal(transformed.type, 'invalid', JSON.stringify(transformed))
  }
})

test('helpers that TypeScript needs are part of the body', async () => {
  const { form, transformed } = await transformBody('const log = (target: unknown, _: unknown) => target\n@log class A { accessor b: number = 2 }\nreturn new A().b')

  assert.equal(form, 'body')
  assert.equal(transformed.type, 'compiled')
  assert.equal(await new Script(`(async function (input) {\n${transformed.code}\n})()`).runInNewContext(), 2)
})
