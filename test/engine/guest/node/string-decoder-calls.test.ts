import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { assertDrawnSame, type Code, mostly, odd, quoted } from './drawn-calls.ts'

const guest = await openGuest()

const SETUP = `
  const { StringDecoder } = require("string_decoder"); const { Buffer } = require("buffer"); const util = require("util")
  const state = (d) => [d.lastNeed, d.lastTotal, d.lastChar]
  const tried = (act) => { try { return act() } catch ({ name, code, message }) { return [name, code, message] } }
  const steps = (d, ...all) => all.map((step) => [tried(() => step(d)), state(d)])
  const cuts = (encoding, bytes) => { const out = []; for (let first = 0; first <= bytes.length; first++) for (let second = first; second <= bytes.length; second++) { const d = new StringDecoder(encoding); out.push(d.write(bytes.subarray(0, first)) + "|" + state(d) + "|" + d.write(bytes.subarray(first, second)) + "|" + state(d) + "|" + d.end(bytes.subarray(second))) } return out }`

const ENCODINGS = ['utf8', 'UTF-8', 'utf16le', 'ucs2', 'UCS-2', 'utf-16le', 'base64', 'base64url', 'BASE64URL', 'hex', 'latin1', 'binary', 'ascii']
const encoding = fc.constantFrom(...ENCODINGS.map(quoted))
const bytes = (maxLength: number): Code => fc.oneof(
  fc.uint8Array({ maxLength }), fc.uint8Array({ maxLength, min: 0x78 }), fc.uint8Array({ maxLength, min: 0xd0, max: 0xf8 }),
  fc.array(fc.constantFrom(0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xd8, 0xdb, 0xdc, 0xdf, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff, 0x8f, 0x90), { maxLength }).map((all) => Uint8Array.from(all)),
  fc.string({ unit: fc.constantFrom('é', '€', '😀', 'a', '\ufeff', '\ud83d'), maxLength: maxLength >> 1 }).map((text) => new TextEncoder().encode(text).slice(0, maxLength)),
  fc.string({ unit: fc.constantFrom('é', '€', '😀', 'a', '\ud83d', '\ude00', '\ud800'), maxLength: maxLength >> 1 }).map((text) => Uint8Array.from(Buffer.from(text, 'utf16le')).slice(0, maxLength)),
).map((all) => `Buffer.from([${all.join(', ')}])`)
const piece = mostly(fc.oneof({ weight: 8, arbitrary: bytes(6) }, fc.constantFrom('new Uint16Array([0xd83d, 0xde00])', 'new DataView(new ArrayBuffer(3))', 'new Uint8Array([0xe2, 0x82])', 'new ArrayBuffer(2)', '"text é"', 'Buffer.from("x€").subarray(0, 3)', 'new Float32Array([1.5])')), 12)
const step = fc.oneof({ weight: 6, arbitrary: piece.map((of) => `(d) => d.write(${of})`) }, { weight: 2, arbitrary: piece.map((of) => `(d) => d.end(${of})`) }, fc.constant('(d) => d.end()'), fc.tuple(bytes(4), fc.constantFrom('0', '1', '5', '-1', 'undefined')).map(([of, at]) => `(d) => d.text(${of}, ${at})`))

test('drawn calls of string_decoder do what Node\'s do', async (t) => {
  const kinds = {
    'steps': fc.tuple(encoding, fc.array(step, { minLength: 1, maxLength: 7 })).map(([name, all]) => `steps(new StringDecoder(${name}), ${all.join(', ')})`),
    'steps of UTF-8': fc.array(step, { minLength: 1, maxLength: 7 }).map((all) => `steps(new StringDecoder(), ${all.join(', ')})`),
    'steps of UTF-16': fc.array(step, { minLength: 1, maxLength: 7 }).map((all) => `steps(new StringDecoder("utf16le"), ${all.join(', ')})`),
    'cut in three at every place': fc.tuple(encoding, bytes(7)).map(([name, of]) => `cuts(${name}, ${of})`),
    'one byte at a time': fc.tuple(encoding, bytes(12)).map(([name, of]) => `((d) => [...${of}].map((byte) => d.write(Buffer.from([byte])) + state(d)).concat(d.end()))(new StringDecoder(${name}))`),
    'other encodings': fc.oneof(fc.tuple(odd, piece).map(([name, of]) => `steps(new StringDecoder(${name}), (d) => d.write(${of}), (d) => d.encoding)`), fc.constantFrom('""', '"utf7"', '"buffer"', '"utf-8 "', '"Ucs2"', '["hex"]', '({ toString: () => "hex" })').map((name) => `new StringDecoder(${name}).encoding`), encoding.map((name) => `new StringDecoder(${name}).encoding`)),
    'on what is no decoder': fc.tuple(fc.constantFrom('write', 'end', 'text'), fc.oneof(odd, fc.constant('Object.create(StringDecoder.prototype)')), piece).map(([name, on, of]) => `StringDecoder.prototype.${name}.call(${on}, ${of})`),
  }

  await assertDrawnSame(t, guest, { setup: SETUP, kinds, callsOfAKind: 500 })
})

test('string_decoder has what Node\'s has', async () => {
  await assertSameAsNode(guest, SETUP, [
    'Object.keys(require("string_decoder"))', 'Reflect.ownKeys(StringDecoder.prototype).map((key) => { const { value, get, ...rest } = Object.getOwnPropertyDescriptor(StringDecoder.prototype, key); return [String(key), value?.name, value?.length, get?.name, rest] })',
    'StringDecoder.call({}, "hex").encoding', 'StringDecoder("hex")', 'Reflect.ownKeys(new StringDecoder()).map(String)', 'util.inspect(new StringDecoder("utf8"))', 'new (class Own extends StringDecoder { write (of) { return `<${super.write(of)}>` } })().end(Buffer.from("a"))', 'new StringDecoder().write(Buffer.from("é".repeat(100_000)).subarray(1)).length',
    '(() => { const d = new StringDecoder(); d.write(Buffer.from([0xe2])); d.lastNeed = 9; d.lastTotal = 9; return state(d) })()', '(() => { const d = new StringDecoder(); d.encoding = "hex"; return d.write(Buffer.from("a")) })()',
  ])
})
