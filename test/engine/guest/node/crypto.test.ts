import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'

const guest = await openGuest()

const SETUP = 'const crypto = require("crypto"); const { Buffer } = require("buffer")'
const RUNS = { numRuns: 300, seed: 26 }
const odd = fc.constantFrom('undefined', 'null', '0', '7', '[]', '{}', 'true', 'Symbol("s")', '() => 1')
const algorithms = fc.oneof({ weight: 8, arbitrary: fc.constantFrom('"sha256"', '"SHA512"', '"md5"', '"sha1"', '"sha3-256"', '"RSA-SHA256"', '"blake2b512"', '"ripemd160"', '"sha-256"') }, fc.constantFrom('"nope"', '""', '"shake128"'), odd)
const data = fc.oneof({ weight: 8, arbitrary: fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }).map((text) => JSON.stringify(text)), fc.uint8Array({ maxLength: 20 }).map((bytes) => `Buffer.from([${bytes.join(', ')}])`), fc.constantFrom('new Uint16Array([1, 2])', 'new DataView(new ArrayBuffer(3))', '"é".repeat(70000)', 'new ArrayBuffer(3)')) }, odd)
const encodings = fc.constantFrom('', '"hex"', '"base64"', '"base64url"', '"latin1"', '"utf8"', '"buffer"', '"nope"', 'undefined', 'null', '5', '"ucs2"')

test('digests are Node\'s', async () => {
  const hash = fc.tuple(algorithms, fc.array(fc.tuple(data, encodings), { maxLength: 3 }), encodings).map(([algorithm, pieces, encoding]) => `crypto.createHash(${algorithm})${pieces.map(([piece, of]) => `.update(${of === '' ? piece : `${piece}, ${of}`})`).join('')}.digest(${encoding})`)
  const lengths = fc.tuple(fc.constantFrom('"shake128"', '"shake256"', '"sha256"'), fc.constantFrom('0', '5', '32', '-1', '1.5', '"5"', 'null', '-0')).map(([algorithm, length]) => `crypto.createHash(${algorithm}, { outputLength: ${length} }).update("a").digest("hex")`)
  const once = fc.tuple(algorithms, data, encodings).map((args) => `crypto.hash(${args.filter((arg) => arg !== '').join(', ')})`)

  await assertSameAsNode(guest, SETUP, [
    ...fc.sample(fc.oneof({ weight: 5, arbitrary: hash }, lengths, once), RUNS),
    'crypto.getHashes()', 'crypto.createHash("sha256").update("a").copy().update("b").digest("hex")', '(() => { const h = crypto.createHash("sha256"); h.update("x".repeat(200000)); const c = h.copy(); h.update("y"); return [h.digest("hex"), c.digest("hex")] })()',
    '(() => { const h = crypto.createHash("sha256"); h.digest(); return h.digest() })()', '(() => { const h = crypto.createHash("sha256"); h.digest(); return h.update("a") })()', 'crypto.createHash("sha256") instanceof crypto.Hash', 'crypto.Hash("md5").update("").digest("hex")',
    'new Promise((resolve) => { const h = crypto.createHash("sha256"); h.on("readable", () => { const out = h.read(); if (out) resolve(out.toString("hex")) }); h.write("some"); h.end("more") })', 'require("stream/promises").pipeline(["a", "b"], crypto.createHash("md5"), async (from) => { for await (const x of from) return x })',
  ])
})

test('HMACs are Node\'s', async () => {
  const calls = fc.tuple(algorithms.filter((name) => name !== '"shake128"'), data, data, encodings).map(([algorithm, key, piece, encoding]) => `crypto.createHmac(${algorithm}, ${key === '"é".repeat(70000)' ? '"key"' : key}).update(${piece}).digest(${encoding})`)

  await assertSameAsNode(guest, SETUP, [...fc.sample(calls, RUNS), '(() => { const h = crypto.createHmac("sha256", "k"); h.digest(); return h.digest("hex") })()', 'crypto.createHmac("sha256", "6b6579", { encoding: "hex" }).update("a").digest("hex")'])
})

test('the rest of crypto is Node\'s', async () => {
  const sizes = fc.oneof(fc.constantFrom('0', '1', '16', '70000', '-1', '1.5', 'NaN', '2 ** 31', '"4"'), odd)

  await assertSameAsNode(guest, SETUP, [
    ...fc.sample(sizes.map((size) => `crypto.randomBytes(${size}).length`), 20), ...fc.sample(fc.tuple(sizes, sizes).map((args) => `crypto.randomFillSync(Buffer.alloc(8), ${args.join(', ')}).length`), 40), ...fc.sample(fc.tuple(data, data).map((args) => `crypto.timingSafeEqual(${args.join(', ')})`), 60), ...fc.sample(odd.map((of) => `typeof crypto.randomUUID(${of})`), 9), ...fc.sample(fc.tuple(odd.filter((of) => of !== '7'), odd.filter((of) => of !== '7')).map((args) => `crypto.randomInt(${args.join(', ')})`), 30),
    'crypto.randomInt(1)', 'crypto.randomInt(5, 6)', '/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())', 'crypto.randomUUID().length', 'new Promise((resolve) => crypto.randomBytes(8, (error, bytes) => resolve([error, bytes.length])))', 'new Promise((resolve) => crypto.randomInt(3, 4, (error, n) => resolve([error, n])))', 'crypto.getRandomValues(new Uint8Array(4)).length', 'crypto.webcrypto.subtle === crypto.subtle', 'Object.keys(crypto.constants)', 'crypto.constants.RSA_PKCS1_PADDING',
  ])
})

test('a job that has not asked for the tool is told to', async () => {
  const failure = await guest.failureOf('export default () => require("crypto").createHash("sha256")')

  assert.match(failure.message, /has not asked for the tool "crypto"; name it in its "tools"/)
  assert.equal(await guest.evaluate('require("crypto").timingSafeEqual(Buffer.from("a"), Buffer.from("a"))'), true)
})

test('digests cost a run its processor time, and no calls of tools', async () => {
  const code = 'const { createHash } = require("crypto"); export default (n) => { for (let i = 0; i < n; i++) createHash("sha256").digest() }'

  const some = await guest.run(code, { tools: ['crypto'], input: 2000, limits: { toolCalls: 1 } })
  const many = await guest.run(code, { tools: ['crypto'], input: 10_000_000, limits: { cpuMs: 300 } })

  assert.deepEqual([some.failure, some.usage.nativeCalls], [null, 0])
  assert.equal(many.failure?.code, 'CPU_LIMIT')
})
