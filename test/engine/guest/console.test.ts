import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allMessages, startEngine } from '../../helpers/engine.ts'

const { run } = await startEngine({ lanes: 1, spares: 0 })

async function printed (body: string): Promise<string[]> {
  const record = await run(`export default async () => { ${body} }`)
  assert.equal(record.report.outcome.type, 'succeeded', JSON.stringify(record.report.outcome))
  return allMessages(record)
}

const shown = async (expression: string) => (await printed(`console.log(${expression})`))[0]

test('each method has its level and its text', async () => {
  const { logs } = await run(`export default () => {
    console.log('a'); console.info('a'); console.debug('a'); console.warn('a'); console.error('a'); console.trace('a', 1); console.trace()
    console.dir({ a: 1 }, { depth: 0 }); console.dirxml(1, 2); console.assert(true, 'no'); console.assert(false); console.assert(0, 'x %d', 5); console.clear()
  }`)

  assert.deepEqual(logs.map(({ level, message }) => `${level}: ${message}`), [
    'log: a', 'info: a', 'debug: a', 'warn: a', 'error: a', 'trace: Trace: a 1\n    at default (job.js:2:109)', 'trace: Trace\n    at default (job.js:2:132)', 'log: { a: 1 }', 'log: 1 2',
    'error: Assertion failed', 'error: Assertion failed: x 5',
  ])
  assert.ok(logs.every(({ time }) => Math.abs(time - Date.now()) < 60_000))
})

test('counters, timers and groups', async () => {
  const lines = await printed(`
    console.count(); console.count('x'); console.count(); console.countReset(); console.count(); console.count('__proto__')
    console.countReset('y'); console.time('t'); console.time('t'); console.timeLog('t', 1, 'more'); console.timeEnd('t'); console.timeEnd('t'); console.timeLog('never')
    console.group('G', 1); console.log('in\\nside'); console.groupCollapsed(); console.warn('deeper'); console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log('out')`)

  assert.deepEqual(lines.slice(0, 6), ['default: 1', 'x: 1', 'default: 2', 'default: 1', '__proto__: 1', "Count for 'y' does not exist"])
  assert.equal(lines[6], "Timer 't' already exists")
  assert.match(lines[7] ?? '', /^t: \d+ms 1 more$/)
  assert.match(lines[8] ?? '', /^t: \d+ms$/)
  assert.deepEqual(lines.slice(9), ["Timer for 't' does not exist", "Timer for 'never' does not exist", 'G 1', '  in\n  side', '    deeper', 'out'])
})

test('a leading text takes the arguments after it by its directives', async () => {
  assert.equal(await shown(`'%s|%d|%i|%f|%j|%o|%O|%c|%%|%x|%', 's', '4.5', '42px', '2.5x', { a: 1 }, [1], { b: 2 }, 'css', 'rest', { r: 1 }`),
    's|4.5|42|2.5|{"a":1}|[ 1 ]|{ b: 2 }||%|%x|% rest { r: 1 }')
  assert.equal(await shown(`'%d %i %f %s %s', 5n, 7n, {}, Symbol('q'), null`), '5n 7n NaN Symbol(q) null')
  assert.deepEqual(await printed(`console.log('%s'); console.log('100%', 5); console.log(5, '%s', 'x'); console.log(); console.log('%j', { toJSON () { throw 1 } })`),
    ['%s', '100% 5', '5 %s x', '', '[unreadable]'])
})

