import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { assertDrawnSame, call, type Code, list, mostly, object, odd, quoted, textOf } from './drawn-calls.ts'

const guest = await openGuest()

/** `told` answers all that an assertion throws but its stack. No error in it has one, which would be of other files. */
const SETUP = `
  const assert = require("assert"); const util = require("util"); const { Buffer } = require("buffer"); const { Assert, AssertionError } = assert
  class A { constructor (x) { this.x = x } } class B extends A {} class L extends Array {} class M extends Map {} class E extends Error { get name () { return "E" } } class P { #p = 1; y = 2 }
  const s = Symbol("s"); const f = function named () {}; const shared = { of: { both: [1] } }
  const circle = (of) => { const o = { of }; o.self = o; o.list = [o, { o }]; return o }
  const ring = (of) => { const a = { of }; const b = { a }; a.b = b; return a }
  const held = (of) => { const m = new Map(); m.set("m", m).set(of, new Set([m])); return m }
  const hidden = (of) => Object.defineProperty({ shown: 1 }, "hidden", { value: of, enumerable: false })
  const got = (of) => ({ get of () { return of } })
  const bare = (of) => Object.assign(Object.create(null), { of })
  const failed = (message, of) => Object.assign(new TypeError(message), { of })
  const regular = (of) => { const r = /a+/gi; r.lastIndex = 1; r.of = of; return r }
  const list = (n, of) => Array.from({ length: n }, (_, i) => i === n >> 1 ? of : i)
  const lines = (n, of) => Array.from({ length: n }, (_, i) => "line " + i + (i === n >> 1 ? of : "")).join("\\n")
  const show = (error) => error instanceof AssertionError ? ["throws", error.name, error.code, error.message, error.generatedMessage, error.operator, util.inspect(error.actual), util.inspect(error.expected), Object.keys(error), String(error), error.cause] : error instanceof Error ? ["throws", error.name, error.code, error.message, Object.keys(error)] : ["throws", error]
  const told = async (act) => { const { stackTraceLimit } = Error; Error.stackTraceLimit = 0; try { const made = act(); return typeof made?.then === "function" ? ["later", await made] : made } catch (error) { return show(error) } finally { Error.stackTraceLimit = stackTraceLimit } }`

