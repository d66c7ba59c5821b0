import assert from 'node:assert/strict'
import type { webcrypto } from 'node:crypto'
import { test } from 'node:test'
import { startCrypto, type LooseSubtle } from './sandbox.ts'

const { same, inside } = await startCrypto({ operations: 10_000 })

test('digests of every kind of source, whole or in part, are those of Node', async () => {
  const digests = await same(async ({ hex }) => {
    const buffer = new Uint8Array(256).map((_, i) => i).buffer
    const sources = [
      buffer, new Uint8Array(buffer), new Uint8Array(buffer, 7, 100), new DataView(buffer), new DataView(buffer, 3, 9), new Float64Array(buffer, 8, 2), new BigInt64Array(buffer, 16),
      new Uint8ClampedArray(buffer, 255), new Int16Array(buffer, 2, 0), new Float16Array(buffer, 4, 3), new ArrayBuffer(0), new Uint8Array(10_001).fill(200),
    ]
    const digests = []
    for (const name of ['SHA-1', 'sha-256', { name: 'Sha-384' }, 'SHA-512']) {
      for (const source of sources) digests.push(hex(await crypto.subtle.digest(name, source)))
    }
    return digests
  }) as string[]

  assert.equal(digests.length, 48)
})

test('secret keys go in and out, raw and as JSON Web Keys, as they do with Node', async () => {
  await same(async ({ hex, bytes }) => {
    const { subtle } = crypto
    const out = []
    for (const [algorithm, usage] of [
      ['AES-CBC', 'encrypt'], ['AES-CTR', 'decrypt'], ['aes-gcm', 'wrapKey'], ['AES-KW', 'unwrapKey'], [{ name: 'HMAC', hash: 'SHA-1' }, 'sign'],
      [{ name: 'HMAC', hash: 'SHA-512', length: 127 }, 'verify'], [{ name: 'hmac', hash: { name: 'sha-384' } }, 'sign'],
    ] as const) {
      for (const size of [16, 24, 32]) {
        if (size > 16 && typeof algorithm === 'object' && 'length' in algorithm) continue
        const key = await subtle.importKey('raw', bytes('a5'.repeat(size)), algorithm, true, [usage])
        const jwk = await subtle.exportKey('jwk', key)
        const again = await subtle.importKey('jwk', jwk, algorithm, false, [usage])
        out.push(jwk, hex(await subtle.exportKey('raw', key)), again.type, again.extractable, again.algorithm, again.usages)
      }
    }
    return out
  })
})

test('what is encrypted is what Node encrypts, and is decrypted again', async () => {
  await same(async ({ hex, bytes, text }) => {
    const { subtle } = crypto
    const iv = bytes('000102030405060708090a0b0c0d0e0f')
    const out = []
    for (const size of [16, 24, 32]) {
      for (const algorithm of [
        { name: 'AES-CBC', iv }, { name: 'AES-CTR', counter: iv, length: 1 }, { name: 'AES-CTR', counter: bytes('ff'.repeat(16)), length: 128 },
        { name: 'AES-GCM', iv }, { name: 'AES-GCM', iv: iv.subarray(0, 12), tagLength: 96, additionalData: text('seen') }, { name: 'aes-gcm', iv, additionalData: new ArrayBuffer(0) },
      ]) {
        const key = await subtle.importKey('raw', bytes('5a'.repeat(size)), algorithm.name, false, ['encrypt', 'decrypt'])
        const sealed = await subtle.encrypt(algorithm, key, text('sixteen and more of them'))
        const opened = await subtle.decrypt(algorithm, key, sealed)
        out.push(hex(sealed), hex(opened), hex(await subtle.encrypt(algorithm, key, new ArrayBuffer(0))))
      }
    }
    return out
  })
})

