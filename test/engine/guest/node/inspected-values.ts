import * as fc from 'fast-check'
import { type Code, object, quoted } from './drawn-calls.ts'

/** What both sides run before drawn values are made. `bare` takes from errors the frames of their stacks. */
export const INSPECTED_SETUP = `
  const util = require('util'); const { Buffer } = require('buffer')
  class A { constructor (x) { this.x = x } get acc () { return 1 } m () {} static st = 1; #priv = 2 }
  class B extends A { y = [1] }
  class Own extends TypeError { name = 'Own'; extra = 1 }
  const circular = () => { const a = { b: { c: 1 } }; a.b.a = a; a.self = a; a.b.b = a.b; return a }
  const circularMap = () => { const m = new Map(); m.set('m', m).set(m, [m]); return m }
  const circularArray = () => { const a = [1]; a.push(a, [a]); return a }
  const deep = (n) => n === 0 ? 'end' : { d: deep(n - 1), a: [n] }
  const wide = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => ['k' + i, i]))
  const count = (n, f) => Array.from({ length: n }, (_, i) => f(i))
  const none = (of) => Object.setPrototypeOf(of, null)
  const bare = (e) => { if (e.stack) e.stack = String(e.stack).split('\\n    at')[0] + '\\n    at here (file.js:1:2)'; for (const x of [e.cause, ...(e.errors ?? [])]) if (x instanceof Error) bare(x); return e }`

