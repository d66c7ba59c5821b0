import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'
import { createRandom, drawFrom } from '../../../helpers/seeded-random.ts'

const { resultOf, evaluate } = await openGuest()

/** Bytes, as they go in and out of the isolate. */
const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
/** Texts that UTF-8 writes with one to four bytes a character, and pieces of what it cannot be. */
const PIECES = ['a', 'Zz ', 'é', '€', '😀', '\u{10ffff}', '\ud7ff', '\ue000', '\uffff'].map((text) => Buffer.from(text))
const BROKEN = ['80', 'bf', 'c0', 'c3', 'e2', 'e282', 'e0', 'eda080', 'f0', 'f09f', 'f09f98', 'f4908080', 'f8', 'ff', 'c0af', 'f0808080'].map((text) => Buffer.from(text, 'hex'))

test('UTF-8 is decoded as the standard has it, right or wrong, short or long, whole or cut', async () => {
  const random = createRandom(9)
  const inputs = [10, 20_000, 900_000].flatMap((size) => [0, 0.01, 0.3].map((share) => {
    const drawn = Buffer.concat(Array.from({ length: 200 }, () => drawFrom(random() < share ? BROKEN : PIECES, random)))
    return Buffer.concat(Array.from({ length: Math.ceil(size / drawn.length) }, () => drawn))
  }))
  const answer = await resultOf(`export default (inputs) => inputs.map((input) => {
    const bytes = Uint8Array.fromBase64(input)
    const decoder = new TextDecoder()
    const whole = decoder.decode(bytes)
    let cut = ''
    for (let from = 0, size = 1; from < bytes.length; from += size, size = size * 2 + 1) cut += decoder.decode(bytes.subarray(from, from + size), { stream: true })
    cut += decoder.decode()
    const isWrong = (() => { try { return void new TextDecoder('utf-8', { fatal: true }).decode(bytes) } catch (error) { return error.name } })()
    return [new TextEncoder().encode(whole).toBase64(), cut === whole, isWrong]
  })`, { input: inputs.map(encode) }) as [string, boolean, string | null][]

  answer.forEach(([text, isSame, wrong], i) => {
    const expected = new TextDecoder('utf-8', { ignoreBOM: false }).decode(inputs[i])
    assert.equal(Buffer.from(text, 'base64').toString(), expected, `input ${i}`)
    assert.deepEqual([isSame, wrong], [true, expected.includes('\ufffd') ? 'TypeError' : null], `input ${i}`)
  })
})

test('text is encoded as UTF-8, whatever its length, with U+FFFD for lone surrogates', async () => {
  const texts = ['', 'a', 'é€😀', 'x\ud800y\udc00', '\ud800'.repeat(9000), 'é'.repeat(9000), `${'😀'.repeat(400_000)}`, `a${'😀'.repeat(400_000)}`]
  const answer = await resultOf('export default (texts) => texts.map((text) => new TextEncoder().encode(text).toBase64())', { input: texts }) as string[]

  answer.forEach((bytes, i) => assert.ok(Buffer.from(bytes, 'base64').equals(Buffer.from(texts[i] ?? '', 'utf8')), `text ${i}`))
})

test('encodeInto writes whole characters only, and says what it read and wrote', async () => {
  const answer = await evaluate(`[0, 1, 2, 3, 4, 6, 7, 9, 10, 20].map((size) => {
    const room = new Uint8Array(size + 2).fill(1).subarray(1, size + 1)
    const { read, written } = new TextEncoder().encodeInto('aé€😀', room)
    return [read, written, new Uint8Array(room.buffer).toHex()]
  })`)

  assert.deepEqual(answer, [
    [0, 0, '0101'], [1, 1, '016101'], [1, 1, '01610101'], [2, 3, '0161c3a901'], [2, 3, '0161c3a90101'], [3, 6, '0161c3a9e282ac01'], [3, 6, '0161c3a9e282ac0101'],
    [3, 6, '0161c3a9e282ac01010101'], [5, 10, '0161c3a9e282acf09f988001'], [5, 10, `0161c3a9e282acf09f9880${'01'.repeat(11)}`],
  ])
})