const leaf: Code = fc.constantFrom(
  '0', '-0', '1', '"1"', 'NaN', '2 ** 53', '1n', '-1n', '""', '"a"', '"a\\nb"', '"it\'s"', 'true', 'false', 'null', 'undefined', 's', 'Symbol("s")', 'Symbol.for("k")', 'f', '() => {}', 'class C {}', 'A', 'shared', '"x".repeat(90)', '"é😀"',
  'new Number(0)', 'new Number(-0)', 'new String("a")', 'Object(1n)', 'Object(s)', 'new Boolean(false)', 'new Date(0)', 'new Date(1)', 'new Date(NaN)', '/a+/g', '/a+/gi', 'regular(1)', 'new A(1)', 'new B(1)', 'new P()', 'new L(1, 2)', 'new M([[1, 2]])',
  'new Error("e")', 'new TypeError("e")', 'new Error("e", { cause: 1 })', 'new E("e")', 'new AggregateError([1], "e")', 'Object.assign(new Error("e"), { code: 1 })', 'new Error("")', 'new RangeError("two\\nlines")',
  'new Uint8Array([1, 2])', 'Buffer.from([1, 2])', 'new Int8Array([1, 2])', 'new Float32Array([0])', 'new Float32Array([-0])', 'new Float64Array([NaN])', 'new BigInt64Array([1n])', 'new ArrayBuffer(2)', 'new ArrayBuffer(3)', 'new Uint8Array([1, 2]).buffer', 'new DataView(new ArrayBuffer(2))', 'Object.assign(new Uint8Array([1, 2]), { extra: 1 })',
  '[]', '[1]', '[, 1]', '[undefined, 1]', '{}', '[[]]', 'Object.create(null)', 'Object.create({ a: 1 })', '(function () { return arguments })(1)', 'new URL("http://a.test/b")', 'new URL("http://a.test/c")', 'new WeakMap()', 'new WeakSet()', 'Object.assign([1], { a: 1 })', 'new Set()', 'new Map()', 'globalThis.nothing', 'Math', 'new URLSearchParams("a=1")', 'Object.assign(() => 1, { a: 1 })', 'new DOMException("d", "AbortError")', '({ [Symbol.toStringTag]: "T" })',
).map((code) => /^[{(]|=>/.test(code) ? `(${code.replace(/^\((.*)\)$/, '$1')})`.replace(/^\(function \(\) \{ return arguments \}\)\(1$/, code) : code)
const HOLE = '@@'
const { tree } = fc.letrec<{ tree: string, member: string }>((tie) => {
  const within = fc.oneof({ weight: 3, arbitrary: fc.constant(HOLE) }, { weight: 2, arbitrary: leaf }, { weight: 2, arbitrary: tie('tree') })
  return {
    member: within,
    tree: fc.oneof({ maxDepth: 3 }, fc.constant(HOLE), leaf,
      list(within, 3), list(within, 3).map((all) => `new Set(${all})`), list(fc.tuple(within, within).map((pair) => `[${pair.join(', ')}]`), 3).map((all) => `new Map(${all})`), list(leaf, 4).map((all) => `new Set(${all})`),
      object({ a: within, b: within, '"c-d"': within, '[s]': within, 5: within }).map((code) => `(${code})`), fc.array(within, { maxLength: 3 }).map((all) => `({ ${all.map((of, i) => `${'zyx'[i]}: ${of}`).join(', ')} })`),
      fc.tuple(fc.constantFrom('circle', 'ring', 'held', 'hidden', 'got', 'bare', 'new A', 'new B', 'Object', 'regular', '[].concat'), within).map(([by, of]) => `${by}(${of})`), fc.tuple(textOf(['e', '\n', ' '], 3), within).map((all) => `failed(${all.join(', ')})`), fc.tuple(fc.constantFrom(3, 12, 40, 60), within).map((all) => `list(${all.join(', ')})`),
      within.map((of) => `new Error("caused", { cause: ${of} })`), within.map((of) => `(function () { return arguments })(${of}, 2)`),
    ),
  }
})

const fill = (code: string, of: string): string => code.split(HOLE).join(of)
/** Two values that are alike, but for what is in the holes of one of them. */
const pair = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(tree, leaf, leaf).map(([code, one, other]) => [fill(code, one), fill(code, other)] as const) },
  { weight: 2, arbitrary: fc.tuple(tree, leaf).map(([code, one]) => [fill(code, one), fill(code, one)] as const) },
  { weight: 1, arbitrary: fc.tuple(tree, tree, leaf).map(([one, other, of]) => [fill(one, of), fill(other, of)] as const) },
  { weight: 1, arbitrary: fc.tuple(leaf, leaf) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(3, 9, 25, 60), leaf, leaf).chain(([count, one, other]) => fc.constantFrom([`list(${count}, ${one})`, `list(${count}, ${other})`] as const, [`list(${count}, ${one})`, `list(${count + 3}, ${one})`] as const, [`lines(${count}, ${quoted(one)})`, `lines(${count}, ${quoted(other)})`] as const, [`lines(${count}, "x")`, `lines(${count + 4}, "x")`] as const)) },
)
const message = fc.oneof({ weight: 6, arbitrary: fc.constant('') }, fc.constantFrom('"own words"', 'new RangeError("own")', 'undefined', '""', '() => "made"', 'null', '7', '{}', '(actual, expected) => 1', '"%s of %s"', '"%d", 5'))
const comma = (code: string): string => code === '' ? '' : `, ${code}`
const told = (code: Code): Code => code.map((text) => `told(() => ${text})`)

const COMPARING = ['equal', 'notEqual', 'strictEqual', 'notStrictEqual', 'deepEqual', 'notDeepEqual', 'deepStrictEqual', 'notDeepStrictEqual', 'partialDeepStrictEqual']
const comparing = (on: Code, methods = COMPARING): Code => told(fc.tuple(on, fc.constantFrom(...methods), pair, message).map(([of, name, both, words]) => `${of}.${name}(${both.join(', ')}${comma(words)})`))

