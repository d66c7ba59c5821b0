import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { evaluate, failureOf, resultOf } = await openGuest()
const inside = (body: string): Promise<unknown> => resultOf(`
  const nameOf = async (attempt) => { try { await attempt(); return 'no error' } catch (error) { return error?.name ?? error } }
  export default async () => { ${body} }`)

test('a blob is made of texts, buffers and other blobs, in their order', async () => {
  const seen = await inside(`
    const bytes = new Uint8Array([0, 255, 66, 67])
    const blob = new Blob(['ü', bytes, bytes.buffer, new DataView(bytes.buffer, 2, 1), bytes.subarray(3), new Blob(['x']), new File(['y'], 'n'), '\\ud800', 1, null, { toString: () => 'o' }])
    return [blob.size, [...await blob.bytes()].join(), await blob.slice(13).text(), new Blob().size, await new Blob([]).text(), await new Blob(new Set(['a', 'b'])).text(), await new Blob({ * [Symbol.iterator] () { yield 'g' } }).text()]`)

  assert.deepEqual(seen, [23, '195,188,0,255,66,67,0,255,66,67,66,67,120,121,239,191,189,49,110,117,108,108,111', 'y\ufffd1nullo', 0, '', 'ab', 'g'])
})

test('what a blob cannot be made of is a TypeError', async () => {
  const bad = [
    'Blob()', 'new Blob(null)', 'new Blob("text")', 'new Blob(1)', 'new Blob({})', 'new Blob([Symbol()])', 'new Blob([], 1)', 'new Blob([], { endings: "x" })', 'new Blob([], { endings: null })', 'new Blob([], { type: Symbol() })',
    'new Blob({ [Symbol.iterator]: 1 })', 'File()', 'new File()', 'new File([])', 'new File("x", "n")', 'new File([], Symbol())', 'Blob.prototype.size', 'Blob.prototype.slice.call({})', 'Object.create(File.prototype).name',
    'Reflect.get(File.prototype, "name", new Blob())', 'Blob.prototype.text.call({})', 'Blob.prototype.arrayBuffer.call(null)', 'Blob.prototype.stream.call({})',
  ]

  assert.deepEqual(await inside(`return await Promise.all([${bad.map((code) => `() => ${code}`).join()}].map(nameOf))`), bad.map(() => 'TypeError'))
})

test('a buffer is read when everything is converted, and parts before options', async () => {
  const seen = await inside(`
    const order = [], bytes = new Uint8Array([1])
    const part = { toString () { order.push('part'); return 'p' } }
    const options = { get type () { order.push('type'); bytes[0] = 65; return 'T' }, get endings () { order.push('endings') }, get lastModified () { order.push('lastModified'); return 1.9 } }
    const blob = new Blob([part, bytes], options)
    const file = new File([part], { toString () { order.push('name'); return 'n' } }, options)
    return [order.join(), await blob.text(), file.lastModified]`)

  assert.deepEqual(seen, ['part,endings,type,part,name,endings,type,lastModified', 'pA', 1])
})

test('a slice counts from either end, is clamped and rounded, and has the type that it is given', async () => {
  const slices = ['', '2', '-2', '1, -1', '-3, -1', '3, 2', '9', '-9, 2', 'NaN', 'Infinity', '-Infinity', '"1"', 'null, 2', 'undefined, 2', '1.5', '0.5', '2.5', '1, undefined', '2 ** 64', '1, 2 ** 53']
  const seen = await inside(`const blob = new Blob(['abcde'], { type: 'a/b' }); return [await Promise.all([${slices.map((given) => `blob.slice(${given})`).join()}].map((part) => part.text())),
    [blob.slice(0, 1).type, blob.slice(0, 1, 'X/Y').type, blob.slice(0, 1, 'x\\u0100').type, blob.slice(0, 1, null).type, blob.slice().slice(1).slice(1).size], new File(['x'], 'n').slice() instanceof File]`)

  assert.deepEqual(seen, [
    ['abcde', 'cde', 'de', 'bcd', 'cd', '', '', 'ab', 'abcde', '', 'abcde', 'bcde', 'ab', 'ab', 'cde', 'abcde', 'cde', 'bcde', '', 'bcde'],
    ['', 'x/y', '', 'null', 3], false,
  ])
})

test('a type is in lower case, or none when it has other than printable ASCII', async () => {
  const types = ['', 'TEXT/Plain', 'a;B=C', 'x y~', 'a\u0100', 'a\u007f', 'a\n', '\u00ff']

  assert.deepEqual(await inside(`return ${JSON.stringify(types)}.map((type) => new Blob([], { type }).type)`), ['', 'text/plain', 'a;b=c', 'x y~', '', '', '', ''])
  assert.equal(await evaluate('new Blob([], { type: null }).type'), 'null')
})

test('line endings are left as they are, or become those of the system', async () => {
  const seen = await inside(`
    const parts = ['a\\r\\nb\\rc\\nd\\r', '\\n', new Uint8Array([13, 10])]
    return [await new Blob(parts).text(), await new Blob(parts, { endings: 'native' }).text(), await new File(parts, 'n', { endings: 'transparent' }).text()]`)

  assert.deepEqual(seen, ['a\r\nb\rc\nd\r\n\r\n', 'a\nb\nc\nd\n\n\r\n', 'a\r\nb\rc\nd\r\n\r\n'])
})