const KINDS = [
  'new Date(0)', 'new Date(NaN)', 'new Date(8.64e15)', '/a+b/gi', '/[/]/', 'Object.assign(/x/y, { lastIndex: 2, own: 1 })', 'new Uint8Array([1, 2, 3])', 'new Uint16Array(3)', 'new Float32Array([1.5, -0])', 'new Float64Array([NaN, Infinity])', 'new BigInt64Array([1n, -5n])', 'new Uint8ClampedArray([300])', 'new Float16Array([0.1])', 'new Int8Array(0)', 'new Int32Array(120)', 'new ArrayBuffer(6)', 'new DataView(new ArrayBuffer(4), 1, 2)', 'Buffer.alloc(5, "é")', 'Buffer.alloc(60)',
  'new String("abc")', 'Object.assign(new String("ab"), { x: 1 })', 'new Number(-0)', 'Object(5n)', 'Object(Symbol("q"))', 'new Boolean(false)', 'Object.assign(new Number(1), { y: 2 })', 'new WeakMap()', 'new WeakSet()', 'new WeakRef({ a: 1 })', 'function f () {}', '(function () {})', '() => 1', 'async () => 1', 'function * gen () {}', 'async function * ag () {}', 'class Z {}', '(class {})', 'class extends A {}', 'Object.assign(function g () {}, { p: 1 })', 'class S { static x = 1; static y () {} }', 'Math', 'JSON', 'Reflect',
  'Object.create(null)', 'Object.create({ a: 1 })', 'Object.create(Object.create(null))', 'Object.create(A.prototype)', 'A.prototype', 'new A(1)', 'new B(2)', 'new (class Foo { get [Symbol.toStringTag] () { return "bar" } })()', 'new (class Foo { get [Symbol.toStringTag] () { return "Foo" } })()', '{ [Symbol.toStringTag]: "Tag" }', 'Object.create(null, { [Symbol.toStringTag]: { value: "nul" } })', 'new (class extends Map { x = 1 })([[1, 2]])', 'new (class Mine extends Set {})([1])', 'new (class Mine extends Array {})(3)', 'new (class Mine extends Date {})(0)', 'new (class Mine extends RegExp {})("x")', 'new (class Mine extends Uint8Array {})(2)',
  'none([1, 2])', 'none(new Map([[1, 2]]))', 'none(new Set([1]))', 'none(() => {})', 'none(new Date(0))', 'none(/x/)', 'none(class Y {})', 'none(new Uint8Array(1))', 'none(new String("s"))', 'none(new ArrayBuffer(2))', 'none(new WeakMap())', 'none(Object(1n))', 'none(new DataView(new ArrayBuffer(1)))', '[,]', '[1,, 3]', '[,, 1,,,]', 'Object.assign([, 1], { a: 1, "-1": 2, "01": 3 })', 'Object.defineProperty([1], 0, { enumerable: false, value: 5 })', 'Object.defineProperty({}, "hid", { value: 1 })', 'Object.defineProperties({}, { [Symbol("hid")]: { value: 1 }, vis: { value: 2, enumerable: true } })', '{ get a () { return 1 } }', '{ set a (x) {} }', '{ get a () { return { b: 1 } }, set a (x) {} }', '{ get a () { return this.a2 }, a2: "v" }',
  'circular()', 'circularMap()', 'circularArray()', 'deep(6)', 'wide(30)', 'wide(101)', 'count(7, (i) => i * 1000)', 'count(27, (i) => "n" + i)', 'count(101, (i) => i)', 'count(7, () => ({ a: 1 }))', 'count(17, (i) => [i])', 'new Map(count(105, (i) => [i, i]))', 'new Set(count(105, (i) => i))', 'new Array(2 ** 20)', 'new Array(3).fill(undefined)', '[[[[[[]]]]]]', 'Object.freeze({ a: 1 })', 'Object.seal([1])', '(() => { const o = { s: 1 }; return [o, o, { o }] })()',
  '{ [util.inspect.custom] () { return "mine" } }', '{ [util.inspect.custom] () { return { a: 1, b: [2] } } }', '{ [util.inspect.custom]: (d, o, i) => [d, o.compact, o.breakLength, o.depth, i === util.inspect, Object.keys(o)] }', '{ [util.inspect.custom]: (d, o, i) => i({ n: { m: { k: { j: 1 } } } }, o) }', '{ [util.inspect.custom] () { return "multi\\nline" } }', '{ [util.inspect.custom]: util.inspect }', '{ [util.inspect.custom]: null }', '{ inspect () { return "no" } }', '{ constructor: "x" }', '{ constructor: { name: "Fake" } }', 'Object.create({ constructor: class Named {} })', '{ toString () { return "str" } }', '{ toJSON () { return 1 } }', '{ hasOwnProperty: 1, a: 2 }', '{ then: 1 }', '{ "": 1, " ": 2 }', '{ f () {}, async g () {}, *h () {}, get [Symbol("gs")] () { return 1 } }',
]
const text = fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', ' ', "'", '"', '`', '\n', '\\', '\t', 'é', '日', '😀', '\ud800', '\x00', '\x1b', '\x7f', '\x9f', '${'), maxLength: 14 }).map(quoted), fc.constantFrom('"x".repeat(90)', '"line one\\nline two\\nline three"', '"a ".repeat(40)', '("word ".repeat(9) + "\\n").repeat(3)', '""'))
const number = fc.oneof(fc.integer().map(String), fc.double().map((of) => Object.is(of, -0) ? '-0' : String(of)), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map((of) => `${of}n`), fc.constantFrom('0', '-0', 'NaN', 'Infinity', '1e21', '1e-7', '123456789.123456', '-1234567', '0.0001234567', '1000'))
const primitive = fc.oneof({ weight: 3, arbitrary: text }, { weight: 3, arbitrary: number }, fc.constantFrom('undefined', 'null', 'true', 'false', 'Symbol("x y")', 'Symbol()', 'Symbol.iterator', 'Symbol.for("")'))
const key = fc.constantFrom('a', 'b', 'key', '"a-b"', '1', '2', '"1.5"', '_x', '$', '"with space"', '"it\'s"', '"constructor"', '[Symbol("s")]', '[Symbol()]', '[Symbol.iterator]', '[Symbol.for("f g")]', '"\\n"', '"é"', '"😀"', '"__proto__x"')

/** The code of a value of any kind that there is, nested or not. */
export const inspected: Code = fc.letrec<{ value: string }>((tie) => {
  const members = (maxLength: number): Code => fc.array(fc.tuple(key, tie('value')), { maxLength }).map((all) => `{ ${all.map(([name, of]) => `${name}: ${of}`).join(', ')} }`)
  const items = (maxLength: number): Code => fc.array(tie('value'), { maxLength }).map((all) => `[${all.join(', ')}]`)
  return {
    value: fc.oneof(
      { depthSize: 'small' }, { weight: 4, arbitrary: primitive }, { weight: 5, arbitrary: fc.constantFrom(...KINDS) }, items(8), members(6), items(5).map((all) => `new Set(${all})`),
      fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((all) => `new Map([${all.map((pair) => `[${pair.join(', ')}]`).join(', ')}])`), members(3).map((all) => `Object.assign(new A(3), ${all})`), fc.tuple(items(1), members(3)).map((all) => `Object.assign(${all.join(', ')})`),
    ),
  }
}).value

/** The code of options of `util.inspect`. */
export const inspectOptions: Code = object({
  depth: fc.constantFrom('0', '1', '2', '5', 'null', 'Infinity', '-1'), compact: fc.constantFrom('true', 'false', '0', '1', '3', '10'), colors: fc.constantFrom('true', 'false'), showHidden: fc.constantFrom('true', 'false', 'false'), sorted: fc.constantFrom('true', 'false', '(a, b) => a < b ? 1 : -1'), breakLength: fc.constantFrom('0', '1', '20', '60', '80', '200', 'Infinity'), maxArrayLength: fc.constantFrom('0', '1', '3', '100', 'null', 'Infinity'),
  maxStringLength: fc.constantFrom('0', '5', '1000', 'null'), getters: fc.constantFrom('true', 'false', '"get"', '"set"'), numericSeparator: fc.constantFrom('true', 'false'), customInspect: fc.constantFrom('true', 'false'), showProxy: fc.constantFrom('true', 'false'),
})