test('HMACs are those of Node, and verified as there', async () => {
  await same(async ({ hex, bytes, text }) => {
    const { subtle } = crypto
    const out = []
    for (const hash of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) {
      const key = await subtle.importKey('raw', bytes('0c'.repeat(33)), { name: 'HMAC', hash }, false, ['sign', 'verify'])
      const mac = await subtle.sign('HMAC', key, text('x'))
      out.push(hex(mac), await subtle.verify('HMAC', key, mac, text('x')), await subtle.verify('HMAC', key, mac, text('y')), await subtle.verify('HMAC', key, new Uint8Array(), text('x')))
    }
    return out
  })
})

test('bits and keys derived are those of Node', async () => {
  await same(async ({ hex, text }) => {
    const { subtle } = crypto
    const out = []
    for (const hash of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) {
      for (const algorithm of [{ name: 'HKDF', hash, salt: text('s'), info: text('i') }, { name: 'PBKDF2', hash, salt: text('salt'), iterations: 10 }]) {
        const secret = await subtle.importKey('raw', text('secret'), algorithm.name, false, ['deriveBits', 'deriveKey'])
        out.push(hex(await subtle.deriveBits(algorithm, secret, 264)), (await subtle.deriveBits(algorithm, secret, 0)).byteLength)
        for (const wanted of [{ name: 'AES-GCM', length: 192 }, { name: 'HMAC', hash }, { name: 'HMAC', hash: 'SHA-384', length: 256 }]) {
          const key = await subtle.deriveKey(algorithm, secret, wanted, true, wanted.name === 'HMAC' ? ['sign'] : ['encrypt'])
          out.push(hex(await subtle.exportKey('raw', key)), key.algorithm, key.usages)
        }
      }
    }
    return out
  })
})

interface Agreement { algorithm: { name: string }, own: webcrypto.JsonWebKey, other: webcrypto.JsonWebKey }

test('two sides agree on a secret, of as many bits as are asked for', async () => {
  const { subtle } = globalThis.crypto
  for (const algorithm of [{ name: 'ECDH', namedCurve: 'P-256' }, { name: 'ECDH', namedCurve: 'P-384' }, { name: 'ECDH', namedCurve: 'P-521' }, { name: 'X25519' }]) {
    const own = await subtle.generateKey(algorithm, true, ['deriveBits', 'deriveKey']) as webcrypto.CryptoKeyPair // these are always pairs
    const other = await subtle.generateKey(algorithm, true, ['deriveBits', 'deriveKey']) as webcrypto.CryptoKeyPair
    const input: Agreement = { algorithm, own: await subtle.exportKey('jwk', own.privateKey), other: await subtle.exportKey('jwk', other.publicKey) }

    await same(async ({ hex, errorOf }, { algorithm, own, other }: Agreement) => {
      const subtle = crypto.subtle as LooseSubtle
      const baseKey = await subtle.importKey('jwk', own, algorithm, false, ['deriveBits', 'deriveKey'])
      const publicKey = await subtle.importKey('jwk', other, algorithm, false, [])
      const peer = { name: algorithm.name, public: publicKey }
      const key = await subtle.deriveKey(peer, baseKey, { name: 'AES-CBC', length: 256 }, true, ['encrypt'])
      return [
        hex(await subtle.deriveBits(peer, baseKey, null)), hex(await subtle.deriveBits(peer, baseKey)), hex(await subtle.deriveBits(peer, baseKey, 128)), hex(await subtle.deriveBits(peer, baseKey, 131)),
        hex(await subtle.exportKey('raw', key)), await errorOf(() => subtle.deriveBits(peer, baseKey, 600)),
      ]
    }, input)
  }
})

