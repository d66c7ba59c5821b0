import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCrypto } from '../../../src/engine/runner/natives/crypto.ts'
import { NativeError, type Native } from '../../../src/engine/runner/natives/native.ts'

// What a guest that was broken out of could send: nothing of it has been through the guest's own checks.

const bytes = Buffer.from('0123456789abcdef0123456789abcdef')
const all = { at: 0, size: 32 }
const part = (size: number) => ({ at: 0, size })

async function failureOf (native: Native, method: string, args: unknown, given = bytes): Promise<string> {
  try {
    await native.call(method, args, given)
    return 'no failure'
  } catch (error) {
    assert.ok(error instanceof NativeError, String(error))
    return `${error.name}: ${error.message}`
  }
}

/** A native with an AES key (1) that cannot be exported. */
async function createWithKey (config: unknown = {}): Promise<Native> {
  const native = createCrypto(config)
  await native.call('importKey', { format: 'raw', keyData: part(16), algorithm: { name: 'AES-CBC' }, extractable: false, usages: ['encrypt', 'decrypt'] }, bytes)
  return native
}

const FORGED: [what: string, method: string, args: unknown, message: string][] = [
  ['no arguments', 'digest', undefined, 'TypeError: Cannot digest: The arguments are not an object'],
  ['null', 'digest', null, 'TypeError: Cannot digest: The arguments are not an object'],
  ['an algorithm that is a text', 'digest', { algorithm: 'SHA-1', data: all }, 'TypeError: Cannot digest: The arguments are not an object'],
  ['a name that is not a text', 'digest', { algorithm: { name: ['SHA-1'] }, data: all }, 'TypeError: Cannot digest: name is not a string'],
  ['a name of Object.prototype', 'digest', { algorithm: { name: 'constructor' }, data: all }, 'NotSupportedError: Cannot digest: Unrecognized algorithm name'],
  ['an algorithm of Node that is in no table', 'digest', { algorithm: { name: 'SHA3-256' }, data: all }, 'NotSupportedError: Cannot digest: Unrecognized algorithm name'],
  ['a name in another case', 'digest', { algorithm: { name: 'sha-1' }, data: all }, 'NotSupportedError: Cannot digest: Unrecognized algorithm name'],
  ['bytes beyond the end', 'digest', { algorithm: { name: 'SHA-1' }, data: { at: 0, size: 33 } }, 'TypeError: Cannot digest: size is not an integer from 0 to 32'],
  ['bytes before the beginning', 'digest', { algorithm: { name: 'SHA-1' }, data: { at: -1, size: 1 } }, 'TypeError: Cannot digest: at is not an integer from 0 to 32'],
  ['half a byte', 'digest', { algorithm: { name: 'SHA-1' }, data: { at: 0.5, size: 1 } }, 'TypeError: Cannot digest: at is not an integer from 0 to 32'],
  ['a length that is a text', 'digest', { algorithm: { name: 'SHA-1' }, data: { at: 0, size: '1' } }, 'TypeError: Cannot digest: size is not an integer from 0 to 32'],
  ['no data', 'digest', { algorithm: { name: 'SHA-1' } }, 'TypeError: Cannot digest: The arguments are not an object'],
  ['a key that is not there', 'encrypt', { algorithm: { name: 'AES-CBC', iv: part(16) }, key: 2, data: all }, 'TypeError: Cannot encrypt: key is not a key of this run'],
  ['a key by its name', 'encrypt', { algorithm: { name: 'AES-CBC', iv: part(16) }, key: '1', data: all }, 'TypeError: Cannot encrypt: key is not a key of this run'],
  ['a key that is an object', 'exportKey', { format: 'raw', key: { type: 'secret' } }, 'TypeError: Cannot exportKey: key is not a key of this run'],
  ['a key that may not leave', 'exportKey', { format: 'raw', key: 1, extractable: true }, 'InvalidAccessError: Cannot exportKey: key is not extractable'],
  ['a key that may not leave, wrapped', 'wrapKey', { format: 'raw', key: 1, wrappingKey: 1, algorithm: { name: 'AES-CBC', iv: part(16) } }, 'InvalidAccessError: Cannot wrapKey: Unable to use this key to wrapKey'],
  ['a use that a key was not given', 'sign', { algorithm: { name: 'HMAC' }, key: 1, data: all }, 'InvalidAccessError: Cannot sign: Key algorithm mismatch'],
  ['a format of Node that is not the standard\'s', 'exportKey', { format: 'raw-secret', key: 1 }, 'TypeError: Cannot exportKey: format is not one of raw, pkcs8, spki, jwk'],
  ['a hash of Node that is in no table', 'generateKey', { algorithm: { name: 'HMAC', hash: 'SHA3-256' }, extractable: true, usages: ['sign'] }, 'TypeError: Cannot generateKey: hash is not one of SHA-1, SHA-256, SHA-384, SHA-512'],
  ['usages that are no list', 'generateKey', { algorithm: { name: 'Ed25519' }, extractable: true, usages: 'sign' }, 'TypeError: Cannot generateKey: usages is not a list of strings'],
  ['a list that is too long', 'generateKey', { algorithm: { name: 'Ed25519' }, extractable: true, usages: Array(65).fill('sign') }, 'TypeError: Cannot generateKey: usages is not a list of strings'],
  ['a usage that there is not', 'generateKey', { algorithm: { name: 'Ed25519' }, extractable: true, usages: ['encapsulateKey'] }, 'TypeError: Cannot generateKey: usages is not a list of encrypt, decrypt, sign, verify, deriveKey, deriveBits, wrapKey, unwrapKey'],
  ['extractable that is not a boolean', 'generateKey', { algorithm: { name: 'Ed25519' }, extractable: 1, usages: ['sign'] }, 'TypeError: Cannot generateKey: extractable is not a boolean'],
  ['a method of Node that is not the standard\'s', 'getPublicKey', { key: 1 }, 'NotSupportedError: Cannot call: the method is unknown or not allowed'],
  ['a method of Object.prototype', 'constructor', {}, 'NotSupportedError: Cannot call: the method is unknown or not allowed'],
  ['a method that answers at once', 'random', { size: 1 }, 'NotSupportedError: Cannot call: the method is unknown or not allowed'],
]
for (const [what, method, args, message] of FORGED) {
  test(`${what} is refused`, async () => {
    assert.equal(await failureOf(await createWithKey(), method, args), message)
  })
}

