import assert from 'node:assert/strict'
import type { webcrypto } from 'node:crypto'
import { test } from 'node:test'
import { startCrypto, toJob, type Kit, type LooseSubtle } from './sandbox.ts'

const { engine, inside, run, failureOf } = await startCrypto()

/** Several seconds of a processor in one call that nothing but the end of its process stops. */
const SLOW = toJob(async ({ text }: Kit) => {
  const key = await crypto.subtle.importKey('raw', text('x'), 'PBKDF2', false, ['deriveBits'])
  const algorithm = { name: 'PBKDF2', hash: 'SHA-512', salt: text('x'), iterations: 10_000_000 }
  await Promise.all(Array.from({ length: 8 }, () => crypto.subtle.deriveBits(algorithm, key, 512)))
})

test('a derivation that does not stop ends with the run, whose runner is replaced', async () => {
  const { report: { outcome } } = await run(SLOW, { limits: { timeoutMs: 250 } })

  assert.equal(outcome.type, 'failed', JSON.stringify(outcome))
  assert.equal(outcome.error.code, 'TIMEOUT')
  assert.ok(outcome.usage.wallMs < 1500, `${outcome.usage.wallMs} ms`)
  assert.equal(await inside(async ({ hex }: Kit) => hex(await crypto.subtle.digest('SHA-1', new Uint8Array())).length), 40)
})

test('processor time of cryptography counts as that of the code', async () => {
  const failure = await failureOf(SLOW, { limits: { cpuMs: 200 } })

  assert.equal(failure.code, 'CPU_LIMIT')
  assert.ok((failure.limit?.observed ?? 0) >= 200, JSON.stringify(failure.limit))
})

test('what a run that is over had not begun is not done, and its runner serves on', async () => {
  const code = toJob(async ({ text }: Kit) => {
    const key = await crypto.subtle.importKey('raw', text('x'), 'PBKDF2', false, ['deriveBits'])
    for (let i = 0; i < 60; i++) void crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: text('x'), iterations: 1_000_000 }, key, 512)
  })
  const pids = engine.runnerPids().sort()

  const { report: { outcome }, tookMs } = await run(code)

  assert.equal(outcome.type, 'succeeded', JSON.stringify(outcome))
  assert.ok(tookMs < 10_000, `${tookMs} ms`) // sixty take twice as long on an idle machine
  assert.deepEqual(engine.runnerPids().sort(), pids)
})

test('what costs too much is refused before it is begun', async () => {
  const errors = await inside(async ({ text, bytes, errorOf }: Kit) => {
    const subtle = crypto.subtle as LooseSubtle
    const key: CryptoKey = await subtle.importKey('raw', text('x'), 'PBKDF2', false, ['deriveBits', 'deriveKey'])
    const pbkdf2 = { name: 'PBKDF2', hash: 'SHA-1', salt: text('x'), iterations: 2 ** 32 - 1 }
    const rsa = { name: 'RSA-OAEP', modulusLength: 4096, publicExponent: bytes('010001'), hash: 'SHA-1' }
    const uses = ['encrypt', 'decrypt']
    return [
      await errorOf(() => subtle.deriveBits(pbkdf2, key, 8)), await errorOf(() => subtle.deriveKey(pbkdf2, key, { name: 'AES-CBC', length: 128 }, false, ['encrypt'])),
      await errorOf(() => subtle.deriveBits({ ...pbkdf2, iterations: 1_000_000 }, key, 160 * 11)), // as many rounds, for the eleven blocks
      await errorOf(() => subtle.deriveBits({ ...pbkdf2, iterations: 1 }, key, 65_537 * 8)), await errorOf(() => subtle.generateKey({ ...rsa, modulusLength: 4104 }, false, uses)),
      await errorOf(() => subtle.generateKey({ ...rsa, modulusLength: 2 ** 32 - 1 }, false, uses)), await errorOf(() => subtle.generateKey({ ...rsa, publicExponent: bytes('ff'.repeat(400)) }, false, uses)),
      await errorOf(() => subtle.generateKey({ ...rsa, publicExponent: bytes('0100000001') }, false, uses)), await errorOf(() => subtle.generateKey({ name: 'HMAC', hash: 'SHA-1', length: 2 ** 32 - 1 }, false, ['sign'])),
    ]
  })

  assert.deepEqual(errors, [
    'OperationError 0', 'OperationError 0', 'OperationError 0', 'QuotaExceededError 22', 'OperationError 0', 'OperationError 0', 'OperationError 0', 'OperationError 0', 'QuotaExceededError 22',
  ])
})

test('an RSA key that is larger than any that can be made is not read', async () => {
  const { subtle } = globalThis.crypto
  const huge = { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(1024, 0xff).toString('base64url') } // 8192 bits
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const spki = Buffer.from(await subtle.exportKey('spki', await subtle.importKey('jwk', huge, algorithm, true, ['verify']))).toString('hex')

  const errors = await inside(async ({ bytes, errorOf }: Kit, { huge, spki, algorithm }: { huge: webcrypto.JsonWebKey, spki: string, algorithm: { name: string, hash: string } }) => [
    await errorOf(() => crypto.subtle.importKey('jwk', huge, algorithm, true, ['verify'])), await errorOf(() => crypto.subtle.importKey('spki', bytes(spki), algorithm, true, ['verify'])),
  ], { input: { huge, spki, algorithm } })

  assert.deepEqual(errors, ['NotSupportedError 9', 'NotSupportedError 9'])
})

test('65,536 bytes are taken and one more is a QuotaExceededError, whichever argument has them', async () => {
  const answer = await inside(async ({ errorOf }: Kit) => {
    const { subtle } = crypto
    const [fits, over] = [new Uint8Array(65_536), new Uint8Array(65_537)]
    const key = await subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt'])
    const hmac = await subtle.importKey('raw', fits, { name: 'HMAC', hash: 'SHA-1' }, false, ['sign', 'verify'])
    const iv = new Uint8Array(12)
    return [
      (await subtle.encrypt({ name: 'AES-GCM', iv, additionalData: fits }, key, fits)).byteLength, await errorOf(() => subtle.encrypt({ name: 'AES-GCM', iv }, key, over)),
      await errorOf(() => subtle.encrypt({ name: 'AES-GCM', iv: over }, key, fits)), await errorOf(() => subtle.encrypt({ name: 'AES-GCM', iv, additionalData: over }, key, fits)),
      await errorOf(() => subtle.verify('HMAC', hmac, over, fits)), await errorOf(() => subtle.importKey('raw', over, 'HKDF', false, ['deriveBits'])),
      await errorOf(() => subtle.importKey('jwk', { kty: 'oct', k: 'A'.repeat(200_000) }, { name: 'HMAC', hash: 'SHA-1' }, false, ['sign'])), await errorOf(() => subtle.digest('SHA-1', new Uint8Array(50_000_000))),
    ]
  })

  assert.deepEqual(answer, [65_552, ...Array(7).fill('QuotaExceededError 22')])
})

test('a thousand operations are done, and the next is a QuotaExceededError', async () => {
  const answer = await inside(async ({ errorOf }: Kit) => {
    for (let i = 0; i < 500; i++) {
      crypto.randomUUID()
      await crypto.subtle.digest('SHA-1', new Uint8Array(1))
    }
    return [await errorOf(() => crypto.randomUUID()), await errorOf(() => crypto.subtle.digest('SHA-1', new Uint8Array(1))), await errorOf(() => crypto.getRandomValues(new Uint8Array(1)))]
  })

  assert.deepEqual(answer, Array(3).fill('QuotaExceededError 22'))
})
