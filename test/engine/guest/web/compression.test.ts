import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync, deflateSync, gzipSync, inflateRawSync, inflateSync, unzipSync } from 'node:zlib'
import { openGuest } from '../../../helpers/guest.ts'

const { resultOf, run } = await openGuest()

/** Reads all that comes out of a stream, as numbers; and writes all chunks into one, beside it. */
const HELPERS = `
const fromBase64 = (text) => Uint8Array.fromBase64(text)
async function collect (readable) {
  const chunks = []
  for await (const chunk of readable) chunks.push(...chunk)
  return new Uint8Array(chunks)
}
async function pass (stream, chunks) {
  const writer = stream.writable.getWriter()
  const writing = (async () => { for (const chunk of chunks) await writer.write(chunk); await writer.close() })()
  writing.catch(() => {})
  return await collect(stream.readable)
}
const tell = (promise) => promise.then((value) => value.length, (error) => [error.constructor.name, error.message])
`
const FORMATS = { 'deflate': [deflateSync, inflateSync], 'deflate-raw': [deflateRawSync, inflateRawSync], 'gzip': [gzipSync, unzipSync] } as const
const TEXT = Buffer.from(Array.from({ length: 400 }, (_, i) => `${i} ${i * i}`).join('\n'))

test('every format is what zlib reads and writes, however it is cut', async () => {
  for (const [format, [compress, decompress]] of Object.entries(FORMATS)) {
    const answer = await resultOf(`${HELPERS} export default async ({ format, text, compressed }) => {
      const given = fromBase64(text)
      const cut = (bytes, size) => Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, i * size + size))
      const written = await pass(new CompressionStream(format), cut(given, 999))
      const read = []
      for (const size of [1, 7, 100_000]) read.push((await pass(new DecompressionStream(format), cut(fromBase64(compressed), size))).toBase64() === text)
      return { written: written.toBase64(), read }
    }`, { input: { format, text: TEXT.toString('base64'), compressed: compress(TEXT).toString('base64') } }) as { written: string, read: boolean[] }

    assert.ok(decompress(Buffer.from(answer.written, 'base64')).equals(TEXT), format)
    assert.deepEqual(answer.read, [true, true, true], format)
  }
})

test('what is cut short, goes on, or is changed anywhere errors the stream with a TypeError', async () => {
  const gzip = gzipSync('some text')
  const broken = {
    short: gzip.subarray(0, -1), noTrailer: gzip.subarray(0, -8), onlyHeader: gzip.subarray(0, 10), halfHeader: gzip.subarray(0, 5), none: Buffer.alloc(0), followed: Buffer.concat([gzip, Buffer.from([0])]),
    second: Buffer.concat([gzip, gzip]), magic: change(gzip, 1), method: change(gzip, 2), reserved: change(gzip, 3, 0x80), headerCrc: change(gzip, 3, 2), data: change(gzip, 12), crc: change(gzip, gzip.length - 8), size: change(gzip, gzip.length - 4),
  }
  const answer = await resultOf(`${HELPERS} export default async (broken) => {
    const told = {}
    for (const [name, bytes] of Object.entries(broken)) told[name] = await tell(pass(new DecompressionStream('gzip'), [fromBase64(bytes)]))
    return told
  }`, { input: Object.fromEntries(Object.entries(broken).map(([name, bytes]) => [name, bytes.toString('base64')])) }) as Record<string, [string, string]>

  for (const [name, [kind, message]] of Object.entries(answer)) {
    assert.equal(kind, 'TypeError', name)
    assert.match(message, /^Cannot decompress: /, name)
  }
})

test('every part that a header of gzip may have is read over, also one that comes byte by byte', async () => {
  const body = gzipSync('some text').subarray(10)
  const parts = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 1 + 4 + 8 + 16, 0, 0, 0, 0, 0, 3]), Buffer.from([2, 0, 7, 7]), Buffer.from('name\0comment\0')])
  const answer = await resultOf(`${HELPERS} export default async (text) => {
    const chunks = [...fromBase64(text)].map((byte) => new Uint8Array([byte]))
    return new TextDecoder().decode(await pass(new DecompressionStream('gzip'), chunks))
  }`, { input: Buffer.concat([parts, body]).toString('base64') })

  assert.equal(answer, 'some text')
})

test('a bomb is only as large as what is read of it', async () => {
  const bomb = gzipSync(Buffer.alloc(150_000_000)) // more than the isolate may have
  const { result, failure, usage } = await run(`export default async (text) => {
    const { readable, writable } = new DecompressionStream('gzip')
    void writable.getWriter().write(Uint8Array.fromBase64(text)).catch(() => {})
    const reader = readable.getReader()
    let read = 0
    while (read < 1_000_000) read += (await reader.read()).value.length
    await reader.cancel()
    return read
  }`, { input: bomb.toString('base64') })

  assert.equal(failure, null)
  assert.ok(Number(result) < 2_000_000)
  assert.ok(usage.cpuMs < 2000)
})

test('streams that are left open are bounded, and closing one makes room', async () => {
  const answer = await resultOf(`${HELPERS} export default async () => {
    const open = []
    for (let i = 0; i < 101; i++) {
      const { readable, writable } = new CompressionStream('gzip')
      const writer = writable.getWriter()
      void readable.getReader().read().catch(() => {})
      open.push({ writer, written: writer.write(new Uint8Array(1)).then(() => 'written', (error) => error.name + ': ' + error.message) })
    }
    const told = new Set(await Promise.all(open.map(({ written }) => written)))
    await open[0].writer.abort()
    const after = await tell(pass(new CompressionStream('gzip'), [new Uint8Array(1)]))
    return { told: [...told], after: typeof after }
  }`)

  assert.deepEqual(answer, { told: ['written', 'QuotaExceededError: Cannot compress: 100 streams are open, the limit; read them to their end or cancel them'], after: 'number' })
})

test('chunks that are no bytes and formats that are none are refused, as are getters that throw', async () => {
  const answer = await resultOf(`${HELPERS} export default async () => {
    const made = [undefined, null, 'brotli', 'GZIP', '', { toString () { throw new RangeError('mine') } }].map((format) => {
      try { new CompressionStream(format); return 'made' } catch (error) { return error.name }
    })
    const passed = []
    for (const chunk of [undefined, null, 1, 'text', [1], {}]) passed.push((await tell(pass(new CompressionStream('gzip'), [chunk])))[0])
    const gone = new Uint8Array(8)
    gone.buffer.transfer()
    return { made, passed, detached: await tell(pass(new CompressionStream('deflate'), [gone])) }
  }`)

  assert.deepEqual(answer, { made: ['TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'RangeError'], passed: Array.from({ length: 6 }, () => 'TypeError'), detached: 8 })
})

function change (bytes: Buffer, at: number, flip = 0xff): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ flip
  return changed
}