test('keys of every kind are wrapped with every cipher and come back as they were', async () => {
  const failed = await inside(async ({ hex, bytes }) => {
    const subtle = crypto.subtle as LooseSubtle
    const iv = bytes('00'.repeat(16))
    const oaep: webcrypto.CryptoKeyPair = await subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 4096, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-1' }, false, ['wrapKey', 'unwrapKey'])
    const secret = (name: string) => subtle.generateKey({ name, length: 256 }, false, ['wrapKey', 'unwrapKey'])
    const [cbc, ctr, gcm, kw] = [await secret('AES-CBC'), await secret('AES-CTR'), await secret('AES-GCM'), await secret('AES-KW')]
    const wrappers: [unknown, CryptoKey, CryptoKey, boolean][] = [
      [{ name: 'AES-CBC', iv }, cbc, cbc, true], [{ name: 'AES-CTR', counter: iv, length: 64 }, ctr, ctr, true], [{ name: 'AES-GCM', iv }, gcm, gcm, true],
      ['AES-KW', kw, kw, false], ['RSA-OAEP', oaep.publicKey, oaep.privateKey, false],
    ]
    const aes: CryptoKey = await subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt'])
    const pair: webcrypto.CryptoKeyPair = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    const keys: [string, CryptoKey, unknown, webcrypto.KeyUsage[]][] = [
      ['raw', aes, 'AES-GCM', ['encrypt']], ['jwk', aes, 'AES-GCM', ['encrypt']], ['pkcs8', pair.privateKey, { name: 'ECDSA', namedCurve: 'P-256' }, ['sign']],
      ['spki', pair.publicKey, { name: 'ECDSA', namedCurve: 'P-256' }, ['verify']], ['jwk', pair.privateKey, { name: 'ECDSA', namedCurve: 'P-256' }, ['sign']],
    ]
    const failed = []
    for (const [algorithm, wrapping, unwrapping, isAnySize] of wrappers) {
      for (const [format, key, read, uses] of keys) {
        if (!isAnySize && format !== 'raw') continue
        const wrapped = await subtle.wrapKey(format, key, wrapping, algorithm)
        const back: CryptoKey = await subtle.unwrapKey(format, wrapped, unwrapping, algorithm, read, true, uses)
        const as = format === 'jwk' ? (key === aes ? 'raw' : 'pkcs8') : format
        const [before, after] = [await subtle.exportKey(as, key), await subtle.exportKey(as, back)]
        if (hex(before) !== hex(after) || back.usages.join() !== uses.join()) failed.push([algorithm, format])
      }
    }
    return failed
  })

  assert.deepEqual(failed, [])
})

test('keys that are made are what was asked for', async () => {
  await same(async () => {
    const subtle = crypto.subtle as LooseSubtle
    const rsa = { modulusLength: 1024, publicExponent: new Uint8Array([3]), hash: 'SHA-256' }
    const out = []
    for (const [algorithm, usages] of [
      [{ name: 'AES-CBC', length: 128 }, ['decrypt', 'encrypt', 'decrypt']], [{ name: 'AES-KW', length: 192 }, ['wrapKey']], [{ name: 'HMAC', hash: 'SHA-512' }, ['sign']],
      [{ name: 'HMAC', hash: 'sha-1', length: 77 }, ['verify']], [{ name: 'RSA-PSS', ...rsa }, ['sign', 'verify']], [{ name: 'RSA-OAEP', ...rsa }, ['unwrapKey', 'wrapKey', 'decrypt']],
      [{ name: 'ecdsa', namedCurve: 'P-384' }, ['sign']], [{ name: 'ECDH', namedCurve: 'P-521' }, ['deriveKey', 'deriveBits']], ['ed25519', ['sign', 'verify']], ['X25519', ['deriveKey']],
    ] as [unknown, string[]][]) {
      for (const extractable of [true, false]) {
        const made = await subtle.generateKey(algorithm, extractable, usages) as CryptoKey | webcrypto.CryptoKeyPair
        const keys = 'privateKey' in made ? [made.publicKey, made.privateKey] : [made]
        for (const key of keys) out.push(key.type, key.extractable, key.algorithm, key.usages, Object.keys(made))
      }
    }
    return out
  })
})
