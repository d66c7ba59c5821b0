import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'

const guest = await openGuest()

const SETUP = 'const zlib = require("zlib"); const { promisify } = require("util"); const { Readable } = require("stream"); const { Buffer } = require("buffer"); const collect = async (stream) => { const all = []; for await (const piece of stream) all.push(piece); return Buffer.concat(all) }'
const FORMATS = [['deflate', 'inflate'], ['gzip', 'gunzip'], ['deflateRaw', 'inflateRaw'], ['gzip', 'unzip'], ['deflate', 'unzip']] as const

test('zlib compresses and decompresses as Node does', async () => {
  const text = fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('', 'a'.repeat(3000), 'ünïcode '.repeat(300))).map((it) => JSON.stringify(it))
  const odd = fc.constantFrom('undefined', 'null', '7', '[]', '{}', 'new Uint16Array([1, 258])', 'new ArrayBuffer(5)', 'new DataView(new ArrayBuffer(3))')
  const options = fc.record({ level: fc.constantFrom(-1, 0, 1, 6, 9, 10, 'x'), memLevel: fc.constantFrom(1, 8, 9, 0), windowBits: fc.constantFrom(8, 9, 15, 16), strategy: fc.constantFrom(0, 1, 2, 3, 4, 5), chunkSize: fc.constantFrom(64, 1000, 16), maxOutputLength: fc.constantFrom(1, 50, 100_000), finishFlush: fc.constantFrom(2, 4) }, { requiredKeys: [] }).map((it) => JSON.stringify(it))
  const calls = fc.tuple(fc.constantFrom(...FORMATS), fc.oneof({ weight: 8, arbitrary: text }, odd), options, options).chain(([[to, back], of, how, howBack]) => fc.constantFrom(
    `zlib.${to}Sync(${of}, ${how})`, `zlib.${back}Sync(zlib.${to}Sync(${of}), ${howBack})`, `promisify(zlib.${to})(${of}, ${how})`, `promisify(zlib.${back})(zlib.${to}Sync(${of}))`, `zlib.${back}Sync(zlib.${to}Sync(${of}).subarray(0, -3))`, `zlib.${back}Sync(Buffer.concat([zlib.${to}Sync(${of}), Buffer.from("rest")]))`,
    `collect(Readable.from([${of}].map(String)).pipe(zlib.create${to[0]?.toUpperCase()}${to.slice(1)}(${how})))`,
  ))

  await assertSameAsNode(guest, SETUP, fc.sample(calls, { numRuns: 500, seed: 26 }))
})

test('the rest of zlib does what Node\'s does', async () => {
  await assertSameAsNode(guest, SETUP, [
    'Object.keys(zlib).filter((name) => !/zip(?=entr|file|buffer|archive|content)|Zip/.test(name))', 'zlib.constants.Z_BEST_SPEED', 'zlib.codes.Z_DATA_ERROR', 'zlib.crc32("hello")', 'zlib.crc32(Buffer.from("lo"), zlib.crc32("hel"))', 'zlib.crc32(1)', 'zlib.crc32("a", -1)', 'zlib.inflateSync("no")', 'zlib.gunzipSync(Buffer.from([0x1f, 0x8b, 8]))', 'promisify(zlib.inflate)(Buffer.from("no"))',
    'zlib.inflateSync(zlib.deflateSync("dictionary", { dictionary: Buffer.from("dict") }), { dictionary: Buffer.from("dict") })', 'zlib.inflateSync(zlib.deflateSync("dictionary", { dictionary: Buffer.from("dict") }))', 'zlib.inflateSync(zlib.deflateSync("dictionary", { dictionary: Buffer.from("dict") }), { dictionary: Buffer.from("wrong") })', 'zlib.gunzipSync(Buffer.concat([zlib.gzipSync("a"), zlib.gzipSync("b")]))',
    'collect(Readable.from(["a", "b"]).pipe(zlib.createGzip()).pipe(zlib.createGunzip()))', 'collect(Readable.from([Buffer.from("no")]).pipe(zlib.createGunzip()))', 'new Promise((resolve) => { const d = zlib.createDeflate(); const out = []; d.on("data", (x) => out.push(x)).on("end", () => resolve(Buffer.concat(out))); d.write("abc"); d.flush(() => { d.params(0, 0, () => d.end("def")) }) })', 'zlib.createGzip().bytesWritten', 'zlib.gzipSync("a", { info: true }).engine.bytesWritten', 'zlib.createDeflate({ level: 99 })', 'zlib.createInflate().constructor.name', 'zlib.deflate("x")', 'zlib.Deflate().constructor.name',
    '(() => { const d = zlib.createDeflate(); d.close(); return d.destroyed })()', '(() => { const d = zlib.createDeflate(); d.reset(); return d._closed })()', 'zlib.inflateSync(zlib.deflateSync(Buffer.alloc(500_000, "many words "))).length', 'zlib.gunzipSync(zlib.gzipSync(Buffer.alloc(300_000, "abc"), { level: 0 })).length', 'collect(Readable.from([Buffer.alloc(200_000, 7)]).pipe(zlib.createDeflate({ chunkSize: 300_000 })))',
  ])
})

test('what a few bytes can be blown up to is bounded', async () => {
  const { message } = await guest.failureOf('export default () => { const zlib = require("zlib"); const bomb = zlib.gzipSync(Buffer.alloc(4_000_000)); return zlib.gunzipSync(bomb, { maxOutputLength: 1_000_000 }).length }')
  assert.equal(message, 'Cannot create a Buffer larger than 1000000 bytes')

  const opened = await guest.failureOf('export default () => { const zlib = require("zlib"); for (let i = 0; i < 200; i++) zlib.createGzip().write("x") }')
  assert.match(opened.message, /^Cannot open a stream of zlib: 100 are open, the limit/)
})

test('Brotli and Zstandard say that they are not there', async () => {
  const said = await guest.evaluate('["brotliCompressSync", "brotliDecompressSync", "zstdCompressSync", "zstdDecompressSync"].map((name) => { try { require("zlib")[name]("x") } catch ({ code }) { return code } })')

  assert.deepEqual(said, Array.from({ length: 4 }, () => 'PERMISSION_DENIED'))
})
