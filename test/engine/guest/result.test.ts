import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMIT_POLICY } from '../../../src/core/limits.ts'
import { failureIn, startEngine } from '../../helpers/engine.ts'

const { run, failureOf } = await startEngine({ lanes: 1, spares: 0 })

const returning = (expression: string) => `export default async (input) => { return ${expression} }`

async function textOf (expression: string): Promise<string> {
  const { report: { outcome } } = await run(returning(expression))
  assert.equal(outcome.type, 'succeeded', JSON.stringify(outcome))
  return outcome.result
}

const WRITTEN: [expression: string, text: string][] = [
  ['undefined', 'null'],
  ['null', 'null'],
  ['NaN', 'null'],
  ['-0', '0'],
  ['"\\ud800\\n\\u2028"', '"\\ud800\\n\u2028"'],
  ['{ a: undefined, b: [undefined, () => 1, Symbol()], c: Symbol(), d: () => 1 }', '{"b":[null,null,null]}'],
  ['new Date(0)', '"1970-01-01T00:00:00.000Z"'],
  ['[new Date(NaN)]', '[null]'],
  ['{ toJSON: (key) => [key, 1] }', '["",1]'],
  ['{ x: { toJSON: (key) => key } }', '{"x":"x"}'],
  ['{ toJSON: () => undefined }', 'null'],
  ['{ toJSON: () => () => 1 }', 'null'],
  ['[new Map([[1, 2]]), new Set([1]), /x/, new Error("x"), new Uint8Array(2)]', '[{},{},{},{},{"0":0,"1":0}]'],
  ['[new Number(3), new String("x"), new Boolean(false)]', '[3,"x",false]'],
  ['{ get a () { return 1 }, [Symbol("x")]: 1, ["__proto__"]: 2 }', '{"a":1,"__proto__":2}'],
  ['Object.create({ inherited: 1 }, { hidden: { value: 1 }, shown: { value: 1, enumerable: true } })', '{"shown":1}'],
  ['new Proxy([1, 2], {})', '[1,2]'],
  ['Promise.resolve(7)', '7'],
  ['JSON.rawJSON ? [1] : [1]', '[1]'],
  ['"x".repeat(3_000_000).length', '3000000'],
]

test('a result is written by the rules of JSON.stringify, and undefined is null', async () => {
  for (const [expression, text] of WRITTEN) assert.equal(await textOf(expression), text, expression)
})

test('an input comes as it was sent', async () => {
  const input = { text: 'ü\u2028\ud83d\ude00', list: [1, null, { deep: [true] }], '__proto__x': 1 }

  const { report: { outcome } } = await run('export default (input) => input', { input })

  assert.deepEqual(outcome.type === 'succeeded' && JSON.parse(outcome.result), input)
})

const REFUSED: [expression: string, message: string][] = [
  ['() => 1', 'Cannot write result as JSON: a function has no JSON form'],
  ['Symbol("x")', 'Cannot write result as JSON: a symbol has no JSON form'],
  ['1n', 'Cannot write result as JSON: a BigInt has no JSON form'],
  ['{ list: [{ id: 1n }] }', 'Cannot write result.list[0].id as JSON: a BigInt has no JSON form'],
  ['(() => { const a = { b: { c: [] } }; a.b.c.push(a.b); return a })()', 'Cannot write result.b.c[0] as JSON: it refers back to result.b'],
  ['(() => { const a = []; a[0] = a; return a })()', 'Cannot write result[0] as JSON: it refers back to result'],
  ['{ fine: 1, a: { x: 5, get bad () { throw new Error("no") } } }', 'Cannot write result.a.bad as JSON: reading it threw no'],
  ['[1, { toJSON () { throw 5 } }]', 'Cannot write result[1] as JSON: reading it threw number'],
  ['new Proxy({}, { ownKeys () { throw new Error("trap") } })', 'Cannot write result as JSON: reading it threw trap'],
  ['(() => { let a = 1; for (let i = 0; i < 1e5; i++) a = [a]; return a })()', 'Cannot write result as JSON: it is nested too deeply'],
]

test('what has no JSON form is RESULT_NOT_SERIALIZABLE, and the message names its path', async () => {
  for (const [expression, message] of REFUSED) {
    const failure = await failureOf(returning(expression))
    assert.deepEqual([failure.code, failure.message], ['RESULT_NOT_SERIALIZABLE', message], expression)
  }
})

test('a getter that throws only once still fails the run, without a path', async () => {
  const { code, message } = await failureOf(returning('(() => { let n = 0; return { get a () { if (n++ === 0) throw new Error("once"); return 1 } } })()'))

  assert.equal(code, 'RESULT_NOT_SERIALIZABLE')
  assert.match(message, /^Cannot write result/)
})

const SIZES: [expression: string, bytes: number][] = [
  ['"x".repeat(98)', 100],
  ['"x".repeat(99)', 101],
  ['"é".repeat(49)', 100],
  ['"é".repeat(50)', 102],
  ['"😀".repeat(25)', 102],
  ['"\\n".repeat(60)', 122],
  ['Array(1000).fill({ abc: 1 })', 10_001],
  ['Object.fromEntries(Array.from({ length: 9 }, (_, i) => ["key" + i, "value"]))', 136],
]

test('a result of exactly the limit is kept; a larger one fails with its size in bytes', async () => {
  for (const [expression, bytes] of SIZES) {
    const { report } = await run(returning(expression), { limits: { resultBytes: 100 } })
    if (bytes <= 100) {
      assert.equal(report.outcome.type, 'succeeded', expression)
      assert.equal(report.outcome.usage.resultBytes, bytes)
    } else {
      const { limit, message } = failureIn(report, 'RESULT_TOO_LARGE')
      assert.deepEqual(limit, { name: 'resultBytes', configured: 100, observed: bytes, suggested: 2 * bytes }, expression)
      assert.equal(message, `Cannot return result: it is ${bytes} bytes, more than resultBytes of 100`)
    }
  }
})

test('the logs of a run whose result is too large stay', async () => {
  const { report, logs } = await run('export default () => { console.log("before"); return "x".repeat(1e7) }')

  const { limit } = failureIn(report, 'RESULT_TOO_LARGE')
  assert.deepEqual([limit?.configured, limit?.observed], [DEFAULT_LIMIT_POLICY.defaults.resultBytes, 10_000_002])
  assert.deepEqual(logs.map(({ message }) => message), ['before'])
})

test('a value that shares its parts 2^40 times over ends as too large before memory does', async () => {
  const { report } = await run(returning('(() => { let a = ["x"]; for (let i = 0; i < 40; i++) a = [a, a]; return a })()'), { limits: { resultBytes: 100_000 } })

  const { limit } = failureIn(report, 'RESULT_TOO_LARGE')
  assert.ok(limit && limit.observed > 100_000)
  assert.ok(report.outcome.usage.peakMemoryBytes < 100_000_000)
})
