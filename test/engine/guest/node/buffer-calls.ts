import * as fc from 'fast-check'
import { call, quoted } from './drawn-calls.ts'

/** What both sides run before the calls. `after` tells what a call did to what it was made on. */
export const BUFFER_SETUP = `
  const buffer = require('buffer')
  const util = require('util')
  const sample = () => Buffer.from('héllo wörld, €uro 😀! 0123456789abcdef')
  const detached = () => { const b = Buffer.from(new ArrayBuffer(8)); b.buffer.transfer(); return b }
  const memory = () => new Uint8Array([104, 195, 169, 108, 108, 111, 0, 1, 2, 3, 4, 5, 6, 7, 8, 255]).buffer
  class Sub extends Uint8Array { own () { return 1 } }
  const after = (target, act) => { let end; try { end = act(target) } catch (error) { end = 'throws ' + error?.name + ' ' + error?.code + ' ' + error?.message } return [end, target] }
`

const ENCODINGS = ['utf8', 'utf-8', 'UTF8', 'Utf-8', 'utf16le', 'ucs2', 'UCS-2', 'utf-16le', 'UTF-16LE', 'latin1', 'binary', 'BINARY', 'ascii', 'ASCII', 'base64', 'BASE64', 'base64url', 'BASE64URL', 'hex', 'Hex']
const encodings = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...ENCODINGS.map(quoted)) }, fc.constantFrom('"nope"', 'undefined', 'null', '""', '7', '{}', '"buffer"', '"utf 8"', '["utf8"]', 'new String("hex")', 'Symbol("e")', '({ toString: () => "hex" })', '1n', 'NaN', 'true', '"utf16"', '"latin-1"', '"HEX "'))
/** What Node takes as the end of a search: of anything else than a number it dies. */
const ends = fc.oneof(fc.integer({ min: -50, max: 50 }).map(String), fc.constantFrom('undefined', 'NaN', 'Infinity', '-Infinity', '2 ** 32 + 3', '2 ** 31', '-(2 ** 32)', '1.5', '-0', '"utf8"', '"hex"', '"nope"', '"ucs2"', '""'))
const names = fc.constantFrom(...ENCODINGS.map(quoted))
const offsets = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: -2, max: 12 }).map(String) }, fc.constantFrom('40', '41', '42', '46', '47', '100', '-40', '-100', '1.5', '-1.5', '0.9', '-0.9', '2.000001', 'NaN', 'Infinity', '-Infinity', '-0', '"2"', '"x"', '""', '"1.5"', '"0x2"', 'null', 'undefined', '{}', '[]', '[3]', '2 ** 31', '2 ** 31 - 1', '2 ** 32', '2 ** 32 + 2', '2 ** 53', '2 ** 53 - 1', '-(2 ** 31)', '-(2 ** 53)', '1e300', 'Number.MIN_VALUE', 'true', 'false', '3n', 'Symbol("s")', '({ valueOf: () => 2 })', '() => 1', 'new Number(2)', 'new Date(3)'))
const numbers = fc.oneof(fc.integer().map(String), fc.double().map((number) => Object.is(number, -0) ? '-0' : String(number)), fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map((number) => `${number}n`), fc.constantFrom('0', '1', '127', '128', '255', '256', '-1', '-128', '-129', '32767', '32768', '-32768', '65535', '65536', '-32769', '2 ** 31', '2 ** 31 - 1', '-(2 ** 31)', '-(2 ** 31) - 1', '2 ** 32', '2 ** 32 - 1', '2 ** 40', '2 ** 48', '2 ** 48 - 1', '2 ** 47', '-(2 ** 47)', '-(2 ** 47) - 1', '1.5', '0.1', '3.4e38', '3.5e38', '1e-45', 'NaN', 'Infinity', '-Infinity', '-0', '"12"', '"x"', '""', 'null', 'undefined', 'true', '0n', '255n', '-1n', '2n ** 63n', '2n ** 63n - 1n', '2n ** 64n', '2n ** 64n - 1n', '-(2n ** 63n)', '-(2n ** 63n) - 1n', '[]', '[7]', '{}', 'Symbol("n")', '({ valueOf: () => 9 })'))
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', 'é', '€', '😀', '\uffff', '\u0141', '\ufeff', '\0', '\x80'), maxLength: 8 }),
  fc.base64String({ maxLength: 24 }),
  fc.string({ unit: fc.constantFrom('a', 'Q', '=', '-', '_', '/', '+', ' ', '\n', '9', '!', '\u013d', '\u0141'), maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('0', 'a', 'F', '9', 'g', '\u0130'), maxLength: 9 }),
  fc.constantFrom('', 'l', 'wör', '😀', '6c', 'bGw', 'abc', 'x'.repeat(20)),
).map(quoted)
const lists = fc.oneof(fc.uint8Array({ maxLength: 16 }), fc.uint8Array({ maxLength: 12, min: 0x78, max: 0xff }), fc.uint8Array({ minLength: 2, maxLength: 5, min: 0xbe, max: 0xf6 }), fc.string({ maxLength: 10 }).map((text) => new TextEncoder().encode(text))).map((list) => [...list].join(', '))
const bytes = lists.map((list) => `Buffer.from([${list}])`)
const objects = fc.constantFrom('new Uint16Array([1, 258])', 'new Uint8Array(0)', 'new Uint8Array([108, 108])', 'new Uint8ClampedArray([1, 300])', 'new Float32Array([1.5])', 'new BigInt64Array([1n])', '[1, 2, "3", -1, 256.7]', '[]', 'new ArrayBuffer(5)', 'new ArrayBuffer(0)', 'memory()', '({ length: 3, 0: 7 })', '({ length: "2", 1: 9 })', '({ length: -1 })', '({ length: NaN })', '({ type: "Buffer", data: [1, 2] })', '({ type: "Buffer", data: "no" })', '({ type: "Bufer", data: [1] })', '({ valueOf: () => "abc" })', '({ valueOf: () => 5 })', '({ valueOf: () => null })', '({ valueOf: () => new Uint8Array(2) })', '({ [Symbol.toPrimitive]: () => "ab" })', '({ [Symbol.toPrimitive]: (hint) => hint })', 'new String("xy")', 'new Number(5)', 'new Boolean(true)', 'true', 'false', '() => 1', 'new DataView(new ArrayBuffer(3))', '/x/', 'new Date(0)', 'new Map([[1, 2]])', 'new Set([1])', 'Object.create(null)', 'Promise.resolve(1)', 'new Sub(3)', 'Symbol("v")', 'detached()', 'sample()', 'memory()', '(function * () { yield 1 })()', '(function () { return arguments })(4, 5)')
const values = fc.oneof(texts, bytes, numbers, objects)
/** The standard has nothing of memory that was given away; Node throws. */
const parts = values.filter((value) => value !== 'detached()')
const anything = fc.oneof(values, offsets, encodings)
/** Sizes that are refused, or small: those between are there in one process and not in another. */
const sizes = fc.constantFrom('0', '1', '5', '10', '9.9', '-1', '-0', 'NaN', '"5"', '1.5', 'null', 'undefined', 'true', '{}', '[3]', '4n', '2 ** 53', '2 ** 60', 'Infinity', '-Infinity', 'Symbol("s")', '8192', '32768', '40000', '70000')
const receivers = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('sample()', 'Buffer.alloc(8, 3)', 'Buffer.alloc(0)') }, bytes)
const odd = fc.oneof({ weight: 2, arbitrary: fc.constantFrom('detached()', 'new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9])', 'new Sub([104, 105, 106])') }, fc.constantFrom('new Uint16Array([1, 2, 3])', 'new DataView(new ArrayBuffer(8))', 'new ArrayBuffer(8)', '{}', 'undefined', 'null', '"abc"', '7', '[1, 2, 3, 4, 5, 6, 7, 8]', '({ length: 4, 0: 1 })', 'Buffer', 'Buffer.prototype', 'Symbol("r")', 'new Float64Array(2)'))

