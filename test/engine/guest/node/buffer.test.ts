import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'

const guest = await openGuest()

const SETUP = 'const sample = () => Buffer.from("héllo wörld, €uro 😀! 0123456789abcdef")'

const ENCODINGS = ['utf8', 'utf-8', 'UTF8', 'utf16le', 'ucs2', 'UCS-2', 'utf-16le', 'latin1', 'binary', 'ascii', 'ASCII', 'base64', 'BASE64', 'base64url', 'hex', 'Hex']
const encodings = fc.constantFrom(...ENCODINGS.map((name) => JSON.stringify(name)), '"nope"', 'undefined', 'null', '""', '7', '{}')
const offsets = fc.constantFrom('0', '1', '2', '3', '5', '7', '8', '11', '40', '41', '100', '-1', '-3', '-100', '1.5', '-1.5', 'NaN', 'Infinity', '-Infinity', '-0', '"2"', '"x"', 'null', 'undefined', '{}', '2 ** 31', '2 ** 32', '2 ** 53', '-(2 ** 31)', 'true', '3n', 'Symbol("s")')
const numbers = fc.constantFrom('0', '1', '127', '128', '255', '256', '-1', '-128', '-129', '32767', '65535', '65536', '-32769', '2 ** 31', '2 ** 32', '2 ** 48', '-(2 ** 47)', '1.5', 'NaN', 'Infinity', '-0', '"12"', '"x"', 'null', 'undefined', '0n', '255n', '-1n', '2n ** 63n', '2n ** 64n', '-(2n ** 63n)', '[]', 'Symbol("n")')
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', 'é', '€', '😀', '\uffff', '\u0141'), maxLength: 8 }),
  fc.base64String({ maxLength: 24 }), fc.string({ unit: fc.constantFrom('a', 'Q', '=', '-', '_', '/', '+', ' ', '\n', '9', '!', '\u013d', '\u0141'), maxLength: 12 }), fc.string({ unit: fc.constantFrom('0', 'a', 'F', '9', 'g'), maxLength: 9 }), fc.constantFrom('', 'l', 'wör', '😀', '6c', 'bGw'),
).map((text) => JSON.stringify(text))
const bytes = fc.oneof(fc.uint8Array({ maxLength: 16 }), fc.uint8Array({ maxLength: 12, min: 0x78, max: 0xff }), fc.string({ maxLength: 10 }).map((text) => new TextEncoder().encode(text))).map((list) => `Buffer.from([${list.join(', ')}])`)
const values = fc.oneof(texts, bytes, numbers, fc.constantFrom('new Uint16Array([1, 258])', 'new Uint8Array(0)', '[1, 2, "3", -1, 256.7]', 'new ArrayBuffer(5)', '({ length: 3, 0: 7 })', '({ type: "Buffer", data: [1, 2] })', '({ valueOf: () => "abc" })', '({ [Symbol.toPrimitive]: () => "ab" })', 'new String("xy")', 'true', '() => 1', 'new DataView(new ArrayBuffer(3))', '/x/'))
const anything = fc.oneof(values, offsets, encodings)

