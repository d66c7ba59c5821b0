import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeFrame, type Frame, FrameReader, FramingError } from '../../src/core/frames.ts'

const LIMITS = { maxFrameBytes: 1000, maxHeaderBytes: 100 }
const MB = 1_048_576

const lengthOf = (bytes: number) => {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32BE(bytes)
  return prefix
}

const raw = (content: string) => Buffer.concat([lengthOf(Buffer.byteLength(content)), Buffer.from(content)])

function readAll (chunks: Buffer[], limits = LIMITS): { header: unknown, body: string }[] {
  const reader = new FrameReader(limits)
  return chunks.flatMap((chunk) => [...reader.read(chunk)]).map(({ header, body }) => ({ header, body: body.toString() }))
}

test('a frame is read as it was written', () => {
  const frame = encodeFrame({ type: 'log', text: 'two\nlines' }, Buffer.from('body\nwith newlines\n'))

  const read = readAll([frame])

  assert.deepEqual(read, [{ header: { type: 'log', text: 'two\nlines' }, body: 'body\nwith newlines\n' }])
})

test('a frame without a body has an empty one', () => {
  assert.deepEqual(readAll([encodeFrame({ a: 1 })]), [{ header: { a: 1 }, body: '' }])
})

test('frames are read the same however the bytes are cut', () => {
  const bytes = Buffer.concat([encodeFrame({ n: 1 }, Buffer.from('æøå')), encodeFrame({ n: 2 }), encodeFrame({ n: 3 }, Buffer.alloc(500, 'x'))])
  const whole = readAll([bytes])

  for (const size of [1, 2, 3, 5, 7, 64, 511]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))
    assert.deepEqual(readAll(chunks), whole)
  }
})

test('a length of 0, one above the bound and 0xfffffff0 are refused as soon as they are read', () => {
  for (const length of [0, 1001, 0xffff_fff0]) {
    const reader = new FrameReader(LIMITS)

    assert.throws(() => [...reader.read(lengthOf(length))], new FramingError(`Cannot read frame: its length is ${length}, allowed are 1 to 1000`))
  }
})

test('a frame of exactly the bound is read', () => {
  const frame = encodeFrame({}, Buffer.alloc(1000 - '{}\n'.length))

  assert.equal(readAll([frame]).length, 1)
})

test('a header that is not one line of JSON is refused', () => {
  for (const content of ['{not json}\nbody', '\nbody', '{"a":1}', '{}{}\n', '\u0000\n', `${'['.repeat(99)}\n`]) {
    assert.throws(() => readAll([raw(content)]), FramingError)
  }
})

test('a header above its bound is refused before it is parsed', () => {
  assert.throws(() => readAll([encodeFrame({ x: 'x'.repeat(200) })]), /no header within 100 bytes/)
})

test('deep nesting in a header is refused, not an overflow of the stack', () => {
  assert.throws(() => readAll([raw(`${'['.repeat(1_000_000)}\n`)], { maxFrameBytes: 2 * MB, maxHeaderBytes: 2 * MB }), FramingError)
})

test('the bound on frames can be changed between two of them', () => {
  const reader = new FrameReader(LIMITS)
  const large = encodeFrame({ n: 2 }, Buffer.alloc(5000))

  reader.maxFrameBytes = 6000
  const frames: Frame[] = [...reader.read(large)]
  reader.maxFrameBytes = 1000

  assert.equal(frames.length, 1)
  assert.throws(() => [...reader.read(large)], FramingError)
})

test('a large frame that drips in byte by byte is held in about its own size', () => {
  const reader = new FrameReader({ maxFrameBytes: 2 * MB, maxHeaderBytes: 100 })
  const before = process.memoryUsage()
  assert.equal([...reader.read(lengthOf(MB))].length, 0)

  for (let n = 0; n < MB - 1; n++) assert.equal(reader.read(Buffer.from('x')).next().done, true)
  const after = process.memoryUsage()

  assert.ok(after.rss - before.rss < 100 * MB, `grew by ${Math.round((after.rss - before.rss) / MB)} MB`)
})