const method = (name: string, ...args: fc.Arbitrary<string>[]): fc.Arbitrary<string> => fc.tuple(receivers, call(`.${name}`, ...args)).map(([on, rest]) => on + rest)
/** Answers what a method returned, or threw, and what became of the buffer. */
const change = (name: string, ...args: fc.Arbitrary<string>[]): fc.Arbitrary<string> => fc.tuple(fc.oneof(fc.constantFrom('Buffer.alloc(11, 1)', 'Buffer.from("abcdefgh")', 'Buffer.alloc(0)', 'Buffer.alloc(3)'), fc.constantFrom('detached()')), call(`b.${name}`, ...args)).map(([on, rest]) => `after(${on}, (b) => ${rest})`)

const READS = ['UInt8', 'Uint8', 'UInt16LE', 'Uint16LE', 'UInt16BE', 'UInt32LE', 'UInt32BE', 'Int8', 'Int16LE', 'Int16BE', 'Int32LE', 'Int32BE', 'FloatLE', 'FloatBE', 'DoubleLE', 'DoubleBE', 'BigInt64LE', 'BigInt64BE', 'BigUInt64LE', 'BigUint64BE']
const SIZED = ['UIntLE', 'UintBE', 'UIntBE', 'IntLE', 'IntBE']
const NATIVE = ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'ascii', 'ucs2']
const METHODS = ['toString', 'toLocaleString', 'equals', 'inspect', 'compare', 'fill', 'write', 'toJSON', 'subarray', 'slice', 'swap16', 'swap32', 'swap64', 'copy', 'asciiSlice', 'utf8Slice', 'hexSlice', 'base64Slice', 'ucs2Slice', 'latin1Slice', 'utf8Write', 'latin1Write', 'asciiWrite', 'hexWrite', 'base64Write', 'ucs2Write', ...READS.flatMap((name) => [`read${name}`, `write${name}`]), ...SIZED.flatMap((name) => [`read${name}`, `write${name}`])]
const bounds = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('0', '1', '3', '8', '100', '-1', 'undefined') }, offsets)