const VALUES: [expression: string, text: string][] = [
  ['undefined, null, true, -0, NaN, 1n, Symbol("s")', 'undefined null true -0 NaN 1n Symbol(s)'],
  ['["str", "it\'s", "tab\\t"]', `[ 'str', 'it\\'s', 'tab\\t' ]`],
  ['{ a: "x", "b-c": 1, [Symbol("k")]: 2, "": 3 }', `{ a: 'x', 'b-c': 1, '': 3, [Symbol(k)]: 2 }`],
  ['new Date(0), new Date(NaN), /x/gi', '1970-01-01T00:00:00.000Z Invalid Date /x/gi'],
  ['() => 1, function foo () {}, async () => 1', '[Function (anonymous)] [Function: foo] [AsyncFunction (anonymous)]'],
  ['class {}, class Foo {}, class Bar extends Map {}, function * gen () {}, Map', '[class (anonymous)] [class Foo] [class Bar extends Map] [GeneratorFunction: gen] [Function: Map]'],
  ['Object(1), Object("s"), Object(false), Object(2n), new ArrayBuffer(3), new DataView(new ArrayBuffer(4), 1)', "[Number: 1] [String: 's'] [Boolean: false] [BigInt: 2n] ArrayBuffer { byteLength: 3 } DataView { byteLength: 3 }"],
  ['new Map([[1, { a: 2 }], ["k", new Set(["x"])]])', `Map(2) { 1 => { a: 2 }, 'k' => Set(1) { 'x' } }`],
  ['new Uint8Array([1, 2]), new Float64Array(1), new BigInt64Array([1n])', 'Uint8Array(2) [ 1, 2 ] Float64Array(1) [ 0 ] BigInt64Array(1) [ 1n ]'],
  ['Buffer.from("abc"), [[[[[Buffer.from("é")]]]]], Buffer.alloc(0), Buffer.alloc(52).subarray(1), Buffer.alloc(52).subarray(2)', `<Buffer 61 62 63> [ [ [ [ [Array] ] ] ] ] <Buffer > <Buffer ${'00 '.repeat(50)}... 1 more byte> <Buffer${' 00'.repeat(50)}>`],
  ['Promise.resolve(1), new WeakMap(), Object.create(null), new (class Foo { x = 1 })', 'Promise {} WeakMap {} [Object: null prototype] {} Foo { x: 1 }'],
  ['[, 1], [], {}, [[[[[[1]]]]]], { a: { b: { c: { d: { e: 1 } } } } }', '[ <empty>, 1 ] [] {} [ [ [ [ [Array] ] ] ] ] { a: { b: { c: { d: [Object] } } } }'],
  ['{ get a () { throw 1 }, set b (v) {}, get c () { return 1 }, set c (v) {} }', '{ a: [Getter], b: [Setter], c: [Getter/Setter] }'],
  ['(() => { const a = { x: 1 }; a.self = a; a.map = new Map([[a, [a]]]); return a })()', '{ x: 1, self: [Circular], map: Map(1) { [Circular] => [ [Circular] ] } }'],
  ['new Proxy({ a: 1 }, {}), new Proxy([1], { ownKeys () { throw 1 }, get () { throw 2 } }), new Proxy(() => 1, {})', '{ a: 1 } [unreadable] [Function (anonymous)]'],
  ['(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return [proxy, 1] })()', '[ [unreadable], 1 ]'],
]

test('values are written as util.inspect does in outline', async () => {
  for (const [expression, text] of VALUES) assert.equal(await shown(expression), text, expression)
})

test('a value over 76 characters is broken into lines', async () => {
  assert.equal(await shown('{ first: "a".repeat(40), second: ["b".repeat(40), 1] }'),
    `{\n  first: '${'a'.repeat(40)}',\n  second: [ '${'b'.repeat(40)}', 1 ]\n}`)
})

test('values that are huge, endless or shared a million times over make bounded text in bounded time', async () => {
  const started = performance.now()
  const lines = await printed(`
    const wide = {}; for (let i = 0; i < 20_000; i++) wide['k' + i] = i
    let shared = ['x']; for (let i = 0; i < 60; i++) shared = [shared, shared]
    const endless = () => new Proxy({}, { ownKeys: () => ['a', 'b', 'c'], getOwnPropertyDescriptor: () => ({ value: endless(), enumerable: true, configurable: true }) })
    const long = []; long.length = 4e9
    console.log('y'.repeat(1e6)); console.log(wide); console.log(Array(1e5).fill(7)); console.log(new Uint8Array(1e6)); console.log(long)
    console.log(Array.from({ length: 100 }, () => 'z'.repeat(1e5))); console.log(shared); console.log(endless()); console.log(new Map(Object.entries(wide)))
    console.log(new Proxy([], { get: (target, key) => key === 'length' ? 1e9 : 1 }))
    console.table(Array(1e4).fill(wide)); console.table(endless()); console.log(new Error('m'.repeat(1e6)))`)

  assert.equal(lines.length, 13)
  for (const line of lines) assert.ok(line.length <= 66_000, `${line.length} characters: ${line.slice(0, 50)}`)
  assert.match(lines[0] ?? '', /y… 934464 more characters$/)
  assert.match(lines[1] ?? '', /19900 more\n\}$/)
  assert.ok(performance.now() - started < 10_000)
})

