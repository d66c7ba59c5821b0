import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'

const guest = await openGuest()

const quote = (text: string): string => JSON.stringify(text)
const parts = (alphabet: string[], maxLength = 12): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...alphabet), maxLength }).map(quote)

const VALUES = [
  '{ a: 1, b: { c: { d: { e: 1 } } } }', '[1, , 3, [4, [5, [6, [7]]]]]', 'new Map([[{ a: 1 }, new Set([1, "x"])]])', 'new Set([[1], { b: 2 }])', '"it\'s"', '"a\\n\\u0007"', '-0', '123456789.25', '10n', 'Symbol("s y")', 'undefined', 'null', 'true', 'function f () {}', 'class A {}', 'class B extends Map {}', '() => 1', 'async () => 1', 'function * g () {}',
  'new Date(0)', 'new Date(NaN)', '/a+/gi', 'new (class Foo { x = 1 })()', 'Object.create(null)', 'Object.create({ a: 1 })', '[undefined, null]', 'new Uint8Array([1, 2])', 'new Float64Array([1.5, -0])', 'new ArrayBuffer(4)', 'new DataView(new ArrayBuffer(2))', 'Buffer.from("abc")', 'new String("abc")', 'new Number(-0)', 'Object(1n)', 'Object(Symbol("x"))', 'new WeakMap()', 'new WeakSet()',
  '{ get a () { return 1 }, set a (x) {}, get b () { return 2 }, set c (x) {} }', '{ [Symbol("k")]: 1, "a-b": 2, 3: 4 }', '"x".repeat(200)', 'Array.from({ length: 120 }, (_, i) => i)', '{ a: "x".repeat(80), b: "y".repeat(20) }', '(() => { const a = { b: {} }; a.b.a = a; return a })()', 'globalThis.nope', 'Math', 'JSON', '(function () { return arguments })(1, 2)', '[1.5, "a", { b: [] }]', '{ [Symbol.toStringTag]: "Tag" }', 'Object.assign(() => {}, { a: 1 })', 'Object.assign([1, 2], { a: 1, "-1": 2 })', '[["a", 1], ["bb", 22], ["ccc", 333]]',
  '"😀日本".repeat(3)', '{ [util.inspect.custom] () { return "mine" } }', '{ [util.inspect.custom]: (depth, options) => `${depth} ${options.indentationLvl}` }', 'new Error("plain").message', 'Object.assign(Object.create({ constructor: class Named {} }), { z: 1 })', 'new URLSearchParams("a=b&c=d").toString()', 'Array.from({ length: 30 }, (_, i) => "item " + i)', '{ f () {}, async g () {}, *h () {} }', 'Object.freeze({ a: 1 })', 'new Set()', 'new Map()', '[]', '{}',
]