/** Calls of every member of `node:buffer`, as expressions, by what they are about. */
export const BUFFER_CALLS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'from text': call('Buffer.from', texts, encodings),
  'from anything': call('Buffer.from', anything, anything, offsets),
  'from memory': call('Buffer.from', fc.constantFrom('new ArrayBuffer(9)', 'memory()', 'detached().buffer', 'memory().slice(3)', 'new Uint8Array(9)'), offsets, offsets),
  'as a function, and with new': fc.tuple(fc.constantFrom('Buffer', 'new Buffer', 'new buffer.Buffer'), fc.oneof(texts, objects, fc.constantFrom('5', '0', '-1', '2 ** 53', 'NaN', 'undefined', 'null', '1.5')), encodings).map(([name, value, encoding]) => `${name}(${value}, ${encoding})`),
  'to text': fc.tuple(bytes, call('.toString', encodings, offsets, offsets)).map((parts) => parts.join('')),
  'to text, of a sample': fc.tuple(names, offsets, offsets).map((args) => `sample().toString(${args.join(', ')})`),
  'there and back': fc.tuple(texts, names, names).map(([text, from, to]) => `Buffer.from(${text}, ${from}).toString(${to})`),
  'byteLength': call('Buffer.byteLength', anything, encodings),
  'alloc': call('Buffer.alloc', sizes, anything, encodings).map((code) => `(b => [b.length, b.subarray(0, 20), b.subarray(-3), b.parent === b.buffer, b.offset, b.buffer.byteLength])(${code})`),
  'allocUnsafe': fc.tuple(fc.constantFrom('allocUnsafe', 'allocUnsafeSlow'), sizes, fc.constantFrom('', ', 8', ', 64', ', 3', ', -1', ', "8"', ', undefined', ', null', ', 2 ** 31', ', 0', ', { alignment: 8 }')).map(([name, size, alignment]) => `(b => [b.length, b.constructor === Buffer])(Buffer.${name}(${size}${alignment}))`),
  'compare': method('compare', values, offsets, offsets, offsets, offsets),
  'compare of two': call('Buffer.compare', values, values),
  'equals': method('equals', anything),
  'indexOf': method('indexOf', values, fc.oneof(offsets, encodings), ends, encodings),
  'lastIndexOf': method('lastIndexOf', values, fc.oneof(offsets, encodings), ends, encodings),
  'includes': method('includes', values, fc.oneof(offsets, encodings), ends, encodings),
  'finding what is there': fc.tuple(fc.constantFrom('indexOf', 'lastIndexOf', 'includes'), names, names, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 5 }), offsets).map(([name, from, as, at, length, offset]) => `(b => b.${name}(b.subarray(${at}, ${at + length}).toString(${as}), ${offset}, ${as}))(Buffer.from(sample().toString(${as}), ${from}))`),
  'finding in few letters': fc.tuple(fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 14 }).map(quoted), fc.constantFrom('indexOf', 'lastIndexOf'), fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 4 }).map(quoted), offsets, fc.constantFrom('"utf8"', '"ucs2"', '"latin1"', '"hex"', '"base64"'), fc.constantFrom('"utf8"', '"ucs2"')).map(([text, name, needle, offset, as, from]) => `Buffer.from(${text}, ${from}).${name}(${needle}, ${offset}, ${as})`),
  'slice': method('slice', offsets, offsets),
  'subarray': method('subarray', offsets, offsets).map((code) => `(b => [b, b.byteOffset - b.offset, b.constructor === Buffer])(${code})`),
  'fill': change('fill', values, fc.oneof(offsets, encodings), fc.oneof(offsets, encodings), encodings),
  'fill with text': change('fill', texts, fc.constantFrom('0', '1', '2', '3'), fc.constantFrom('3', '7', '8', '11'), names),
  'write': change('write', anything, fc.oneof(offsets, encodings), fc.oneof(offsets, encodings), encodings),
  'write of text': change('write', texts, fc.constantFrom('0', '1', '2', '3'), fc.constantFrom('0', '1', '2', '3', '5', '8'), names),
  'copy': fc.tuple(values, receivers, call('b.copy', fc.constant('t'), offsets, offsets, offsets)).map(([target, on, rest]) => `after(${target}, (t) => { const b = ${on}; return ${rest} })`),
  'copy within one': fc.tuple(offsets, offsets, offsets).map((args) => `after(Buffer.from('abcdefgh'), (b) => b.copy(b, ${args.join(', ')}))`),
  'swap': fc.tuple(fc.oneof(receivers, fc.constantFrom('Buffer.alloc(256, "abcdefg")', 'sample().subarray(1, 9)')), fc.constantFrom('swap16', 'swap32', 'swap64')).map(([on, name]) => `after(${on}, (b) => b.${name}() === b)`),
  'concat': fc.tuple(fc.oneof(fc.array(values, { maxLength: 3 }).map((list) => `[${list.join(', ')}]`), fc.array(bytes, { maxLength: 3 }).map((list) => `[${list.join(', ')}]`), anything), fc.oneof(offsets, fc.constantFrom('2', '5')).filter((length) => !/2 \*\* (31|32)/.test(length))).chain((args) => fc.constantFrom(`Buffer.concat(${args.join(', ')})`, `Buffer.concat(${args[0]})`)),
  'reading numbers': fc.constantFrom(...READS).chain((name) => method(`read${name}`, offsets)),
  'reading of any length': fc.constantFrom(...SIZED).chain((name) => method(`read${name}`, offsets, offsets)),
  'writing numbers': fc.constantFrom(...READS).chain((name) => change(`write${name}`, numbers, offsets)),
  'writing of any length': fc.constantFrom(...SIZED).chain((name) => change(`write${name}`, numbers, offsets, offsets)),
  'what was written is read': fc.tuple(fc.constantFrom(...READS, 'IntLE', 'UIntBE'), numbers, fc.integer({ min: 1, max: 6 })).map(([name, number, size]) => `after(Buffer.alloc(8), (b) => [b.write${name}(${number}${/Int.E$/.test(name) ? `, 0, ${size}` : ''}), b.read${name}(0${/Int.E$/.test(name) ? `, ${size}` : ''})])`),
  'slices of the prototype': fc.constantFrom(...NATIVE).chain((name) => method(`${name}Slice`, bounds, bounds)),
  'writes of the prototype': fc.constantFrom(...NATIVE).chain((name) => change(`${name}Write`, fc.oneof(texts, numbers), bounds, bounds)),
  'methods on what is no Buffer': fc.tuple(fc.constantFrom(...METHODS), odd, fc.array(anything, { maxLength: 4 })).map(([name, on, args]) => `after(${on}, (b) => Buffer.prototype.${name}.call(${['b', ...args].join(', ')}))`),
  'methods with anything': fc.tuple(fc.constantFrom(...METHODS), receivers, fc.array(anything, { maxLength: 4 })).map(([name, on, args]) => `after(${on}, (b) => b.${name}(${args.join(', ')}))`),
  'what is inherited': fc.tuple(receivers, fc.constantFrom('.map((x) => x + 1)', '.filter((x) => x > 64)', '.reverse()', '.sort()', '.toSorted()', '.toReversed()', '.with(0, 9)', '.at(-1)', '.join("-")', '.set([1, 2])', '.set([1], 99)', '.copyWithin(0, 2)', '.find((x) => x > 99)', '.findLast((x) => x > 99)', '.reduce((a, x) => a + x, 0)', '.some((x) => x === 104)', '.every((x) => x < 200)', '.forEach(() => {})', '.toHex()', '.toBase64()', '.setFromHex("6162")', '.setFromBase64("YWI=")', '.hasOwnProperty(0)', '.entries()', '.keys()', '.values()', '[Symbol.iterator]()', '.entries().toString()', '.buffer.constructor.name', '.BYTES_PER_ELEMENT', '[Symbol.toStringTag]', '.constructor === Buffer', '.length', '.byteLength', '.concat', '.parent === 1', '.indexOf()', '.flat', '[0]', '[99]', '["-0"]')).map(([on, member]) => `(b => [b${member}, b])(${on})`),
  'inspecting': fc.tuple(fc.oneof(bytes, fc.constantFrom('sample()', 'Buffer.alloc(60)', 'Buffer.alloc(51)', 'Buffer.alloc(0)', 'detached()', 'Object.assign(Buffer.from("ab"), { x: 1, [Symbol("y")]: { z: 2 } })', 'Object.assign(Buffer.alloc(0), { name: "n" })', 'memory()', '[Buffer.from("a"), [Buffer.from("b")]]', '({ a: { b: { c: { d: Buffer.from("x") } } } })', 'new Map([[Buffer.from("k"), Buffer.from("v")]])')), fc.constantFrom('b.inspect()', 'util.inspect(b)', 'util.inspect(b, { depth: 0 })', 'util.inspect(b, { compact: false })', 'util.inspect(b, { breakLength: 20 })', 'util.inspect(b, { showHidden: true })', 'util.inspect(b, { colors: true })', 'util.inspect(b, { maxArrayLength: 1 })', 'util.format("%s %j %o %O", b, b, b, b)', 'String(b)', 'JSON.stringify(b)', '`${b}`', 'b + ""', 'Object.prototype.toString.call(b)', 'Object.keys(b)', 'util.inspect(b.constructor)', 'util.isDeepStrictEqual(b, b.slice?.())', 'util.types.isUint8Array(b)', 'b.toLocaleString("hex")', 'b.entries?.().next()', '[...b]')).map(([on, how]) => `(b => ${how})(${on})`),
  'INSPECT_MAX_BYTES': fc.tuple(fc.oneof(offsets, fc.constantFrom('2', '5', '200')), fc.constantFrom('sample()', 'Buffer.alloc(3)', 'Object.assign(Buffer.from("abc"), { p: 1 })')).map(([most, on]) => `(() => { try { buffer.INSPECT_MAX_BYTES = ${most}; return [util.inspect(${on}), buffer.INSPECT_MAX_BYTES, ${on}.inspect()] } finally { buffer.INSPECT_MAX_BYTES = 50 } })()`),
  'isEncoding and isBuffer': fc.tuple(anything, fc.constantFrom('isEncoding', 'isBuffer')).map(([value, name]) => `Buffer.${name}(${value})`),
  'copyBytesFrom': call('Buffer.copyBytesFrom', values, offsets, offsets),
  'of and toJSON': fc.array(numbers, { maxLength: 4 }).map((list) => `Buffer.of(${list.join(', ')}).toJSON()`),
  'transcode': call('buffer.transcode', fc.oneof({ weight: 4, arbitrary: fc.oneof(bytes, fc.constantFrom('sample()', 'Buffer.from("é€😀", "utf16le")', 'Buffer.from("a\\u00ad\\ud800\\u200b\\udc00\\ufeffé", "utf16le")', 'new Uint8Array([0xe9])')) }, values), fc.oneof({ weight: 3, arbitrary: names }, encodings), fc.oneof({ weight: 3, arbitrary: names }, encodings)),
  'isUtf8 and isAscii': fc.tuple(fc.constantFrom('isUtf8', 'isAscii'), fc.oneof(bytes, values, fc.constantFrom('detached().buffer', 'Buffer.from("é€😀")', 'memory()', 'new Uint16Array([65])', 'new Uint16Array([0xd8])'))).map(([name, value]) => `buffer.${name}(${value})`),
  'atob and btoa': fc.tuple(fc.constantFrom('buffer.atob', 'buffer.btoa', 'atob', 'btoa'), fc.oneof(anything, texts, fc.string({ unit: fc.constantFrom('Y', 'Q', '=', ' ', '!', '\u0141'), maxLength: 8 }).map(quoted), fc.constantFrom('', 'YR==', '\u00a0YQ==', 'Y\fQ').map(quoted))).map(([name, value]) => `${name}(${value})`),
  'Blob': fc.tuple(fc.oneof(fc.array(parts, { maxLength: 3 }).map((list) => `[${list.join(', ')}]`), anything.filter((value) => value !== 'detached()')), fc.constantFrom('undefined', 'null', '{}', '{ type: "Text/Plain" }', '{ type: 7 }', '{ type: "é" }', '{ endings: "native" }', '{ endings: "x" }', '"x"', '{ type: null }'), offsets, offsets, fc.constantFrom('undefined', '"a/b"', 'null')).map(([parts, options, from, to, type]) => `(async (b) => [b.size, b.type, await b.text(), await b.slice(${from}, ${to}, ${type}).text(), await b.arrayBuffer(), await b.bytes(), String(b)])(new buffer.Blob(${parts}, ${options}))`),
  'File': fc.tuple(fc.array(parts, { maxLength: 2 }), anything, fc.constantFrom('{ lastModified: 5 }', '{ lastModified: "7", type: "a/B" }', '{ lastModified: NaN }', '{ lastModified: 9, endings: "native" }', '{ lastModified: -1 }', '{ lastModified: new Date(8) }', '{ lastModified: null }')).map(([parts, name, options]) => `(async (f) => [f.name, f.size, f.type, f.lastModified, await f.text(), f instanceof buffer.Blob, String(f)])(new buffer.File([${parts.join(', ')}], ${name}, ${options}))`),
  'resolveObjectURL': fc.oneof(anything, fc.constantFrom('"blob:nodedata:x"', '"blob:x"', '"http://a.test"')).map((value) => `buffer.resolveObjectURL(${value})`),
}