test('byte order marks are taken away once, unless they are to be kept', async () => {
  const answer = await evaluate(`[['utf-8', 'efbbbfefbbbf61'], ['utf-16le', 'fffefffe6100'], ['utf-16be', 'fefffeff0061']].map(([label, hex]) => {
    const bytes = Uint8Array.fromHex(hex)
    const streamed = new TextDecoder(label)
    const one = [...bytes].map((byte) => streamed.decode(new Uint8Array([byte]), { stream: true })).join('')
    return [new TextDecoder(label).decode(bytes), new TextDecoder(label, { ignoreBOM: true }).decode(bytes), one, streamed.decode() + streamed.decode(bytes)].map((text) => text.length)
  })`)

  assert.deepEqual(answer, [[2, 3, 2, 2], [2, 3, 2, 2], [2, 3, 2, 2]])
})

test('UTF-16 replaces lone surrogates and odd bytes, or throws for them', async () => {
  const answer = await evaluate(`['3dd800de', '3dd86100', '00de6100', '61', '3dd8', '3dd800'].map((hex) => {
    const bytes = Uint8Array.fromHex(hex)
    const fatal = (() => { try { return new TextDecoder('utf-16', { fatal: true }).decode(bytes) } catch (error) { return error.name } })()
    return [new TextDecoder('utf-16').decode(bytes), fatal]
  })`)

  assert.deepEqual(answer, [['😀', '😀'], ['\ufffda', 'TypeError'], ['\ufffda', 'TypeError'], ['\ufffd', 'TypeError'], ['\ufffd', 'TypeError'], ['\ufffd', 'TypeError']])
})

test('every label of the standard is known, in any case and with white space around it, and no other', async () => {
  const answer = await evaluate(`[' UTF8\\n', 'latin1', 'ASCII', 'unicode', 'unicodefffe', 'sjis', 'GB2312', 'x-user-defined', 'iso-8859-8-i', 'koi8-r', 'macintosh', 'utf-7', 'replacement', 'iso-2022-kr', '', 'utf-8\\0', '\\u00a0utf-8', null].map((label) => {
    try { return new TextDecoder(label).encoding } catch (error) { return error.name }
  })`)

  assert.deepEqual(answer, ['utf-8', 'windows-1252', 'windows-1252', 'utf-16le', 'utf-16be', 'shift_jis', 'gbk', 'x-user-defined', 'iso-8859-8-i', 'koi8-r', 'macintosh', ...Array.from({ length: 7 }, () => 'RangeError')])
})

test('legacy encodings are decoded, also cut within a character, and their errors found', async () => {
  const cases = [
    ['windows-1252', '80414981fc', '€AI\u0081ü'], ['koi8-r', 'f0d2c9', 'При'], ['shift_jis', '93fa967b8cea', '日本語'], ['euc-jp', 'c6fccbdcb8ec', '日本語'], ['iso-2022-jp', '1b2442467c4b5c1b284261', '日本a'],
    ['gbk', 'd6d0cec4', '中文'], ['gb18030', '8130813095328236', '\u0080\u{20000}'], ['big5', 'a4a4a4e5', '中文'], ['euc-kr', 'c7d1b1db', '한글'], ['x-user-defined', '417f80ff', 'A\u007f\uf780\uf7ff'],
  ]
  const answer = await resultOf(`export default (cases) => cases.map(([label, hex]) => {
    const bytes = Uint8Array.fromHex(hex)
    const decoder = new TextDecoder(label)
    return [decoder.decode(bytes), [...bytes].map((byte) => decoder.decode(new Uint8Array([byte]), { stream: true })).join('') + decoder.decode()]
  })`, { input: cases })
  const wrong = await evaluate(`['shift_jis', 'gbk', 'big5', 'euc-kr', 'euc-jp', 'windows-874'].map((label) => {
    try { return new TextDecoder(label, { fatal: true }).decode(new Uint8Array([0xff, 0xff])) } catch (error) { return error.name }
  })`)

  assert.deepEqual(answer, cases.map(([, , text]) => [text, text]))
  assert.deepEqual(wrong, Array.from({ length: 6 }, () => 'TypeError'))
})