const call = (target: string, ...args: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(fc.tuple(...args), fc.integer({ min: 0, max: args.length })).map(([list, count]) => `${target}(${list.slice(0, count).join(', ')})`)
const method = (name: string, ...args: fc.Arbitrary<string>[]): fc.Arbitrary<string> => fc.tuple(fc.constantFrom('sample()', 'Buffer.alloc(8, 3)', 'Buffer.alloc(0)'), call(`.${name}`, ...args)).map(([on, rest]) => on + rest)
/** Answers what a method returned and what became of the buffer. */
const change = (name: string, ...args: fc.Arbitrary<string>[]): fc.Arbitrary<string> => fc.tuple(fc.constantFrom('Buffer.alloc(11, 1)', 'Buffer.from("abcdefgh")', 'Buffer.alloc(0)'), call(`.${name}`, ...args)).map(([on, rest]) => `(() => { const b = ${on}; return [b${rest}, b] })()`)

const READS = ['readUInt8', 'readUint16LE', 'readUInt16BE', 'readUInt32LE', 'readUInt32BE', 'readInt8', 'readInt16LE', 'readInt16BE', 'readInt32LE', 'readInt32BE', 'readFloatLE', 'readFloatBE', 'readDoubleLE', 'readDoubleBE', 'readBigInt64LE', 'readBigUInt64BE']
const WRITES = READS.map((name) => name.replace('read', 'write'))

const KINDS: Record<string, fc.Arbitrary<string>> = {
  'from text': call('Buffer.from', texts, encodings),
  'from anything': call('Buffer.from', anything, anything, offsets),
  'to text': fc.tuple(bytes, call('.toString', encodings, offsets, offsets)).map((parts) => parts.join('')),
  'there and back': fc.tuple(texts, encodings, encodings).map(([text, from, to]) => `Buffer.from(${text}, ${from}).toString(${to})`),
  'byteLength': call('Buffer.byteLength', anything, encodings),
  'alloc': call('Buffer.alloc', fc.constantFrom('0', '1', '5', '10', '-1', 'NaN', '"5"', '1.5', 'null', '2 ** 60', 'Infinity'), anything, encodings),
  'compare': method('compare', values, offsets, offsets, offsets, offsets),
  'equals': method('equals', anything),
  'indexOf': method('indexOf', values, offsets, fc.oneof(encodings.filter((name) => name !== '7' && name !== '{}' && name !== 'null')), encodings),
  'lastIndexOf': method('lastIndexOf', values, offsets, fc.constantFrom('"utf8"', '"utf16le"', '"latin1"', '"hex"', '5', '100', '-1')),
  'includes': method('includes', values, offsets, fc.constantFrom('"utf8"', '"utf16le"', '"base64"', '12')),
  'slice': method('slice', offsets, offsets),
  'subarray': method('subarray', offsets, offsets),
  'fill': change('fill', values, fc.oneof(offsets, encodings), fc.oneof(offsets, encodings), encodings),
  'write': change('write', anything, fc.oneof(offsets, encodings), fc.oneof(offsets, encodings), encodings),
  'copy': fc.tuple(values, call('.copy', fc.constant('t'), offsets, offsets, offsets)).map(([target, rest]) => `(() => { const t = ${target}; return [sample()${rest}, t] })()`),
  'swap': fc.tuple(bytes, fc.constantFrom('swap16', 'swap32', 'swap64')).map(([on, name]) => `${on}.${name}()`),
  'concat': fc.tuple(fc.array(values, { maxLength: 3 }), offsets).map(([list, length]) => `Buffer.concat([${list.join(', ')}], ${length === '2 ** 31' || length === '2 ** 32' || length === '2 ** 53' ? '9' : length})`),
  'reading numbers': fc.constantFrom(...READS).chain((name) => method(name, offsets)),
  'reading of any length': fc.constantFrom('readUIntLE', 'readUIntBE', 'readIntLE', 'readIntBE').chain((name) => method(name, offsets, offsets)),
  'writing numbers': fc.constantFrom(...WRITES).chain((name) => change(name, numbers, offsets)),
  'writing of any length': fc.constantFrom('writeUIntLE', 'writeUIntBE', 'writeIntLE', 'writeIntBE').chain((name) => change(name, numbers, offsets, offsets)),
  'slices of the prototype': fc.constantFrom('utf8Slice', 'hexSlice', 'base64Slice', 'base64urlSlice', 'latin1Slice', 'asciiSlice', 'ucs2Slice').chain((name) => method(name, fc.constantFrom('0', '1', '3', '100', '-1', 'undefined'), fc.constantFrom('0', '4', '8', '100', '-1', 'undefined'))),
  'writes of the prototype': fc.constantFrom('utf8Write', 'hexWrite', 'base64Write', 'base64urlWrite', 'latin1Write', 'asciiWrite', 'ucs2Write').chain((name) => change(name, fc.oneof(texts, numbers), fc.constantFrom('0', '1', '3', '100', '-1', 'undefined'), fc.constantFrom('0', '4', '8', '100', '-1', 'undefined'))),
  'inspecting': bytes.map((on) => `${on}.inspect()`),
  'isEncoding and isBuffer': fc.tuple(anything, fc.constantFrom('isEncoding', 'isBuffer')).map(([value, name]) => `Buffer.${name}(${value})`),
  'copyBytesFrom': call('Buffer.copyBytesFrom', values, offsets, offsets),
  'of and toJSON': fc.array(numbers, { maxLength: 4 }).map((list) => `Buffer.of(${list.join(', ')}).toJSON()`),
}

for (const [kind, calls] of Object.entries(KINDS)) {
  test(`Buffer does what Node's does: ${kind}`, async () => {
    await assertSameAsNode(guest, SETUP, fc.sample(calls, { numRuns: 300, seed: 26 }))
  })
}

test('every member of Buffer and its prototype is there, named and counted as in Node', async () => {
  const describe = (on: string): string => `Reflect.ownKeys(${on}).map((key) => { const { value, get, ...rest } = Object.getOwnPropertyDescriptor(${on}, key); return [String(key), typeof value, value?.name, value?.length, typeof get, rest] })`

  await assertSameAsNode(guest, '', [describe('Buffer'), describe('Buffer.prototype'), 'Object.getPrototypeOf(Buffer) === Uint8Array', 'Buffer.alloc(1) instanceof Uint8Array', 'Buffer.poolSize'])
})

test('Buffer is a global that is not enumerated', async () => {
  const descriptor = await guest.evaluate('(({ value, ...rest }) => rest)(Object.getOwnPropertyDescriptor(globalThis, "Buffer"))')

  assert.deepEqual(descriptor, { writable: true, enumerable: false, configurable: true })
})