test('an error is its stack, with the user\'s own lines alone', async () => {
  assert.equal(await shown('new TypeError("bad")'), 'TypeError: bad\n    at default (job.js:1:42)')
  assert.equal(await shown('{ failed: new Error("inner") }'), '{\n  failed: Error: inner\n      at default (job.js:1:52)\n}')
  assert.equal(await shown('Object.assign(new Error("m"), { stack: 5 })'), '[Error: m]')
  assert.equal(await shown('Object.defineProperty(new Error("m"), "stack", { get () { throw 1 } })'), '[unreadable]')
})

test('an error shows what it was caused by, gathers and has been given', async () => {
  const bare = (text: string) => `Object.assign(${text}, { stack: undefined })`

  assert.equal(await shown(`Object.assign(${bare('new Error("m", { cause: 5 })')}, { code: "E", at: new Date(0) })`), "[Error: m] {\n  [cause]: 5,\n  code: 'E',\n  at: 1970-01-01T00:00:00.000Z\n}")
  assert.equal(await shown(bare(`new AggregateError([${bare('new TypeError("t")')}, 1], "all")`)), '[AggregateError: all] {\n  [errors]: [ [TypeError: t], 1 ]\n}')
  assert.equal(await shown('(() => { const error = new Error("m"); error.cause = error; error.stack = ""; return error })()'), '[Error: m] {\n  [cause]: [Circular]\n}')
  assert.match(await shown('new Error("outer", { cause: new RangeError("inner") })') ?? '', /^Error: outer\n {4}at default \(job\.js:1:\d+\) \{\n {2}\[cause\]: RangeError: inner\n {6}at default \(job\.js:1:\d+\)\n\}$/)
})

test('labels are made texts as those of standards are, and what that throws is thrown', async () => {
  assert.deepEqual(await printed(`for (const name of ['count', 'countReset', 'time', 'timeLog', 'timeEnd']) try { console[name]({ toString () { throw name } }) } catch (thrown) { console.log(thrown) }`), ['count', 'countReset', 'time', 'timeLog', 'timeEnd'])
})

test('console is a namespace object', async () => {
  const { logs } = await run(`export default () => {
    const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, 'console')
    const parent = Object.getPrototypeOf(console)
    console.log(enumerable, writable, configurable, Object.getPrototypeOf(parent) === Object.prototype, Reflect.ownKeys(parent).length, Object.values(console).every((method) => method.length === 0), 'prototype' in console.log, String(console.log))
    console.dir({ a: { b: { c: {} } } }, { depth: 1 })
  }`)

  assert.deepEqual(logs.map(({ message }) => message), ['false true true true 0 true false function log() { [native code] }', '{ a: { b: [Object] } }'])
})

test('a logged stack has the lines of the source when that is TypeScript, wherever in the text it stands', async () => {
  const { logs } = await run(`interface A {
  x: number
}
enum E { One }
export default (a: A) => {
    console.log(new Error('plain ' + E.One))
  console.group('at job.ts:1:1 nothing is changed')
    console.log('before', { nested: new Error('inner') })
}`)

  assert.deepEqual(logs.map(({ message }) => message), [
    'Error: plain 0\n    at default (job.ts:6:17)',
    'at job.ts:1:1 nothing is changed',
    '  before {\n    nested: Error: inner\n        at default (job.ts:8:37)\n  }',
  ])
})

test('tables', async () => {
  assert.deepEqual(await printed(`console.table([{ a: 1, b: 'x' }, { a: 2 }], ['a']); console.table(['p']); console.table({ r: { x: [1] }, s: 5 }); console.table(5); console.table([{ get a () { throw 1 } }])`), [
    '┌─────────┬───┐\n│ (index) │ a │\n├─────────┼───┤\n│ 0       │ 1 │\n│ 1       │ 2 │\n└─────────┴───┘',
    '┌─────────┬────────┐\n│ (index) │ Values │\n├─────────┼────────┤\n│ 0       │ \'p\'    │\n└─────────┴────────┘',
    '┌─────────┬───────┬────────┐\n│ (index) │ x     │ Values │\n├─────────┼───────┼────────┤\n│ r       │ [ 1 ] │        │\n│ s       │       │ 5      │\n└─────────┴───────┴────────┘',
    '5',
    '┌─────────┬───────────┐\n│ (index) │ a         │\n├─────────┼───────────┤\n│ 0       │ undefined │\n└─────────┴───────────┘',
  ])
})

test('console is an ordinary object that user code may change for itself', async () => {
  assert.deepEqual(await printed(`const { log } = console; console.log = () => log('mine'); console.log('x'); log(String(console), console.info.name)`), ['mine', '[object console] info'])
})