const error = fc.constantFrom('new TypeError("wrong")', 'new Error("wrong")', 'failed("wrong", 1)', 'failed("two\\nlines", shared)', 'new E("own")', '"text"', '1', 'null', 'undefined', '{ message: "wrong" }', '({ name: "X", message: "wrong", code: 5 })', 'new AssertionError({ message: "inner" })', 'new Error("")', 'Object.assign(new Error("wrong"), { code: "C", info: { a: [1] } })', 's', 'new Error("wrong", { cause: new Error("c") })', '[1, 2]', 'new DOMException("wrong", "AbortError")', 'new AggregateError([new Error("a")], "wrong")').map((code) => code.startsWith('{') ? `(${code})` : code)
const expected = fc.oneof({ weight: 5, arbitrary: fc.constantFrom('', 'TypeError', 'Error', 'RangeError', 'E', 'A', '/wrong/', '/other/', '/^TypeError: wrong$/', '(error) => true', '(error) => false', '() => { throw new RangeError("in check") }', '(error) => error instanceof Error', 'function check () { return 1 }', '"wrong"', '"message only"', 'undefined', 'null', '{}', '[]', '7', 's', 'new Error("wrong")', 'new TypeError("wrong")', 'Object', 'new RegExp("wro")', 'Promise', '() => {}') }, object({ name: fc.constantFrom('"TypeError"', '"Error"', '/Err/', 'undefined', '1'), message: fc.constantFrom('"wrong"', '/wr.ng/', '/no/', '"other"'), of: fc.constantFrom('1', '2', 'shared', '{ of: { both: [1] } }'), code: fc.constantFrom('"C"', '5', 'undefined'), info: fc.constantFrom('{ a: [1] }', '{ a: [2] }'), cause: fc.constantFrom('new Error("c")', '1') }))
const act = fc.oneof({ weight: 5, arbitrary: error.map((code) => `() => { throw ${code} }`) }, fc.constantFrom('() => {}', '() => 1', 'f', 'async () => {}'), mostly(fc.constant('() => { assert.equal(1, 2) }'), 1))
const acting = fc.oneof({ weight: 3, arbitrary: error.map((code) => `async () => { throw ${code} }`) }, { weight: 3, arbitrary: error.map((code) => `Promise.reject(${code})`) }, fc.constantFrom('async () => {}', 'Promise.resolve(1)', '() => 1', '() => Promise.resolve(2)', '({ then: (yes) => yes(1) })', '({ then: (yes, no) => no(new Error("wrong")), catch () {} })', '() => { throw new Error("wrong") }', 'f', '{ then () {} }'), odd)
/** What V8 tells of a call that is none. */
const one = (code: string): string => code.startsWith('{') ? `(${code})` : code

