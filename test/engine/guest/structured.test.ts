import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { decodeStructured, encodeStructured } from '../../../clients/sdk/src/structured.ts'
import { findStructuredTextProblem } from '../../../src/core/structured.ts'
import { openGuest } from '../../helpers/guest.ts'

const { run, failureOf } = await openGuest()

/** With a hole. */
const SPARSE = Object.assign<unknown[], object>([1], { 2: undefined, 3: 3 })

/** What code gives back of a value that is handed to it. */
async function pass (value: unknown, code = 'export default (input) => input'): Promise<unknown> {
  const { result, failure } = await run(code, { structured: true, input: encodeStructured(value) })
  assert.equal(failure, null, JSON.stringify(failure))
  assert.equal(findStructuredTextProblem(result ?? ''), undefined)
  return decodeStructured(JSON.parse(result ?? ''))
}

/** What code says of a value that is handed to it. */
const ask = async (value: unknown, expression: string): Promise<unknown> => pass(value, `export default (input) => ${expression}`)

test('values that JSON has not come to code and back as they are', async () => {
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer
  const values = [
    undefined, null, NaN, Infinity, -Infinity, -0, 0, 1e21, 'a"\u2028\ud800', 12n, -(2n ** 70n), new Date(0), new Date(NaN), /a\/b[/]/giu, new Map<unknown, unknown>([[1, new Set([NaN])], [{}, 'x']]),
    buffer, new Uint8Array(buffer, 2, 3), new Float64Array(buffer), new BigInt64Array(buffer), new Uint8ClampedArray([300]), new DataView(buffer, 1, 2), Object(true), Object('s'), Object(-0), Object(5n),
    SPARSE, Object.assign([1], { extra: new Date(5) }), JSON.parse('{"__proto__": [1], "constructor": 1, "1": 2, "toJSON": 3}'), [[], [[[]]], {}],
  ]

  const passed = await pass(values) as unknown[]

  for (const [i, value] of values.entries()) assert.deepStrictEqual(passed[i], value, String(i))
  assert.equal((passed[16] as Uint8Array).buffer, passed[15])
  assert.deepEqual(Object.keys(passed[25] as object), ['0', '2', '3'])
})

test('code gets objects of its own realm, by the classes that they were', async () => {
  const value = { map: new Map([[1n, 2]]), date: new Date(7), list: [new Uint8Array(2)], error: new RangeError('x', { cause: new Map() }), sparse: SPARSE }

  const said = await ask(value, `[
    input.map instanceof Map && input.map.get(1n), input.date instanceof Date && +input.date, input.list[0] instanceof Uint8Array, input.error instanceof RangeError && input.error.cause instanceof Map,
    1 in input.sparse, Object.getPrototypeOf(input) === Object.prototype, Array.isArray(input.list), input.list[0].buffer instanceof ArrayBuffer,
  ]`)

  assert.deepEqual(said, [2, 7, true, true, false, true, true, true])
})

test('what is shared stays shared, and cycles are closed', async () => {
  const shared = { n: 1 }
  const value: Record<string, unknown> = { a: shared, b: shared, list: [shared] }
  value['self'] = value
  const map = new Map<unknown, unknown>()
  map.set(map, new Set([map]))

  const [passed, passedMap] = await pass([value, map]) as [Record<string, unknown>, Map<unknown, Set<unknown>>]

  assert.equal(passed['self'], passed)
  assert.equal(passed['a'], passed['b'])
  assert.equal((passed['list'] as unknown[])[0], passed['a'])
  assert.ok(passedMap.get(passedMap)?.has(passedMap))
})

test('a list that nests deeper than any stack comes and goes', async () => {
  let list: object | null = null
  for (let i = 0; i < 50_000; i++) list = { list }

  const passed = await pass(list) as { list: object }

  let depth = 0
  for (let at: object | null = passed; at; at = (at as { list: object | null }).list) depth++
  assert.equal(depth, 50_000)
})

test('errors keep their name, message, stack, cause, errors, and what was put on them', async () => {
  const code = `class NotPaid extends Error { constructor (message, options) { super(message, options); this.name = 'NotPaid'; this.order = 7n } }
    export default (input) => [new NotPaid('too late', { cause: new TypeError('inner') }), new AggregateError([new URIError('u'), 5], 'all'), Object.assign(new Error(''), { at: new Date(1) }), input]`
  const posted = Object.assign(new SyntaxError('mine'), { line: 3 })

  const [own, aggregate, bare, back] = await pass(posted, code) as [Error & { order: bigint }, AggregateError, Error & { at: Date }, SyntaxError & { line: number }]

  assert.deepEqual([own.name, own.message, own.order, own instanceof Error], ['NotPaid', 'too late', 7n, true])
  assert.match(own.stack ?? '', /^NotPaid: too late\n {4}at .*job\.js:2:\d+\)$/)
  assert.ok(own.cause instanceof TypeError)
  assert.ok(aggregate instanceof AggregateError)
  assert.deepEqual(aggregate.errors.map(String), ['URIError: u', '5'])
  assert.deepEqual([bare.message, bare.at], ['', new Date(1)])
  assert.deepEqual([back instanceof SyntaxError, back.message, back.line, back.stack, Object.keys(back)], [true, 'mine', 3, posted.stack, ['line']])
})