test('util.inspect and util.format do what Node\'s do', async () => {
  const value = fc.constantFrom(...VALUES)
  const options = fc.record({ depth: fc.constantFrom(0, 1, 5, null), compact: fc.constantFrom(true, false, 1, 3), colors: fc.boolean(), showHidden: fc.boolean(), sorted: fc.boolean(), breakLength: fc.constantFrom(20, 80, 200), maxArrayLength: fc.constantFrom(0, 3, 100), maxStringLength: fc.constantFrom(5, 1000), getters: fc.constantFrom(true, false, 'get', 'set'), numericSeparator: fc.boolean() }, { requiredKeys: [] }).map((all) => JSON.stringify(all))
  const text = parts(['%s', '%d', '%i', '%f', '%j', '%o', '%O', '%c', '%%', ' ', 'text', '%x', '%'], 5)
  const calls = fc.oneof(
    fc.tuple(value, options).map(([of, how]) => `util.inspect(${of}, ${how})`),
    fc.tuple(text, fc.array(value, { maxLength: 3 })).map(([format, args]) => `util.format(${[format, ...args].join(', ')})`),
    fc.tuple(value, value).map((args) => `util.isDeepStrictEqual(${args.join(', ')})`), value.map((of) => `util.isDeepStrictEqual(${of}, ${of})`),
  )
  const plain = VALUES.map((of) => `util.inspect(${of})`)

  await assertSameAsNode(guest, 'const util = require("util"); const { Buffer } = require("buffer")', [...plain, ...fc.sample(calls, { numRuns: 700, seed: 26 })].filter((call) => !/showHidden":true/.test(call) || !/Weak|Map|Set|async|function|Math|JSON/.test(call)))
})

test('util.types tells kinds apart as Node\'s does', async () => {
  const values = [...VALUES, 'new Proxy({}, {})', '(async function () {})', '(async function * () {})()', '(function * () {})()', 'new Map().keys()', 'new Set().values()', 'Promise.resolve(1)', 'Object.create(Promise.prototype)', 'Object.create(Map.prototype)', '{ then () {} }', 'new Error("e")', 'Object.create(Error.prototype)', 'RegExp.prototype', 'Date.prototype', 'new Float16Array(1)', 'new BigInt64Array(1)', 'new Uint8ClampedArray(1)', 'Object(false)']
  const calls = values.filter((value) => !value.includes('Proxy')).map((value) => `Object.keys(util.types).filter((name) => name !== "isExternal" && util.types[name](${value}))`)

  await assertSameAsNode(guest, 'const util = require("util"); const { Buffer } = require("buffer")', ['Object.keys(util.types)', ...calls])
})

test('the rest of util does what Node\'s does', async () => {
  await assertSameAsNode(guest, 'const util = require("util")', [
    'util.styleText("red", "x", { validateStream: false })', 'util.styleText(["bold", "underline"], "x", { validateStream: false })', 'util.styleText("nope", "x")', 'util.stripVTControlCharacters("\\u001b[31mred\\u001b[0m")', 'util.toUSVString("a\\ud800")',
    'util.parseArgs({ args: ["-f", "--bar", "b", "c"], options: { foo: { type: "boolean", short: "f" }, bar: { type: "string" } }, allowPositionals: true })', 'util.parseArgs({ args: ["--nope"], options: {} })', 'util.parseArgs({ args: ["--a=1", "--a=2", "--no-b"], options: { a: { type: "string", multiple: true }, b: { type: "boolean", default: true } }, allowNegative: true, tokens: true })',
    'util.promisify((a, done) => done(null, a + 1))(1)', 'util.promisify((done) => done(new TypeError("no")))()', 'util.promisify(1)', 'new Promise((resolve) => util.callbackify(async (a) => a * 2)(4, (error, value) => resolve([error, value])))', 'new Promise((resolve) => util.callbackify(async () => { throw null })((error) => resolve([error.code, error.message])))',
    '(() => { function A () {} function B () {} util.inherits(A, B); return [new A() instanceof B, A.super_ === B] })()', 'util.inherits(1, 2)', 'util.deprecate(() => 3, "old", "DEP9")()', 'util.deprecate(function f (a, b) {}, "old").length',
    'util.getSystemErrorName(-2)', 'util.getSystemErrorName(1)', 'util.getSystemErrorMessage(-2)', 'util.getSystemErrorMap().get(-13)', 'util.isArray([])', 'util.types.isDate(new Date())', 'new util.TextEncoder().encode("é")', 'new util.TextDecoder().decode(new Uint8Array([0xc3, 0xa9]))', 'util.TextDecoder === TextDecoder',
    'String(new util.MIMEType("text/plain; charset=utf-8"))', 'new util.MIMEType("nope")', 'util.diff("abc", "abd")', 'util.parseEnv("A=1\\nB=\'x y\'\\n# no\\nexport C=\\"a\\\\nb\\"\\nD=`q`\\nE= plain # c\\nF=")', 'util._extend({ a: 1 }, { b: 2 })', 'util.debuglog("x").enabled', 'util.aborted(AbortSignal.abort(), {})', 'util.format("%s", new (class A { toString () { return "own" } })())', 'util.formatWithOptions({ colors: true }, "%O", { a: 1 })', 'util.inspect.defaultOptions', 'util.inspect("a".repeat(3), { colors: true })',
  ])
})

test('events do what Node\'s do', async () => {
  await assertSameAsNode(guest, 'const events = require("events"); const { EventEmitter, once, on } = events; const seen = []; const log = (name) => (...args) => { seen.push([name, ...args]) }', [
    'events === EventEmitter', 'Object.keys(events)', 'EventEmitter.defaultMaxListeners', 'typeof events.errorMonitor',
    '(() => { const e = new EventEmitter(); const out = []; e.on("a", (x) => out.push(x)); e.prependListener("a", (x) => out.push(-x)); e.once("a", () => out.push("once")); return [e.emit("a", 1), e.emit("a", 2), out, e.listenerCount("a"), e.eventNames(), e.rawListeners("a").length] })()',
    'new EventEmitter().emit("error", new RangeError("bad"))', 'new EventEmitter().emit("error", 7)', 'new EventEmitter().emit("error")', 'new EventEmitter().on("x", 1)', 'new EventEmitter().setMaxListeners(-1)', 'new EventEmitter().off("x")',
    '(() => { const e = new EventEmitter(); const f = () => {}; e.on("a", f).on("a", f).off("a", f); return [e.listenerCount("a"), e.removeAllListeners().eventNames()] })()', '(() => { const e = new EventEmitter(); const out = []; e.on("newListener", (n) => out.push("+" + String(n))); e.on("removeListener", (n) => out.push("-" + n)); const f = () => {}; e.on("q", f); e.off("q", f); return out })()',
    '(async () => { const e = new EventEmitter(); queueMicrotask(() => e.emit("go", 1, 2)); return once(e, "go") })()', '(async () => { const e = new EventEmitter(); queueMicrotask(() => e.emit("error", new TypeError("t"))); return once(e, "go") })()', '(async () => { const e = new EventEmitter(); return once(e, "go", { signal: AbortSignal.abort() }) })()', '(async () => { const t = new EventTarget(); queueMicrotask(() => t.dispatchEvent(new Event("x"))); return (await once(t, "x"))[0].type })()',
    '(async () => { const e = new EventEmitter(); queueMicrotask(() => { e.emit("n", 1); e.emit("n", 2); e.emit("end") }); const out = []; for await (const [x] of on(e, "n", { close: ["end"] })) out.push(x); return out })()', '(async () => { const e = new EventEmitter({ captureRejections: true }); e.on("x", async () => { throw new Error("late") }); e.emit("x"); return (await once(e, "error").catch((error) => ["caught", error.message])) })()',
    'events.getEventListeners(new EventEmitter().on("a", () => {}), "a").length', 'events.getMaxListeners(new EventEmitter())', 'events.listenerCount(new EventEmitter().on("a", () => {}), "a")', '(() => { const e = new EventEmitter(); e.on(events.errorMonitor, (error) => seen.push(error.message)); try { e.emit("error", new Error("m")) } catch {} return seen })()', 'new (class Mine extends EventEmitter {})().on("a", () => {}).constructor.name', 'EventEmitter.call({}) === undefined',
  ])
})

test('streams do what Node\'s do', async () => {
  await assertSameAsNode(guest, 'const stream = require("stream"); const { Readable, Writable, Transform, Duplex, PassThrough, pipeline, finished, addAbortSignal } = stream; const promises = require("stream/promises"); const { Buffer } = require("buffer"); const collect = async (from) => { const out = []; for await (const piece of from) out.push(piece); return out }', [
    'Object.keys(stream)', 'collect(Readable.from(["a", "b"]))', 'collect(Readable.from("text"))', 'collect(new Readable({ read () { this.push("x"); this.push(null) } }))', 'collect(Readable.from([1, 2, 3]).map((x) => x * 2).filter((x) => x > 2))', 'Readable.from([1, 2, 3]).toArray()', 'Readable.from([1, 2, 3]).reduce((a, b) => a + b, 0)',
    '(async () => { const out = []; await promises.pipeline(Readable.from(["a", "b"]), new Transform({ transform (piece, encoding, done) { done(null, String(piece).toUpperCase()) } }), new Writable({ write (piece, encoding, done) { out.push(piece); done() } })); return out })()',
    'promises.pipeline(Readable.from(["a"]), new Transform({ transform (piece, encoding, done) { done(new RangeError("broken")) } }), new PassThrough())', '(async () => { const p = new PassThrough(); p.end("abc"); return collect(p) })()', '(async () => { const p = new PassThrough({ encoding: "hex" }); p.write("a"); p.end("b"); return collect(p) })()', 'collect(new Readable({ read () { this.destroy(new Error("gone")) } }))',
    'new Writable().write(null)', 'new Promise((resolve) => new Readable().on("error", (e) => resolve([e.code, e.message])).read())',
    '(() => { const w = new Writable({ highWaterMark: 3, write () {} }); return [w.write("ab"), w.write("cd"), w.writableLength, w.writableNeedDrain, w.writableHighWaterMark] })()', 'stream.getDefaultHighWaterMark(false)', '(async () => { const r = addAbortSignal(AbortSignal.abort(), new Readable({ read () {} })); return collect(r) })()', '(async () => collect(Duplex.from(async function * (source) { for await (const x of source) yield String(x) + "!" }).end("q")))()',
    'new Promise((resolve) => pipeline(Readable.from(["1"]), new PassThrough(), (error) => resolve(error ?? "fine")))', '(async () => { const r = Readable.from(["ab", "cd"]); r.setEncoding("utf8"); r.unshift("z"); return collect(r) })()', 'new Promise((resolve) => { const r = new Readable({ objectMode: true, read () {} }); const out = []; r.on("data", (x) => out.push(x)).on("end", () => resolve(out)); r.push({ a: 1 }); r.push(null) })', 'typeof stream === "function" && stream === stream.Stream', 'new stream.Transform().write("x")', 'collect(stream.compose(async function * (s) { for await (const x of s) yield x }, new PassThrough()).end("c"))',
    '(async () => { const a = new PassThrough(); const order = []; a.on("finish", () => order.push("finish")); a.on("end", () => order.push("end")); a.on("close", () => order.push("close")); a.resume(); a.end("x"); await promises.finished(a); await new Promise((resolve) => setTimeout(resolve, 5)); return order })()',
  ])
})

test('assert tells that a value is falsy, without the expression, which only Node can read', async () => {
  for (const call of ['assert(0)', 'assert.ok(0 > 1)', 'assert.ok(null, undefined)', 'assert.strict.ok("")']) {
    const code = `export default () => { const assert = require('assert'); try { ${call} } catch ({ name, code, message, generatedMessage }) { return [name, code, message, generatedMessage] } }`
    assert.deepEqual(await guest.resultOf(code), ['AssertionError', 'ERR_ASSERTION', 'The expression evaluated to a falsy value', true], call)
  }
})

test('modules are there only once', async () => {
  const all = await guest.evaluate('[require("buffer").Buffer === Buffer, require("node:util") === require("util"), require("stream").Readable === require("node:stream").Readable]')

  assert.deepEqual(all, [true, true, true])
})

test('modules can be imported by all names that Node\'s can', async () => {
  for (const name of ['assert', 'assert/strict', 'path', 'path/posix', 'path/win32', 'querystring', 'string_decoder', 'url']) {
    const names = await guest.resultOf(`import * as all from 'node:${name}'\nexport default () => Object.keys(all)`)

    assert.deepEqual(names, Object.keys(await import(`node:${name}`) as object), name)
  }
})
