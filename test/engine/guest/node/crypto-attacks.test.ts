import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const guest = await openGuest()
const run = (body: string) => guest.resultOf(`const crypto = require("crypto"); const { Buffer } = require("buffer")\nconst tell = (work) => { try { return work() } catch (error) { return error.name + ": " + error.message } }\nexport default async () => { ${body} }`, { tools: ['crypto'] })

test('no key is read from a file or a store, however it is named', async () => {
  const told = await run(`
    const url = new URL("file:///etc/passwd")
    return [url, { key: url }, { key: url, passphrase: "p" }, { key: "file:///etc/passwd" }, { key: "/etc/passwd" }, { key: url.href, format: "store" }].map((key) => tell(() => crypto.createPrivateKey(key)))
      .concat(tell(() => crypto.sign(null, "a", url)), tell(() => crypto.createSign("sha256").sign(url)))`) as string[]

  assert.equal(told.filter((line) => /reaches no files and no key stores/.test(line)).length, 5)
  assert.doesNotMatch(told.join(), /root|ENOENT|STORE/)
})

test('what code made of prototypes changes nothing but its own', async () => {
  const told = await run(`
    Object.prototype.toJSON = () => ({ at: 0, size: 99 })
    Object.defineProperty(Object.prototype, "format", { value: "store", configurable: true })
    Object.defineProperty(Object.prototype, "held", { value: "private", configurable: true })
    Array.prototype.toJSON = () => "x"
    String.prototype.slice = () => { throw new Error("slice") }
    Uint8Array.prototype.slice = () => { throw new Error("bytes") }
    const some = [() => crypto.createHash("sha256").update("a").digest().length, () => crypto.createSecretKey(Buffer.from("abc")).export().length, () => crypto.pbkdf2Sync("a", "b", 1, 8, "sha1").length, () => crypto.generateKeyPairSync("ed25519").privateKey.type].map((work) => typeof tell(work))
    delete Object.prototype.toJSON; delete Array.prototype.toJSON; delete Object.prototype.format; delete Object.prototype.held
    return some`) as string[]

  assert.equal(told.length, 4)
  assert.equal(await run('return crypto.createHash("sha256").update("a").digest("hex").slice(0, 8)'), 'ca978112')
})

test('buffers that were given away, and getters that call again, are taken as they are', async () => {
  const told = await run(`
    const gone = new Uint8Array(16); gone.buffer.transfer()
    const again = { get key () { return crypto.createHash("md5").update("x").digest("hex") }, get padding () { crypto.randomBytes(4); return 1 }, get passphrase () { crypto.generateKeyPairSync("ed25519"); return "p" } }
    const cipher = crypto.createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16))
    return [
      crypto.createHash("md5").update(gone).digest("hex"), tell(() => crypto.createCipheriv("aes-128-cbc", gone, Buffer.alloc(16))), crypto.createSecretKey(Buffer.from("a")).equals(crypto.createSecretKey(gone)),
      tell(() => crypto.createPrivateKey(again)), tell(() => crypto.publicEncrypt(again, Buffer.alloc(1))), tell(() => crypto.timingSafeEqual(gone, new Uint8Array(0))), cipher.update(gone).length,
      tell(() => crypto.createPrivateKey({ format: "jwk", key: { get kty () { return crypto.randomUUID() } } })),
    ]`) as unknown[]

  assert.deepEqual(told.slice(0, 3), ['d41d8cd98f00b204e9800998ecf8427e', 'RangeError: Invalid key length', false])
  assert.deepEqual(told.slice(5), [true, 0, told[7]])
})

