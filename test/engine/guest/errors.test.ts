import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseErrorDetails } from '../../../src/core/error-details.ts'
import { DETAILS_CHARS } from '../../../src/core/runner-protocol.ts'
import { openGuest } from '../../helpers/guest.ts'

const { run } = await openGuest()

/** What is told of an error that the entry throws. */
async function thrown (expression: string, before = '') {
  const { failure } = await run(`${before}; export default () => { throw ${expression} }`)
  assert.ok(failure, 'It succeeded')
  const { code, name, message, stack, details } = failure
  return { code, name, message, stack, ...(details === undefined ? {} : parseErrorDetails(details)) }
}

test('what is thrown and is no error is an Exception with its text', async () => {
  const cases: [expression: string, message: string][] = [
    ['404', '404'], ['"no"', 'no'], ['null', 'null'], ['undefined', 'undefined'], ['5n', '5n'], ['Symbol("s")', 'Symbol(s)'], ['{ message: "m" }', 'm'], ['{ a: 1 }', '{ a: 1 }'],
    ['() => 1', '[Function (anonymous)]'], ['new Proxy({}, { get () { throw 1 }, getPrototypeOf () { throw 2 } })', '[unreadable]'],
  ]

  for (const [expression, message] of cases) assert.deepEqual(await thrown(expression), { code: 'USER_ERROR', name: 'Exception', message, stack: '' }, expression)
})

test('an error without anything beside its name, message and stack has no details', async () => {
  for (const expression of ['new Error("x")', 'new (class extends Error {})()', 'Object.assign(new RangeError("r"), { name: "Named" })']) assert.deepEqual(Object.keys(await thrown(expression)), ['code', 'name', 'message', 'stack'])
})

test('classes of errors have their names', async () => {
  const names = await Promise.all([
    'new (class NotPaid extends Error {})("m")', 'new (class NotPaid extends TypeError {})("m")', 'new (class extends Error { name = "Own" })("m")', 'new DOMException("m", "AbortError")', 'new Error("m")', 'Object.assign(new Error("m"), { name: "" })',
    'Object.setPrototypeOf(new Error("m"), Object.create(Error.prototype, { constructor: { get () { throw 1 } } }))', '(() => { class Own extends Error {}; return Object.assign(new Own("m"), { name: "TypeError" }) })()',
  ].map(async (expression) => (await thrown(expression)).name))

  assert.deepEqual(names, ['NotPaid', 'NotPaid', 'Own', 'AbortError', 'Error', 'Error', 'Error', 'TypeError'])
})

test('causes are told as far as they go, with what each has; what is no error is an Exception', async () => {
  const { message, cause } = await thrown('new Error("outer", { cause: new RangeError("middle", { cause: { reason: 7 } }) })')
  const circular = await thrown('error', 'const error = new Error("own"); error.cause = error')
  const deep = await thrown('error', 'let error = new Error("0"); for (let i = 1; i < 100; i++) error = new Error(`${i}`, { cause: error })')

  assert.equal(message, 'outer')
  assert.deepEqual([cause?.name, cause?.message, cause?.cause], ['RangeError', 'middle', { name: 'Exception', message: '{ reason: 7 }' }])
  assert.match(cause?.stack ?? '', /^RangeError: middle\n {4}at .*job\.js:1:\d+/)
  assert.doesNotMatch(cause?.stack ?? '', /batchbox|isolated-vm/)
  assert.equal(circular.cause, undefined)
  assert.equal(JSON.stringify(deep).match(/"cause"/g)?.length, 7)
})

test('an AggregateError tells its errors, the first of many', async () => {
  const any = await run('export default () => Promise.any([Promise.reject(new TypeError("a")), Promise.reject(2)])')
  const many = await thrown('new AggregateError(Array.from({ length: 1000 }, (_, i) => new Error(`${i}`)), "all")')

  assert.deepEqual(parseErrorDetails(any.failure?.details ?? '').errors?.map(({ name, message }) => `${name}: ${message}`), ['TypeError: a', 'Exception: 2'])
  assert.deepEqual([many.name, many.message, many.errors?.length, many.errors?.[15]?.message], ['AggregateError', 'all', 16, '15'])
})

test('what code has put on an error is told: as JSON where it is short, as the console shows it otherwise', async () => {
  const { properties } = await thrown(`Object.assign(new Error("x"), {
    code: "ENOENT", status: 404, ok: false, nothing: null, list: [1, { a: 2 }], at: new Date(0), big: 5n, nan: NaN, map: new Map([[1, 2]]), f () {}, u: undefined, long: "x".repeat(5000), cycle, [Symbol("s")]: 1,
    wide: Array.from({ length: 5000 }, (_, i) => i), refuses: { toJSON () { throw 1 } },
  })`, 'const cycle = {}; cycle.self = cycle')
  const { properties: secretive } = await thrown('Object.defineProperties(new Error("x"), { a: { get () { throw 1 }, enumerable: true }, b: { value: 2 }, c: { value: 3, enumerable: true } })')

  assert.deepEqual({ ...properties, long: undefined, wide: undefined }, {
    code: 'ENOENT', status: 404, ok: false, nothing: null, list: [1, { a: 2 }], at: '1970-01-01T00:00:00.000Z', big: '5n', nan: 'NaN', map: {}, f: '[Function: f]', u: 'undefined', cycle: properties?.['cycle'], long: undefined, wide: undefined, refuses: properties?.['refuses'],
  })
  assert.match(String(properties?.['cycle']), /Circular/)
  assert.equal(String(properties?.['long']).length, 2048)
  assert.match(String(properties?.['wide']), /^\[\n {2}0,/)
  assert.deepEqual(secretive, { c: 3 })
})

test('all that is told of one error is bounded', async () => {
  const { failure } = await run(`export default () => {
    const heavy = (depth) => Object.assign(new AggregateError(depth > 0 ? Array.from({ length: 20 }, () => heavy(depth - 1)) : [], "\\u0001".repeat(3000), { cause: depth > 0 ? heavy(depth - 1) : 1 }), Object.fromEntries(Array.from({ length: 50 }, (_, i) => [i + "k", "v".repeat(3000)])))
    throw heavy(2)
  }`)

  assert.ok((failure?.details?.length ?? 0) > 10_000 && (failure?.details?.length ?? Infinity) <= DETAILS_CHARS, String(failure?.details?.length))
  assert.ok(parseErrorDetails(failure?.details ?? '').properties)
})

test('rejections that nobody handles and errors of timers fail the run', async () => {
  const ends = await Promise.all(['Promise.reject(new RangeError("r"))', 'setTimeout(() => { throw new RangeError("r", { cause: 1 }) })', 'queueMicrotask(() => { throw new RangeError("r") })', 'setTimeout(async () => { throw 404 })'].map(async (body) => (await run(`export default () => { ${body}; return new Promise((resolve) => setTimeout(resolve, 10_000)) }`)).failure))

  assert.deepEqual(ends.map((failure) => [failure?.code, failure?.name, failure?.message]), [['UNHANDLED_REJECTION', 'RangeError', 'r'], ['USER_ERROR', 'RangeError', 'r'], ['USER_ERROR', 'RangeError', 'r'], ['UNHANDLED_REJECTION', 'Exception', '404']])
})
