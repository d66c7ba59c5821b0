import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transform } from 'esbuild'
import { mapStack } from '../../src/engine/source-positions.ts'

const stackOf = (...frames: string[]) => ['Error: boom', ...frames.map((frame) => `    at ${frame}`)].join('\n')

test('only the frames of the user file are kept, with their positions, when there is no map', () => {
  const stack = stackOf('inner (job.js:3:9)', 'async Object.outer [as x] (job.js:10:3)', 'job.js:12:1', 'Array.map (<anonymous>)', 'file:///srv/runner/isolate.ts:40:7', 'run (node:internal/timers:1:2)')

  const mapped = mapStack(stack, [{ file: 'job.js', map: null }])

  assert.equal(mapped, stackOf('inner (job.js:3:9)', 'async Object.outer [as x] (job.js:10:3)', 'job.js:12:1'))
})

test('positions in compiled TypeScript become those of the source', async () => {
  const source = 'interface A { x: number }\n\nenum E { one }\nexport default function run (a: A): never {\n  throw new Error(String(E.one))\n}\n'
  const { code, map } = await transform(source, { loader: 'ts', sourcemap: 'external', sourcefile: 'job.ts' })
  const lines = code.split('\n')
  const line = lines.findIndex((text) => text.includes('throw')) + 1
  const column = (lines[line - 1] ?? '').indexOf('new Error') + 1

  const mapped = mapStack(stackOf(`run (job.ts:${line}:${column})`), [{ file: 'job.ts', map }])

  assert.equal(mapped, stackOf('run (job.ts:5:9)'))
})

test('frames in helpers that no source stands behind are dropped', async () => {
  const source = 'function d (v: unknown) { return v }\n@d class A {}\nexport default () => new A()'
  const { map } = await transform(source, { loader: 'ts', sourcemap: 'external', sourcefile: 'job.ts', supported: { decorators: false } })

  const mapped = mapStack(stackOf('helper (job.ts:1:5)', 'far (job.ts:999999:1)'), [{ file: 'job.ts', map }])

  assert.equal(mapped, 'Error: boom')
})

test('frames that only look like the user file are dropped', () => {
  const stack = stackOf('x (/srv/job.js:1:1)', 'x (myjob.js:1:1)', 'eval (eval at x (job.js:1:1), <anonymous>:1:1)', 'x (job.js:1)', 'x (job.js:1:1:1)', 'x (job.js:a:b)', 'job.js:1:9999999999')

  assert.equal(mapStack(stack, [{ file: 'job.js', map: null }]), 'Error: boom')
})

test('a message of several lines is kept, also without frames', () => {
  assert.equal(mapStack('Error: one\ntwo\n\nthree\n    at job.js:1:1', [{ file: 'job.js', map: null }]), 'Error: one\ntwo\n\nthree\n    at job.js:1:1')
  assert.equal(mapStack('Error: one\ntwo', [{ file: 'job.js', map: null }]), 'Error: one\ntwo')
  assert.equal(mapStack('    at job.js:1:1', [{ file: 'job.js', map: null }]), '    at job.js:1:1')
  assert.equal(mapStack('', [{ file: 'job.js', map: null }]), '')
})

test('length is bounded in frames and characters', () => {
  const many = mapStack(stackOf(...Array.from({ length: 1000 }, (_, n) => `f (job.js:${n + 1}:1)`)), [{ file: 'job.js', map: null }])
  const long = mapStack(`Error: ${'x'.repeat(100_000)}\n    at f (job.js:1:1)`, [{ file: 'job.js', map: null }])
  const wide = mapStack(stackOf(...Array.from({ length: 50 }, () => `${'f'.repeat(450)} (job.js:1:1)`)), [{ file: 'job.js', map: null }])

  assert.equal(many.split('\n').length, 51)
  assert.ok(long.length <= 8192)
  assert.match(long, /at f \(job\.js:1:1\)$/)
  assert.ok(wide.length <= 8192)
})

test('hostile stacks and maps neither throw nor take long', () => {
  const stacks = [
    '('.repeat(1_000_000), '\n'.repeat(1_000_000), '\n    at '.repeat(200_000), `\n    at ${'('.repeat(1_000_000)}job.js:1:1`,
    `\n    at ${'job.js:'.repeat(200_000)}`, '\n    at job.js:1:1)'.repeat(100_000), `\n    at x (job.js:${'1'.repeat(1_000_000)}:1)`, '\0\ud800\n    at \udfff (job.js:0:0)',
  ]
  const maps = [null, '', '{}', 'null', '[]', '{"version":3,"sources":["x"],"mappings":"!!!!"}', '{"version":3,"sources":[],"names":[],"mappings":"gggggggggggggggggggggggggA"}', '{"version":3,"sections":[]}', '['.repeat(100_000)]
  const start = performance.now()

  for (const stack of stacks) for (const map of maps) assert.ok(mapStack(stack, [{ file: 'job.js', map }]).length <= 8192)

  assert.ok(performance.now() - start < 3000)
})
