import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom, drawFrom } from '../../../helpers/seeded-random.ts'
import { startScripted } from './scripted.ts'

const { inside } = await startScripted()

/** Bytes in hexadecimal that are hard to decode: cut characters, surrogates, overlong forms, marks in odd places. */
const HARD = [
  '', '61', 'c3a4', 'e282ac', 'f09f9a80', 'efbbbf', 'efbbbf61', 'efbbbfefbbbf61', '61efbbbf', 'ff', '80', 'c0af', 'c3', 'c361', 'e2', 'e282', 'e28261', 'f09f9a', 'f09f9a61', 'eda080', 'edbfbf', 'f4908080', 'f08080af', 'e08080',
  'f0908080', 'f48fbfbf', 'e29fc3a4', 'c3c3a4', 'f0f09f9a80', 'efbb', 'efbbbfff', '00', '7f', 'c280', 'dfbf', 'efbfbf',
]
const NOISE = [0x61, 0xc3, 0xa4, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x9a, 0x80, 0xed, 0xff, 0xef, 0xbb, 0xbf]

test('bytes are decoded as every decoder of UTF-8 does', async () => {
  const random = createRandom(6)
  const noise = Array.from({ length: 300 }, () => Buffer.from(Array.from({ length: 1 + Math.floor(random() * 12) }, () => drawFrom(NOISE, random))).toString('hex'))
  const given = [...HARD, ...noise]

  const seen = await inside(`
    const fromHex = (hex) => new Uint8Array((hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16)))
    return await Promise.all(input.map(async (hex) => {
      const bytes = fromHex(hex)
      const streaming = new TextDecoder()
      let streamed = ''
      for (const byte of bytes) streamed += streaming.decode(Uint8Array.of(byte), { stream: true })
      streamed += streaming.decode()
      const fatal = await nameOf(() => new TextDecoder('utf8', { fatal: true }).decode(bytes))
      return [await new Response(bytes).text(), streamed, new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), fatal]
    }))`, { input: given }) as string[][]

  const expected = given.map((hex) => {
    const bytes = Buffer.from(hex, 'hex')
    const text = new TextDecoder().decode(bytes)
    let fatal = 'no error'
    try {
      new TextDecoder('utf8', { fatal: true }).decode(bytes)
    } catch {
      fatal = 'TypeError'
    }
    return [text, text, new TextDecoder('utf8', { ignoreBOM: true }).decode(bytes), fatal]
  })
  assert.deepEqual(seen, expected)
})

test('text is encoded as every encoder of UTF-8 does', async () => {
  const given = ['', 'abc', 'grüß', '€', '🚀', 'a🚀ü€\0', 'x'.repeat(20_000) + 'ü', 'ü€🚀'.repeat(9000)]

  const seen = await inside(`
    const encoder = new TextEncoder()
    return [encoder.encoding, encoder.encode().length, [...encoder.encode('\\ud800a\\udc00')], await Promise.all(input.map(async (text) => [[...encoder.encode(text)].reduce((sum, byte) => (sum * 31 + byte) % 65521, 7), await new Response(text).text() === text])),
      [0, 1, 2, 3, 4, 9].map((room) => { const view = new Uint8Array(room); return [encoder.encodeInto('ü🚀a', view), [...view]] })]`, { input: given })

  const sum = (text: string) => [...Buffer.from(text)].reduce((total, byte) => (total * 31 + byte) % 65_521, 7)
  assert.deepEqual(seen, [
    'utf-8', 0, [239, 191, 189, 97, 239, 191, 189], given.map((text) => [sum(text), true]),
    [0, 1, 2, 3, 4, 9].map((room) => {
      const view = new Uint8Array(room)
      const counts = new TextEncoder().encodeInto('ü🚀a', view)
      return [{ ...counts }, [...view]]
    }),
  ])
})

test('a decoder knows the names of encodings and nothing else', async () => {
  const seen = await inside(`
    const decoder = new TextDecoder(' \\nUTF8\\t', { fatal: 1 })
    const bad = ['replacement', '', 'utf-16 x', 'utf-8 x', 'ütf-8'].map((label) => () => new TextDecoder(label))
    return [decoder.encoding, decoder.fatal, decoder.ignoreBOM, await Promise.all(bad.map(nameOf)), await nameOf(() => decoder.decode('text')), await nameOf(() => TextDecoder.prototype.decode.call({})), await nameOf(() => TextEncoder.prototype.encode.call({})), decoder.decode(new DataView(new ArrayBuffer(2), 1))]`)

  assert.deepEqual(seen, ['utf-8', true, false, Array(5).fill('RangeError'), 'TypeError', 'TypeError', 'TypeError', '\0'])
})

test('a large text is decoded in little time and memory', async () => {
  const length = await inside(`return (await new Response(new TextEncoder().encode('ü€🚀x'.repeat(200_000))).text()).length`, { limits: { memoryMb: 64 } })

  assert.equal(length, 1_000_000)
})