test('a class of an array of bytes, like a Buffer, is written as its own bytes and not as the memory that it shares', async () => {
  const passed = await pass(Buffer.from('abc'), 'export default (input) => { class Own extends Uint8Array {}; return [input, new Own(new Uint8Array([1, 2, 3]).buffer, 1, 1)] }') as Uint8Array[]

  assert.deepEqual(passed.map((bytes) => [bytes.join(), bytes.buffer.byteLength]), [['97,98,99', 3], ['2', 1]])
})

test('what has no form fails the run and names its path', async () => {
  const cases: [code: string, message: string][] = [
    ['() => () => {}', 'result in structured form: a function has no'],
    ['() => ({ a: [1, { b: Symbol("x") }] })', 'result.a[1].b in structured form: a symbol has no'],
    ['() => new Map([[1, { f () {} }]])', 'result.value(0).f in'],
    ['() => new Set([1, () => 1])', 'result.value(1) in'],
    ['() => ({ x: Promise.resolve() })', 'result.x in structured form: a Promise has no'],
    ['() => [new WeakMap()]', 'result[0] in structured form: a WeakMap has no'],
    ['() => ({ get a () { throw new Error("no") } })', 'result.a in structured form: reading it threw no'],
    ['() => ({ p: new Proxy({}, { ownKeys () { throw new Error("trap") } }) })', 'result.p in structured form: reading it threw trap'],
    ['() => new Error("x", { cause: () => 1 })', 'result.cause in'],
    ['() => Object(Symbol())', 'result in structured form: a Symbol has no'],
    ['() => { const b = new ArrayBuffer(4); b.transfer(); return [b] }', 'result[0] in structured form: it is a buffer that was given away'],
  ]

  for (const [code, message] of cases) {
    const failure = await failureOf(`export default ${code}`, { structured: true, input: null })
    assert.equal(failure.code, 'RESULT_NOT_SERIALIZABLE', code)
    assert.ok(failure.message.startsWith(`Cannot write ${message}`), `${code}: ${failure.message}`)
  }
})

test('a source that is none of a regular expression is told when the code gets it', async () => {
  const failure = await failureOf('export default () => 1', { structured: true, input: { structured: 1, value: [0], objects: [['RegExp', '(', 'g']] } })

  assert.deepEqual(failure, { code: 'INPUT_MALFORMED', name: 'SyntaxError', message: 'Cannot read input: ( is no source of a regular expression with the flags "g"' })
})

test('a result that is too large is stopped while it is written', async () => {
  const failure = await failureOf('export default () => Array.from({ length: 1e6 }, () => ({ a: "0123456789" }))', { structured: true, limits: { resultBytes: 1000 } })

  assert.equal(failure.code, 'RESULT_TOO_LARGE')
})

test('code that has changed what it can of the language changes nothing of what is written and read', async () => {
  const hostile = `
    const trap = { __proto__: null, get () { throw new Error('seen') }, set () { throw new Error('seen') }, configurable: true }
    for (const key of ['0', '1', '2', 'structured', 'toJSON', 'value', 'objects']) Object.defineProperty(Object.prototype, key, trap)
    for (const [owner, names] of [[Map, ['get', 'set', 'forEach']], [Set, ['add', 'forEach']], [Array, ['push', 'map', 'forEach', 'join']], [Date, ['getTime']], [String, ['valueOf']]])
      for (const name of names) owner.prototype[name] = () => { throw new Error('seen') }
    Array.prototype[Symbol.iterator] = () => { throw new Error('seen') }
    JSON.parse = JSON.stringify = Object.keys = () => { throw new Error('seen') }
    export default (input) => input`
  const value = { map: new Map([[1, [new Date(1)]]]), set: new Set(['a']), error: new TypeError('e'), bytes: new Uint16Array([1, 2]), sparse: SPARSE, re: /x/g }

  const passed = await pass(value, hostile)

  assert.deepStrictEqual(passed, value)
})

const leaf = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, maxDepth: 0 }), fc.double(), fc.bigInt(), fc.date({ noInvalidDate: false }), fc.string({ unit: 'binary' }), fc.uint8Array(), fc.float64Array(), fc.bigInt64Array(),
  fc.constantFrom(undefined, -0, NaN, Infinity, /a+?/dgimsuy),
)
const anything = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('list'), tie('object'), tie('map'), tie('set'), fc.sparseArray(tie('value'), { maxLength: 5 })),
  list: fc.array(tie('value'), { maxLength: 6 }),
  object: fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toJSON', 'length', '0', 'structured')), tie('value'), { maxKeys: 6, noNullPrototype: true }),
  map: fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  set: fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
})).value

test('any value comes through code as structuredClone has it', async () => {
  const samples = fc.sample(anything, { numRuns: 400, seed: 9 })

  const passed = await pass(samples) as unknown[]

  for (const [i, sample] of samples.entries()) {
    const cloned = structuredClone(sample)
    assert.ok(isDeepStrictEqual(passed[i], cloned), `${fc.stringify(sample)} became ${fc.stringify(passed[i])}`)
    assert.ok(isDeepStrictEqual(decodeStructured(JSON.parse(JSON.stringify(encodeStructured(sample)))), cloned), fc.stringify(sample))
  }
})