test('a run that forges handles gets nothing but errors', async () => {
  const told = await run(`
    const hash = crypto.createHash("md5"); const handle = hash[Object.getOwnPropertySymbols(hash).find((symbol) => symbol.description === "kHandle")]
    const key = crypto.createSecretKey(Buffer.from("abc")); const cipher = crypto.createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)); const inner = cipher[Object.getOwnPropertySymbols(cipher).find((symbol) => symbol.description === "kHandle")]
    const Forged = class extends crypto.KeyObject {}
    return [tell(() => new crypto.KeyObject("private", handle)), tell(() => Forged.from({})), tell(() => Object.getPrototypeOf(handle).update.call({}, "a")), tell(() => inner.constructor.prototype.update.call(handle, "a")), tell(() => Reflect.construct(crypto.KeyObject, ["secret", key]))]`) as string[]

  assert.ok(told.every((line) => /Error/.test(line)), told.join('\n'))
})

test('the bounds are errors that say what was asked and what is allowed', async () => {
  const told = await run(`return [
    () => crypto.pbkdf2Sync("a", "b", 2 ** 31 - 1, 64, "sha512"), () => crypto.scryptSync("a", "b", 64, { N: 2 ** 24, r: 8, maxmem: 2 ** 50 }), () => crypto.generateKeyPairSync("rsa", { modulusLength: 16384 }), () => crypto.generatePrimeSync(4096), () => crypto.createDiffieHellman(2048),
    () => crypto.checkPrimeSync(2n ** 9000n), () => crypto.hkdfSync("sha512", "a", "b", "c", 2 ** 30), () => crypto.createHash("shake256", { outputLength: 2 ** 31 }).digest(), () => crypto.generateKeySync("hmac", { length: 2 ** 31 - 1 }), () => crypto.sign(null, Buffer.alloc(100_000), crypto.generateKeyPairSync("ed25519").privateKey),
    () => crypto.createSecretKey(Buffer.alloc(70_000)).export().length, () => { for (let i = 0; i < 1001; i++) crypto.createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)) }, () => crypto.pbkdf2("a", "b", 2 ** 31 - 1, 64, "sha512", () => {}),
  ].map(tell)`) as unknown[]

  assert.deepEqual(told, [
    'QuotaExceededError: Cannot use node:crypto: pbkdf2 would compute 2147483647 HMACs (iterations times blocks of the key), allowed are 2000000',
    'QuotaExceededError: Cannot use node:crypto: scrypt would take 17179869184 bytes (128 * N * r), allowed are 67108864',
    'QuotaExceededError: Cannot use node:crypto: modulusLength is 16384 bits, allowed are 4096',
    'QuotaExceededError: Cannot use node:crypto: The prime would have 4096 bits, allowed are 2048',
    'QuotaExceededError: Cannot use node:crypto: A safe prime would have 2048 bits, allowed are 512; crypto.getDiffieHellman() knows groups that have more',
    'QuotaExceededError: Cannot use node:crypto: The candidate has 9008 bits, allowed are 2048',
    'QuotaExceededError: Cannot use node:crypto: size has 1073741824 bytes, more than 65536',
    'QuotaExceededError: Cannot use node:crypto: outputLength has 2147483648 bytes, more than 65536',
    'RangeError: Cannot generate key: it would have 268435455 bytes, allowed are 65536',
    'QuotaExceededError: Cannot use node:crypto: data has 100000 bytes, more than 65536',
    70_000,
    'QuotaExceededError: Cannot use node:crypto: 1000 were begun and not ended, the limit of a run',
    'QuotaExceededError: Cannot use node:crypto: pbkdf2 would compute 2147483647 HMACs (iterations times blocks of the key), allowed are 2000000',
  ])
})

test('what a callback throws ends the run, and the others are called', async () => {
  const { failure, logs } = await guest.run('const crypto = require("crypto"); export default () => new Promise(() => { crypto.randomBytes(1, () => { throw new RangeError("mine") }); crypto.randomBytes(1, () => console.log("called")) })', { tools: ['crypto'] })

  assert.deepEqual([failure?.name, failure?.message], ['RangeError', 'mine'])
  assert.ok(logs.length <= 1)
})

test('thousands of callbacks may wait at once', async () => {
  assert.equal(await run('const made = await Promise.all(Array.from({ length: 3000 }, () => new Promise((resolve) => crypto.randomBytes(2, (error, bytes) => resolve(bytes.length))))); return made.length'), 3000)
})
