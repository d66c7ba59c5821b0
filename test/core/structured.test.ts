import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findStructuredProblem, findStructuredTextProblem, STRUCTURED_BOUNDS } from '../../src/core/structured.ts'

/** A value of one object. */
const of = (...objects: unknown[]) => ({ structured: 1, value: [0], objects })
const BYTES = ['ArrayBuffer', 'AAAAAAAAAAA='] // eight of them

test('what docs/values.md tells of is taken', () => {
  const objects: unknown[] = [
    {}, { a: 1, b: [1], c: ['undefined'] }, [[]], [[1, 'x', null, true, [0], ['bigint', '-12'], ['-0']]], ['Array', 4_294_967_295, { 7: 1, name: [0] }], ['Map', [1, 2, [0], [6]]], ['Set', [['NaN']]], ['Date', null], ['Date', -1],
    ['RegExp', 'a|b', 'gv'], ['Error', 'Own', { message: 'x', cause: [0] }], BYTES, ['Uint16Array', [11], 2, 3], ['DataView', [11], 1, 7], ['Boolean', false], ['Number', ['-Infinity']], ['String', ''], ['BigInt', '0'], ['ArrayBuffer', ''],
  ]

  assert.equal(findStructuredProblem({ structured: 1, value: [3], objects }), undefined)
  assert.equal(findStructuredTextProblem('{"structured":1,"value":null,"objects":[]}'), undefined)
})

test('what is wrong is named with its place', () => {
  const cases: [written: unknown, pointer: string][] = [
    [5, ''], [[], ''], [{ structured: 2, value: 1, objects: [] }, '/structured'], [{ structured: 1, objects: [] }, '/value'], [{ structured: 1, value: 1 }, '/objects'],
    [{ structured: 1, value: 1, objects: [], 'a/b': 1 }, '/a~1b'], [{ structured: 1, value: {}, objects: [] }, '/value'], [{ structured: 1, value: [0], objects: [] }, '/value/0'], [{ structured: 1, value: [-1], objects: [{}] }, '/value/0'],
    [{ structured: 1, value: [0.5], objects: [{}] }, '/value/0'], [{ structured: 1, value: ['null'], objects: [] }, '/value'], [{ structured: 1, value: [], objects: [] }, '/value'], [{ structured: 1, value: ['bigint', '1_0'], objects: [] }, '/value/1'],
    [{ structured: 1, value: ['bigint', 1], objects: [] }, '/value/1'], [{ structured: 1, value: ['bigint', '9'.repeat(STRUCTURED_BOUNDS.bigintDigits + 1)], objects: [] }, '/value/1'],
    [of(5), '/objects/0'], [of(null), '/objects/0'], [of({ a: { b: 1 } }), '/objects/0/a'], [of([[1, [9]]]), '/objects/0/0/1/0'], [of([]), '/objects/0/0'], [of(['Weak']), '/objects/0/0'], [of([[], 1]), '/objects/0'], [of(['Map', [1]]), '/objects/0/1'],
    [of(['Map']), '/objects/0'], [of(['Set', {}]), '/objects/0/1'], [of(['Date', 8.64e15 + 2]), '/objects/0/1'], [of(['Date', '2026']), '/objects/0/1'], [of(['RegExp', 'a', 5]), '/objects/0'], [of(['RegExp', 'a', 'gg']), '/objects/0/2'], [of(['RegExp', 'a', 'uv']), '/objects/0/2'],
    [of(['RegExp', 'a'.repeat(STRUCTURED_BOUNDS.regExpChars + 1), '']), '/objects/0/1'], [of(['Error', 5, {}]), '/objects/0/1'], [of(['Error', 'E', []]), '/objects/0/2'], [of(['ArrayBuffer', 'AAA']), '/objects/0/1'], [of(['ArrayBuffer', 'AA=A']), '/objects/0/1'],
    [of(['ArrayBuffer', 'A===']), '/objects/0/1'], [of(['ArrayBuffer', 'AA-_']), '/objects/0/1'], [of(['Uint8Array', [0], 0, 1]), '/objects/0/1'], [of(['Uint8Array', [1], 0, 9], BYTES), '/objects/0'], [of(['Uint16Array', [1], 1, 1], BYTES), '/objects/0'],
    [of(['Float64Array', [1], 0, -1], BYTES), '/objects/0'], [of(['DataView', [1], 0], BYTES), '/objects/0'], [of(['Boolean', 1]), '/objects/0/1'], [of(['Number', ['undefined']]), '/objects/0/1'], [of(['Array', -1, {}]), '/objects/0/1'],
    [of(['Array', 2 ** 32, {}]), '/objects/0/1'], [of(['Array', 1, { 1: 0 }]), '/objects/0/2/1'], [of(['Array', 1, { length: 0 }]), '/objects/0/2/length'],
  ]

  for (const [written, pointer] of cases) {
    const problem = findStructuredProblem(written)
    assert.equal(problem?.pointer, pointer, JSON.stringify(written)?.slice(0, 100))
    assert.ok(problem.message.length > 5 && problem.message.length < 400, problem.message)
  }
  assert.deepEqual(findStructuredTextProblem('{'), { pointer: '', message: 'It is not JSON' })
})

test('large values are looked at in no time that hurts', () => {
  const objects: unknown[] = Array.from({ length: 100_000 }, (_, i) => ({ a: i, next: [Math.min(i + 1, 99_999)] }))
  objects.push(['ArrayBuffer', 'A'.repeat(16_777_216)], ...Array.from({ length: 100 }, () => ['RegExp', '\\p{RGI_Emoji}'.repeat(4500), 'v']))
  const started = performance.now()

  assert.equal(findStructuredProblem({ structured: 1, value: [0], objects }), undefined)

  assert.ok(performance.now() - started < 5000)
})