test('members are only those that arguments have themselves, and names of no table are left out', async () => {
  const native = createCrypto({})
  await native.call('importKey', { format: 'raw', keyData: part(16), algorithm: { name: 'AES-GCM' }, extractable: false, usages: ['encrypt'] }, bytes)
  const algorithm = Object.assign(Object.create({ tagLength: 32 }), { name: 'AES-GCM', iv: part(12), other: { at: 0, size: 99 } })

  const answer = await native.call('encrypt', { algorithm, key: 1, data: part(1) }, bytes)

  assert.equal(answer.bytes?.length, 17) // a byte, and a tag of the 16 that are the default
})

test('a run has its own keys: the number of another\'s is nobody\'s', async () => {
  await createWithKey()

  assert.equal(await failureOf(createCrypto({}), 'exportKey', { format: 'raw', key: 1 }), 'TypeError: Cannot exportKey: key is not a key of this run')
})

test('operations, bytes and keys are counted here, whatever the guest counted', async () => {
  const few = createCrypto({ operations: 2, bytes: 16 })
  const many = createCrypto({ operations: 100_000 })
  const make = () => many.call('importKey', { format: 'raw', keyData: part(1), algorithm: { name: 'HKDF' }, extractable: false, usages: ['deriveBits'] }, bytes)

  assert.equal(await failureOf(few, 'digest', { algorithm: { name: 'SHA-1' }, data: all }), 'QuotaExceededError: Cannot digest: data has 32 bytes, more than 16')
  assert.equal(few.callSync('random', { size: 16 }, bytes).bytes?.length, 16)
  assert.equal(await failureOf(few, 'digest', { algorithm: { name: 'SHA-1' }, data: part(1) }), 'QuotaExceededError: Cannot digest: 2 operations were made, the limit')
  assert.throws(() => few.callSync('random', { size: 1 }, bytes), { name: 'QuotaExceededError' })
  for (let i = 0; i < 2000; i++) await make()
  await assert.rejects(make(), { name: 'QuotaExceededError', message: 'Cannot importKey: A run may have 2000 keys' })
})

test('random bytes come in any number up to the quota', () => {
  const native = createCrypto({ bytes: 1_000_000 })

  assert.equal(native.callSync('random', { size: 65_536 }, bytes).bytes?.length, 65_536)
  for (const size of [65_537, -1, 0.5, '1', null, undefined]) {
    assert.throws(() => native.callSync('random', { size }, bytes), { name: 'TypeError', message: 'Cannot get random bytes: size is not an integer from 0 to 65536' })
  }
  assert.throws(() => native.callSync('digest', {}, bytes), { name: 'NotSupportedError' })
})

test('a method that is not on the list is refused, and so is randomness when neither method of it is', async () => {
  const native = createCrypto({ methods: ['digest'] })

  assert.equal(await failureOf(native, 'sign', {}), 'NotSupportedError: Cannot call: the method is unknown or not allowed')
  assert.throws(() => native.callSync('random', { size: 1 }, bytes), { name: 'NotSupportedError' })
  assert.equal((await native.call('digest', { algorithm: { name: 'SHA-1' }, data: all }, bytes)).bytes?.length, 20)
})

test('work is done one piece after another and measured, and none is begun when the run is over', async () => {
  const native = createCrypto({})
  const make = () => native.call('generateKey', { algorithm: { name: 'RSA-PSS', modulusLength: 2048, publicExponent: part(1), hash: 'SHA-1' }, extractable: false, usages: ['sign'] }, Buffer.from([3]))
  const [first, second] = [make(), make()]
  await first
  native.close()

  const [end, late] = await Promise.allSettled([second, make()])

  assert.ok(native.cpuMs > 1, `${native.cpuMs} ms`)
  assert.equal(late.status === 'rejected' && (late.reason as NativeError).message, 'Cannot generateKey: The run is over')
  assert.ok(end.status === 'fulfilled' || (end.reason as NativeError).message === 'Cannot generateKey: The run is over')
})
