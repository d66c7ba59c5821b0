import assert from 'node:assert/strict'
import type { webcrypto } from 'node:crypto'
import { test } from 'node:test'
import { startCrypto, type Kit, type LooseSubtle } from './sandbox.ts'

const { same, inside } = await startCrypto({ operations: 10_000 })

test('what is wrong with a call is told by the same errors as with Node', async () => {
  const names = await same(async ({ bytes, text, errorOf }: Kit) => {
    const subtle = crypto.subtle as LooseSubtle
    const iv = bytes('00'.repeat(16))
    const use = ['encrypt', 'decrypt']
    const cbc = await subtle.importKey('raw', iv, 'AES-CBC', false, use)
    const gcm: webcrypto.CryptoKey = await subtle.importKey('raw', iv, 'AES-GCM', true, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'])
    const kw = await subtle.importKey('raw', iv, 'AES-KW', true, ['wrapKey', 'unwrapKey'])
    const hmac = await subtle.importKey('raw', iv, { name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])
    const rsa: webcrypto.CryptoKeyPair = await subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, use)
    const pss: webcrypto.CryptoKeyPair = await subtle.generateKey({ name: 'RSA-PSS', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-512' }, true, ['sign', 'verify'])
    const ec: webcrypto.CryptoKeyPair = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    const p256: webcrypto.CryptoKeyPair = await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits'])
    const p384: webcrypto.CryptoKeyPair = await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-384' }, false, ['deriveBits'])
    const secret = await subtle.importKey('raw', text('x'), 'PBKDF2', false, ['deriveBits'])
    const hkdf = await subtle.importKey('raw', text('x'), 'HKDF', false, ['deriveBits'])
    const pbkdf2 = { name: 'PBKDF2', hash: 'SHA-256', salt: iv, iterations: 1 }
    const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' }
    const calls: (() => unknown)[] = [
      // No such algorithm, or not for this
      () => subtle.digest('MD5', iv), () => subtle.digest('', iv), () => subtle.digest('AES-CBC', iv), () => subtle.digest('SHA-1\u0000', iv),
      () => subtle.digest('__proto__', iv), () => subtle.digest('constructor', iv), () => subtle.digest('toString', iv), () => subtle.encrypt('HMAC', cbc, iv),
      () => subtle.generateKey('PBKDF2', false, ['deriveBits']), () => subtle.generateKey({ name: 'DES', length: 64 }, false, use), () => subtle.sign({ name: 'ECDSA', hash: 'MD5' }, ec.privateKey, iv),
      () => subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-255' }, false, ['sign']), () => subtle.importKey('raw', iv, { name: 'ECDSA', namedCurve: 'K-256' }, false, ['verify']),
      // Members that are missing or wrong
      () => subtle.digest({}, iv), () => subtle.digest({ name: undefined }, iv), () => subtle.digest(undefined, iv), () => subtle.digest(null, iv), () => subtle.digest(Symbol('x'), iv),
      () => subtle.encrypt('AES-CBC', cbc, iv), () => subtle.encrypt({ name: 'AES-CBC', iv: 'text' }, cbc, iv), () => subtle.encrypt({ name: 'AES-CBC', iv: null }, cbc, iv),
      () => subtle.encrypt({ name: 'AES-CBC', iv: bytes('00') }, cbc, iv), () => subtle.encrypt({ name: 'AES-GCM', iv, tagLength: 7 }, gcm, iv),
      () => subtle.encrypt({ name: 'AES-GCM', iv, tagLength: 256 }, gcm, iv), () => subtle.encrypt({ name: 'AES-GCM', iv, tagLength: -1 }, gcm, iv), () => subtle.encrypt({ name: 'AES-GCM', iv, tagLength: NaN }, gcm, iv),
      () => subtle.encrypt({ name: 'AES-GCM', iv, additionalData: {} }, gcm, iv), () => subtle.generateKey({ name: 'AES-CBC', length: 100 }, false, use),
      () => subtle.generateKey({ name: 'AES-CBC', length: 65_536 }, false, use), () => subtle.generateKey({ name: 'AES-CBC' }, false, use), () => subtle.generateKey({ name: 'AES-CBC', length: 128n }, false, use),
      () => subtle.generateKey({ name: 'HMAC', hash: 'SHA-1', length: 0 }, false, ['sign']), () => subtle.generateKey({ name: 'HMAC' }, false, ['sign']),
      () => subtle.generateKey({ name: 'RSA-PSS', hash: 'SHA-1', modulusLength: 1024, publicExponent: [1, 0, 1] }, false, ['sign']),
      () => subtle.generateKey({ name: 'RSA-PSS', hash: 'SHA-1', modulusLength: 1024, publicExponent: new Uint16Array([3]) }, false, ['sign']),
      () => subtle.generateKey({ name: 'RSA-PSS', hash: 'SHA-1', modulusLength: 1024, publicExponent: new Uint8Array([2]) }, false, ['sign']),
      () => subtle.generateKey({ name: 'RSA-PSS', hash: 'SHA-1', modulusLength: 100, publicExponent: new Uint8Array([3]) }, false, ['sign']),
      () => subtle.deriveBits({ ...pbkdf2, iterations: 0 }, secret, 8), () => subtle.deriveBits({ ...pbkdf2, iterations: -1 }, secret, 8), () => subtle.deriveBits({ ...pbkdf2, iterations: 2 ** 32 }, secret, 8),
      () => subtle.deriveBits(pbkdf2, secret, 7), () => subtle.deriveBits(pbkdf2, secret), () => subtle.deriveBits(pbkdf2, secret, null), () => subtle.deriveBits({ ...pbkdf2, name: 'HKDF' }, hkdf, 8),
      () => subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: iv, info: iv }, hkdf, 255 * 256 + 8), () => subtle.deriveBits({ name: 'ECDH', public: p384.publicKey }, p256.privateKey, 8),
      () => subtle.deriveBits({ name: 'ECDH', public: p256.privateKey }, p256.privateKey, 8), () => subtle.deriveBits({ name: 'ECDH', public: cbc }, p256.privateKey, 8),
      () => subtle.deriveBits({ name: 'ECDH', public: {} }, p256.privateKey, 8), () => subtle.deriveBits({ name: 'ECDH', public: p256.publicKey }, p256.publicKey, 8),
      () => subtle.sign({ name: 'RSA-PSS', saltLength: 900 }, pss.privateKey, iv), () => subtle.sign({ name: 'RSA-PSS', saltLength: 2 ** 32 - 1 }, pss.privateKey, iv),
      // Keys that may not, or do not fit
      () => subtle.encrypt({ name: 'AES-CBC', iv }, gcm, iv), () => subtle.encrypt({ name: 'AES-GCM', iv }, hmac, iv), () => subtle.verify('HMAC', hmac, iv, iv), () => subtle.sign('HMAC', {}, iv),
      () => subtle.encrypt('RSA-OAEP', rsa.privateKey, iv), () => subtle.decrypt('RSA-OAEP', rsa.publicKey, iv), () => subtle.encrypt('RSA-OAEP', rsa.publicKey, new Uint8Array(500)),
      () => subtle.decrypt('RSA-OAEP', rsa.privateKey, new Uint8Array(128)), () => subtle.sign({ name: 'ECDSA', hash: 'SHA-1' }, ec.publicKey, iv), () => subtle.sign('Ed25519', ec.privateKey, iv),
      () => subtle.deriveBits(pbkdf2, hkdf, 8), () => subtle.deriveKey(pbkdf2, secret, { name: 'AES-CBC', length: 128 }, true, use), () => subtle.deriveKey(pbkdf2, secret, 'RSA-OAEP', true, use),
      // Data that is not what it should be
      () => subtle.decrypt({ name: 'AES-CBC', iv }, cbc, new Uint8Array(15)), () => subtle.decrypt({ name: 'AES-CBC', iv }, cbc, new Uint8Array(32)), () => subtle.decrypt({ name: 'AES-GCM', iv }, gcm, new Uint8Array(3)),
      () => subtle.decrypt({ name: 'AES-GCM', iv }, gcm, new Uint8Array(64)), () => subtle.digest('SHA-1', 'text'), () => subtle.digest('SHA-1', [1]), () => subtle.digest('SHA-1', null), () => subtle.digest('SHA-1'),
      () => subtle.importKey('raw', new Uint8Array(5), 'AES-CBC', true, use), () => subtle.importKey('raw', new Uint8Array(0), { name: 'HMAC', hash: 'SHA-1' }, true, ['sign']),
      () => subtle.importKey('raw', iv, { name: 'HMAC', hash: 'SHA-1', length: 200 }, true, ['sign']), () => subtle.importKey('raw', new Uint8Array(65), ecdsa, true, ['verify']),
      () => subtle.importKey('raw', bytes(`04${'01'.repeat(64)}`), ecdsa, true, ['verify']), () => subtle.importKey('raw', new Uint8Array(31), 'Ed25519', true, ['verify']),
      () => subtle.importKey('spki', iv, ecdsa, true, ['verify']), () => subtle.importKey('pkcs8', iv, 'Ed25519', true, ['sign']), () => subtle.importKey('pkcs8', new Uint8Array(0), { name: 'RSA-PSS', hash: 'SHA-1' }, true, ['sign']),
      () => subtle.importKey('jwk', {}, 'AES-CBC', true, use), () => subtle.importKey('jwk', { kty: 'oct' }, 'AES-CBC', true, use), () => subtle.importKey('jwk', { kty: 'oct', k: '!' }, 'AES-CBC', true, use),
      () => subtle.importKey('jwk', { kty: 'RSA', k: 'AAAAAAAAAAAAAAAAAAAAAA' }, 'AES-CBC', true, use), () => subtle.importKey('jwk', { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA', ext: false }, 'AES-CBC', true, use),
      () => subtle.importKey('jwk', { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA', alg: 'A256CBC' }, 'AES-CBC', true, use), () => subtle.importKey('jwk', { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA', use: 'sig' }, 'AES-CBC', true, use),
      () => subtle.importKey('jwk', { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA', key_ops: ['sign'] }, 'AES-CBC', true, use), () => subtle.importKey('jwk', { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA', key_ops: 'encrypt' }, 'AES-CBC', true, use),
      () => subtle.importKey('jwk', { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA', key_ops: ['encrypt', 'encrypt'] }, 'AES-CBC', true, use), () => subtle.importKey('jwk', { kty: 'EC', crv: 'P-384', x: 'AA', y: 'AA' }, ecdsa, true, ['verify']),
      () => subtle.importKey('jwk', { kty: 'RSA', n: 'AQAB', e: 'AQAB', d: 'AQ', oth: [] }, { name: 'RSA-PSS', hash: 'SHA-1' }, true, ['sign']), () => subtle.importKey('jwk', undefined, 'AES-CBC', true, use),
      () => subtle.importKey('raw', {}, 'AES-CBC', true, use), () => subtle.importKey('raw', 5, 'AES-CBC', true, use),
      // Formats and usages
      () => subtle.importKey('RAW', iv, 'AES-CBC', true, use), () => subtle.importKey('toString', iv, 'AES-CBC', true, use), () => subtle.importKey('pkcs8', iv, 'AES-CBC', true, use), () => subtle.importKey('spki', iv, 'PBKDF2', false, ['deriveBits']),
      () => subtle.importKey('raw', iv, 'AES-CBC', true, []), () => subtle.importKey('raw', iv, 'AES-CBC', true, ['sign']), () => subtle.importKey('raw', iv, 'AES-CBC', true, ['shred']), () => subtle.importKey('raw', iv, 'AES-CBC', true, 'encrypt'),
      () => subtle.importKey('raw', iv, 'AES-CBC', true, { length: 0 }), () => subtle.importKey('raw', iv, 'AES-CBC', true), () => subtle.importKey('raw', iv, 'PBKDF2', true, ['deriveBits']), () => subtle.importKey('raw', iv, 'HKDF', false, ['sign']),
      () => subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, []), () => subtle.generateKey('Ed25519', true, []), () => subtle.generateKey('Ed25519', true, ['verify']), () => subtle.generateKey('X25519', true, ['sign']), () => subtle.generateKey(ecdsa, true, ['encrypt']),
      () => subtle.exportKey('raw', cbc), () => subtle.exportKey('jwk', ec.privateKey), () => subtle.exportKey('spki', gcm), () => subtle.exportKey('pkcs8', rsa.publicKey), () => subtle.exportKey('spki', rsa.privateKey),
      () => subtle.exportKey('raw', rsa.publicKey), () => subtle.exportKey('raw', secret), () => subtle.exportKey('raw', { ...gcm }), () => subtle.exportKey('raw'),
      () => subtle.wrapKey('raw', cbc, kw, 'AES-KW'), () => subtle.wrapKey('raw', gcm, cbc, { name: 'AES-CBC', iv }), () => subtle.wrapKey('raw', gcm, kw, 'HMAC'), () => subtle.wrapKey('spki', gcm, kw, 'AES-KW'),
      () => subtle.unwrapKey('raw', new Uint8Array(24), kw, 'AES-KW', 'AES-CBC', true, use), () => subtle.unwrapKey('raw', new Uint8Array(3), kw, 'AES-KW', 'AES-CBC', true, use),
      () => subtle.unwrapKey('jwk', new Uint8Array(40), gcm, { name: 'AES-GCM', iv }, 'AES-CBC', true, use), () => subtle.unwrapKey('raw', new Uint8Array(24), kw, 'AES-KW', 'MD5', true, use),
      // Not on the object it belongs to
      () => subtle.digest.call({}, 'SHA-1', iv), () => subtle.digest.call(undefined, 'SHA-1', iv), () => crypto.getRandomValues.call({} as Crypto, iv), () => crypto.randomUUID.call(undefined as never),
    ]
    const names = []
    for (const call of calls) names.push(`${String(call).replaceAll('\n', ' ')}: ${await errorOf(call)}`)
    return names
  }) as string[]

  assert.ok(names.length > 100)
  assert.deepEqual(names.filter((name) => name.endsWith('no error')), [])
})

test('where Node strays from the standard, the standard counts', async () => {
  const errors = await inside(async ({ bytes, errorOf }: Kit) => [
    await errorOf(() => crypto.subtle.digest('\u017fHA-1', bytes('00'))), // a letter that is an S in capitals
    await errorOf(() => crypto.subtle.importKey('jwk', bytes('00') as never, 'AES-CBC', true, ['encrypt'])),
  ])

  assert.deepEqual(errors, ['NotSupportedError 9', 'TypeError'])
})

test('an unwrapped key that is not what it claims to be is a DataError', async () => {
  await same(async ({ bytes, text, errorOf }: Kit) => {
    const iv = bytes('00'.repeat(12))
    const key = await crypto.subtle.importKey('raw', bytes('00'.repeat(16)), 'AES-GCM', false, ['encrypt', 'unwrapKey'])
    const errors = []
    for (const wrapped of ['{', '[]', 'null', '{"kty":"oct"}', '{"kty":"oct","k":"AAAA"}', '{"__proto__":{"kty":"oct"}}', '\u0080', '']) {
      const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, text(wrapped))
      errors.push(await errorOf(() => crypto.subtle.unwrapKey('jwk', sealed, key, { name: 'AES-GCM', iv }, 'AES-CBC', true, ['encrypt'])))
    }
    return errors
  })
})

test('a message says what was tried and what was wrong, and nothing of the host', async () => {
  const messages = await inside(async ({ bytes }: Kit) => {
    const iv = bytes('00'.repeat(16))
    const key = await crypto.subtle.importKey('raw', iv, 'AES-CBC', false, ['decrypt'])
    const messages: string[] = []
    const calls: (() => Promise<unknown>)[] = [
      () => crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, iv), () => crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, iv), () => crypto.subtle.exportKey('raw', key),
      () => crypto.subtle.importKey('pkcs8', iv, 'Ed25519', false, ['sign']), () => crypto.subtle.decrypt({ name: 'AES-CBC', iv: iv.subarray(1) }, key, iv),
    ]
    for (const call of calls) await call().then(() => messages.push('none'), (error: Error) => messages.push(error.message, String(error.stack)))
    return messages
  }) as string[]

  assert.deepEqual(messages.filter((_, at) => at % 2 === 0), [
    'Cannot decrypt: the operation failed', 'Cannot encrypt: Unable to use this key to encrypt', 'Cannot exportKey: key is not extractable',
    'Cannot importKey: Invalid keyData', 'Cannot decrypt: algorithm.iv must contain exactly 16 bytes',
  ])
  assert.doesNotMatch(messages.join('\n'), /OpenSSL|provider|node:|file:|\/src\/|error:[0-9A-F]/)
})