test('arguments are converted in the order of Web IDL, and what is no buffer is refused', async () => {
  const answer = await evaluate(`(() => {
    const seen = []
    const spy = (name) => ({ get fatal () { seen.push(name + '.fatal') }, get ignoreBOM () { seen.push(name + '.ignoreBOM') }, get stream () { seen.push(name + '.stream') }, toString () { seen.push(name); return 'utf-8' } })
    new TextDecoder(spy('label'), spy('options')).decode(undefined, spy('decode'))
    const refused = [() => new TextDecoder().decode(null), () => new TextDecoder().decode('a'), () => new TextDecoder().decode(new Uint8Array(1), 1), () => TextDecoder('utf-8'), () => TextDecoder.prototype.decode.call({}), () => TextDecoder.prototype.encoding,
      () => new TextEncoder().encodeInto('a'), () => new TextEncoder().encodeInto('a', new Uint16Array(1)), () => new TextEncoder().encode(Symbol())].map((attempt) => { try { return attempt() } catch (error) { return error.name } })
    const gone = new Uint8Array(4)
    gone.buffer.transfer()
    return { seen, refused, gone: [new TextDecoder().decode(gone), new TextEncoder().encodeInto('a', gone).written], view: new TextDecoder().decode(new DataView(new Uint8Array([98, 97]).buffer, 1)) }
  })()`)

  assert.deepEqual(answer, { seen: ['label', 'options.fatal', 'options.ignoreBOM', 'decode.stream'], refused: Array.from({ length: 9 }, () => 'TypeError'), gone: ['', 0], view: 'a' })
})

test('streams of text keep what is cut between chunks, and end with what is missing', async () => {
  const answer = await evaluate(`(async () => {
    const pass = async (stream, chunks) => {
      const writer = stream.writable.getWriter()
      const writing = (async () => { for (const chunk of chunks) await writer.write(chunk); await writer.close() })().catch(() => {})
      const read = []
      try { for await (const chunk of stream.readable) read.push(typeof chunk === 'string' ? chunk : chunk.toHex()) } catch (error) { read.push(error.name) }
      return read
    }
    return [
      await pass(new TextDecoderStream(), [[0xf0], [0x9f, 0x98], [0x80, 0x61], [0xe2]].map((bytes) => new Uint8Array(bytes))), await pass(new TextDecoderStream('sjis', { fatal: true }), [new Uint8Array([0x93]), new Uint8Array([0xfa])]),
      await pass(new TextDecoderStream('utf-8', { fatal: true }), [new Uint8Array([0xff])]), await pass(new TextDecoderStream(), ['text']),
      await pass(new TextEncoderStream(), ['a\\ud83d', '', '\\ude00b', '\\ud83d']), await pass(new TextEncoderStream(), [1, null, { toString: () => 'x' }]), await pass(new TextEncoderStream(), [Symbol()]),
    ]
  })()`)

  assert.deepEqual(answer, [['😀a', '\ufffd'], ['日'], ['TypeError'], ['TypeError'], ['61', 'f09f988062', 'efbfbd'], ['31', '6e756c6c', '78'], ['TypeError']])
})

test('what code did to the language before it touched them changes nothing, and only its own run at most', async () => {
  const answer = await resultOf(`export default () => {
    const poison = () => { throw new Error('poison') }
    const long = new Uint8Array(20_000).fill(0x61)
    const wide = new Uint8Array([97, 0])
    const prototypes = [String.prototype, RegExp.prototype, Object.getPrototypeOf(Uint8Array.prototype), Uint8Array.prototype, Array.prototype, Map.prototype, WeakMap.prototype]
    for (let i = 0; i < prototypes.length; i++) {
      const keys = Reflect.ownKeys(prototypes[i])
      for (let j = 0; j < keys.length; j++) if (keys[j] !== 'constructor' && typeof Object.getOwnPropertyDescriptor(prototypes[i], keys[j]).value === 'function') Object.defineProperty(prototypes[i], keys[j], { value: poison })
    }
    Uint8Array.fromBase64 = String.fromCharCode = JSON.stringify = JSON.parse = poison
    const members = ['text', 'name', 'then', 'alphabet', 'end', 'failure', 'toJSON']
    for (let i = 0; i < members.length; i++) Object.defineProperty(Object.prototype, members[i], { get: poison, set: poison, configurable: true })
    long[19_999] = 0xff
    const text = new TextDecoder('utf-8').decode(long)
    const answer = text.length + ' ' + text[19_999] + ' ' + new TextEncoder().encode(text).length + ' ' + new TextDecoder('utf-16').decode(wide)
    for (let i = 0; i < members.length; i++) delete Object.prototype[members[i]]
    return answer
  }`)

  assert.equal(answer, '20000 \ufffd 20002 a')
})