const KINDS: Record<string, Code> = {
  'comparing': comparing(fc.constantFrom('assert')),
  'comparing deeply': comparing(fc.constantFrom('assert'), ['deepEqual', 'deepStrictEqual', 'partialDeepStrictEqual']),
  'comparing deeply, strictly': comparing(fc.constantFrom('assert'), ['deepStrictEqual', 'deepStrictEqual', 'notDeepStrictEqual']),
  'comparing, strictly': comparing(fc.constantFrom('assert.strict', 'assert.strict.strict', 'require("assert/strict")')),
  'comparing by an Assert': comparing(object({ diff: fc.constantFrom('"simple"', '"full"'), strict: fc.constantFrom('true', 'false'), skipPrototype: fc.constantFrom('true', 'false') }).map((options) => `new Assert(${options})`)),
  'comparing with anything': told(fc.tuple(fc.constantFrom(...COMPARING), fc.array(fc.oneof(odd, leaf), { maxLength: 4 })).map(([name, args]) => `assert.${name}(${args.join(', ')})`)),
  'strictEqual of texts': told(fc.tuple(fc.constantFrom('strictEqual', 'equal', 'deepEqual'), textOf(['a', 'b', '\n', ' ', 'é', '\u001b[31m', 'long words ', '\t', '"', '\\'], 30), textOf(['a', 'b', '\n', ' ', 'long words '], 30)).map(([name, one, other]) => `assert.${name}(${one}, ${other})`)),
  'isDeepStrictEqual': pair.map((both) => `util.isDeepStrictEqual(${both.join(', ')})`),
  'throws and doesNotThrow': told(fc.tuple(fc.constantFrom('assert.throws', 'assert.throws', 'assert.doesNotThrow', 'assert.strict.throws', 'new Assert().throws'), act, expected, message).map(([name, of, as, words]) => `${name}(${of}${comma(as)}${as === '' ? '' : comma(words)})`)),
  'rejects and doesNotReject': told(fc.tuple(fc.constantFrom('assert.rejects', 'assert.rejects', 'assert.doesNotReject', 'new Assert().rejects'), acting, expected, message).map(([name, of, as, words]) => `${name}(${of}${comma(as)}${as === '' ? '' : comma(words)})`)),
  'match and doesNotMatch': told(fc.tuple(fc.constantFrom('match', 'doesNotMatch'), fc.oneof(textOf(['a', 'b', '\n'], 4), odd), fc.oneof({ weight: 5, arbitrary: fc.constantFrom('/a/', '/b$/m', '/^$/', '/x/g') }, odd), message).map(([name, of, by, words]) => `assert.${name}(${of}, ${by}${comma(words)})`)),
  'ifError': told(fc.oneof(leaf, odd, error).map((of) => `assert.ifError(${of})`)),
  'fail': told(fc.oneof(call('assert.fail', fc.oneof(odd, error, message.filter((words) => words !== ''))), call('new Assert().fail', message.filter((words) => words !== '')))),
  'ok': told(fc.tuple(fc.constantFrom('assert', 'assert.ok', 'assert.strict', 'new Assert().ok'), fc.oneof(leaf, odd), fc.constantFrom('"own words"', 'new RangeError("own")', '() => "made"', '""', '"%s", 1', '7')).map(([name, of, words]) => `${name}(${of}, ${words})`)),
  'AssertionError': told(fc.tuple(pair, fc.constantFrom(...COMPARING, 'throws', '==', 'fail', 'partialDeepStrictEqual', 'own'), fc.constantFrom('', ', message: "m"', ', diff: "full"', ', diff: "simple"', ', stackStartFn: f', ', message: 7', ', diff: "x"')).map(([both, operator, more]) => `{ throw new AssertionError({ actual: ${both[0]}, expected: ${both[1]}, operator: "${operator}"${more} }) }`)),
  'AssertionError of anything': told(fc.oneof(odd, object({ message: odd, operator: odd, actual: odd, expected: odd, stackStartFn: odd, diff: odd })).map((options) => `{ throw new AssertionError(${one(options)}) }`)),
  'Assert': told(fc.oneof(odd, object({ diff: mostly(fc.constantFrom('"simple"', '"full"', '"x"'), 2), strict: odd })).map((options) => `Object.keys(new Assert(${options}))`)),
}

test('drawn calls of assert do what Node\'s do', async (t) => {
  await assertDrawnSame(t, guest, { setup: SETUP, kinds: KINDS, callsOfAKind: 300 })
})

test('assert has what Node\'s has', async () => {
  const describe = (on: string): string => `Reflect.ownKeys(${on}).map((key) => { const { value, get, ...rest } = Object.getOwnPropertyDescriptor(${on}, key); return [String(key), typeof value, value?.name, value?.length, get?.name, rest] }).sort()`

  await assertSameAsNode(guest, SETUP, [
    ...['assert', 'assert.strict', 'AssertionError', 'AssertionError.prototype', 'Assert.prototype', 'new Assert()', 'new Assert({ strict: false })'].map(describe),
    'require("assert/strict") === assert.strict', 'assert.ok === assert', 'assert.equal === assert.strict.equal', 'assert.CallTracker', 'Assert()', 'told(() => assert())', 'told(() => assert.ok())', 'told(() => assert.throws())', 'told(() => assert.rejects())', 'told(() => assert.strict.ok())',
    'new AssertionError({ message: "m" }) instanceof Error', 'told(() => { const { strictEqual } = new Assert(); strictEqual(1, 2) })', 'told(() => { const { deepEqual } = assert; deepEqual([1, 2, 3], [1, 2, 4]) })', 'told(() => assert.strictEqual(new DOMException("d", "AbortError"), new DOMException("d", "AbortError")))', 'told(() => util.inspect(new AssertionError({ message: "m", operator: "o" })))',
  ])
})