test('a file has a name and a time besides', async () => {
  const seen = await inside(`
    const before = Date.now(), now = new File([], 'n').lastModified
    const times = [0, -1.9, 2 ** 53, 2 ** 63, -(2 ** 63) - 4096, NaN, Infinity, '7', null, true].map((lastModified) => new File([], 'n', { lastModified }).lastModified)
    const file = new File(['x'], 'a/b\\ud800', { type: 'A/B' })
    class Own extends File { get name () { return 'own ' + super.name } }
    return [now >= before && now <= Date.now(), times, file.name, file.type, file.size, file instanceof Blob, Object.prototype.toString.call(file), new Own([], 'x').name, File.length, Blob.length]`)

  assert.deepEqual(seen, [true, [0, -1, 2 ** 53, -(2 ** 63), 2 ** 63 - 4096, 0, 0, 7, 0, 1], 'a/b\ufffd', 'a/b', 1, true, '[object File]', 'own x', 2, 0])
})

test('a blob is read as text, bytes, a buffer of its own, or a stream of chunks', async () => {
  const seen = await inside(`
    const blob = new Blob(['\\ufeffä', new Uint8Array([255])])
    const buffer = await blob.arrayBuffer()
    new Uint8Array(buffer).fill(0)
    const big = new Blob([new Uint8Array(200_000).fill(7)])
    const sizes = []
    for await (const chunk of big.stream()) sizes.push(chunk.length)
    const byob = big.stream().getReader({ mode: 'byob' })
    const first = await byob.read(new Uint8Array(10))
    return [await blob.text(), buffer.byteLength, (await blob.bytes()).constructor === Uint8Array, sizes.length > 1, sizes.reduce((sum, size) => sum + size), first.value.join(), (await new Blob().stream().getReader().read()).done]`)

  assert.deepEqual(seen, ['ä\ufffd', 6, true, true, 200_000, '7,7,7,7,7,7,7,7,7,7', true])
})

test('a clone is a blob or a file of its own, with the same content', async () => {
  const seen = await inside(`
    class Own extends File {}
    const file = new Own(['x'], 'n', { type: 'a/b', lastModified: 7 }), blob = new Blob(['y'], { type: 'c/d' })
    const copy = structuredClone({ file, again: file, blob })
    const { port1, port2 } = new MessageChannel()
    const sent = new Promise((resolve) => { port2.onmessage = ({ data }) => resolve(data) })
    port1.postMessage(blob)
    const received = await sent
    port1.close()
    return [copy.file !== file, copy.file === copy.again, copy.file.constructor === File, copy.file.name, copy.file.type, copy.file.lastModified, await copy.file.text(), copy.blob instanceof File, copy.blob.type, await copy.blob.text(), await received.text()]`)

  assert.deepEqual(seen, [true, true, true, 'n', 'a/b', 7, 'x', false, 'c/d', 'y', 'y'])
})

test('blobs work whatever user code did before it first touched one', async () => {
  const seen = await inside(`
    const { defineProperty, ownKeys } = Reflect
    const define = (holder, key, value) => { try { defineProperty(holder, key, { __proto__: null, value, configurable: true, writable: true }) } catch {} }
    const kept = { __proto__: null, prototype: 1, constructor: 1, then: 1, name: 1, length: 1, resolve: 1 }
    const iterator = Symbol.iterator
    for (const holder of [String.prototype, Object, Reflect, Map, Map.prototype, WeakMap.prototype, Uint8Array.prototype, Object.getPrototypeOf(Uint8Array.prototype), ArrayBuffer.prototype, Date, Math, RegExp.prototype, Function.prototype, Array.prototype]) {
      const keys = ownKeys(holder)
      for (let i = 0; i < keys.length; i++) if (keys[i] !== iterator && !(keys[i] in kept)) define(holder, keys[i], () => 'forged')
    }
    const touched = []
    for (const key of ['bytes', 'type', 'name', 'lastModified', 'endings', 'read', 'cancel', 'watch', 'get', 'set', 'value', 'writable']) {
      defineProperty(Object.prototype, key, { __proto__: null, configurable: true, get () { touched[touched.length] = key }, set () { touched[touched.length] = key } })
    }
    const options = { __proto__: null, type: 'A/B' }
    const file = new File(['ü', new Blob(['x'])], 'n', options)
    const text = await file.slice(0, 3).text()
    return text + file.name + file.type + touched.length`)

  assert.equal(seen, 'üxna/b0')
})

test('blobs beyond the memory of a run end it, and nothing else', async () => {
  const doubled = await failureOf('export default async () => { let blob = new Blob(["x".repeat(1000)]); for (;;) blob = new Blob([blob, blob]) }')
  const read = await failureOf('export default async () => { let blob = new Blob(["x".repeat(1e6)]); for (let i = 0; i < 8; i++) blob = new Blob([blob, blob]); return (await blob.arrayBuffer()).byteLength }')

  assert.deepEqual([doubled.name, ['MEMORY_LIMIT', 'USER_ERROR'].includes(read.code)], ['RangeError', true])
  assert.equal(await evaluate('new Blob(["still here"]).text()'), 'still here')
})
