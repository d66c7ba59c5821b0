import assert from 'node:assert/strict'
import type { webcrypto } from 'node:crypto'
import { test } from 'node:test'
import { kit, startCrypto, type LooseSubtle } from './sandbox.ts'

const { same, inside } = await startCrypto({ operations: 10_000 })
const { subtle } = globalThis.crypto

const RSA = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
/** Every algorithm with two keys: what a pair is made with, what it is read with, what each key may do. */
const PAIRS = [
  { make: { name: 'RSASSA-PKCS1-v1_5', ...RSA, hash: 'SHA-1' }, uses: ['verify', 'sign'], sign: 'RSASSA-PKCS1-v1_5' },
  { make: { name: 'RSASSA-PKCS1-v1_5', ...RSA, hash: 'SHA-512' }, uses: ['verify', 'sign'], sign: { name: 'RSASSA-PKCS1-v1_5' } },
  { make: { name: 'RSA-PSS', ...RSA, hash: 'SHA-256' }, uses: ['verify', 'sign'], sign: { name: 'RSA-PSS', saltLength: 32 } },
  { make: { name: 'ECDSA', namedCurve: 'P-256' }, uses: ['verify', 'sign'], sign: { name: 'ECDSA', hash: 'SHA-256' } },
  { make: { name: 'ECDSA', namedCurve: 'P-384' }, uses: ['verify', 'sign'], sign: { name: 'ECDSA', hash: { name: 'SHA-384' } } },
  { make: { name: 'ECDSA', namedCurve: 'P-521' }, uses: ['verify', 'sign'], sign: { name: 'ECDSA', hash: 'SHA-512' } },
  { make: { name: 'Ed25519' }, uses: ['verify', 'sign'], sign: 'Ed25519' },
  { make: { name: 'RSA-OAEP', ...RSA, hash: 'SHA-384' }, uses: ['encrypt', 'decrypt'], seal: { name: 'RSA-OAEP', label: 'L' } },
  { make: { name: 'ECDH', namedCurve: 'P-256' }, uses: ['', 'deriveBits'] },
  { make: { name: 'ECDH', namedCurve: 'P-384' }, uses: ['', 'deriveBits'] },
  { make: { name: 'ECDH', namedCurve: 'P-521' }, uses: ['', 'deriveBits'] },
  { make: { name: 'X25519' }, uses: ['', 'deriveBits'] },
]

type Jwk = webcrypto.JsonWebKey
interface Transfer { formats: { pkcs8: string, spki: string }, jwks: { own: Jwk, open: Jwk }, read: object, openUses: string[], ownUse: string }
interface Signing { own: Jwk, open: Jwk, read: object, sign: unknown, signature: string }
interface Sealing { own: Jwk, open: Jwk, read: object, sealed: string }

/** Before the first test: when those that are known are over, the engine is closed. */
const made = await Promise.all(PAIRS.map(({ make, uses }) => {
  return subtle.generateKey(make as never, true, uses.filter(Boolean) as never) as Promise<unknown> as Promise<webcrypto.CryptoKeyPair> // two for each of these
}))

for (const [at, { make, uses: [openUse = '', ownUse = ''], sign, seal }] of PAIRS.entries()) {
  const generated = made[at]! // one for each
  const title = `${make.name} ${'namedCurve' in make ? make.namedCurve : ''}${'hash' in make ? make.hash : ''}`.trim()
  const { publicExponent: _, ...read } = { publicExponent: 0, ...make }
  const openUses = openUse === '' ? [] : [openUse]

  test(`${title}: keys go in and out in every format as they do with Node`, async () => {
    const formats = { pkcs8: kit.hex(await subtle.exportKey('pkcs8', generated.privateKey)), spki: kit.hex(await subtle.exportKey('spki', generated.publicKey)) }
    const jwks = { own: await subtle.exportKey('jwk', generated.privateKey), open: await subtle.exportKey('jwk', generated.publicKey) }

    await same(async ({ hex, bytes, errorOf }, { formats, jwks, read, openUses, ownUse }: Transfer) => {
      const subtle = crypto.subtle as LooseSubtle
      const describe = (key: CryptoKey) => ({ type: key.type, extractable: key.extractable, algorithm: key.algorithm, usages: key.usages })
      const keys: CryptoKey[] = [
        await subtle.importKey('pkcs8', bytes(formats.pkcs8), read, true, [ownUse]),
        await subtle.importKey('spki', bytes(formats.spki), read, true, openUses),
        await subtle.importKey('jwk', jwks.own, read, true, [ownUse]),
        await subtle.importKey('jwk', jwks.open, read, false, openUses),
      ]
      const out = []
      for (const key of keys) {
        out.push(describe(key))
        for (const format of ['raw', 'pkcs8', 'spki', 'jwk']) {
          const error = await errorOf(() => subtle.exportKey(format, key))
          const exported: unknown = error === 'no error' ? await subtle.exportKey(format, key) : error
          out.push(exported instanceof ArrayBuffer ? hex(exported) : exported)
          if (format === 'raw' && exported instanceof ArrayBuffer) out.push(describe(await subtle.importKey('raw', exported, read, true, openUses)))
        }
      }
      return out
    }, { formats, jwks, read, openUses, ownUse })
  })

  if (sign !== undefined) {
    test(`${title}: each reads what the other signed`, async () => {
      const message = kit.text('what is signed')
      const input = {
        own: await subtle.exportKey('jwk', generated.privateKey), open: await subtle.exportKey('jwk', generated.publicKey), read, sign,
        signature: kit.hex(await subtle.sign(sign as never, generated.privateKey, message)),
      }

      const [signature, ...verdicts] = await inside(async ({ hex, bytes, text }, { own, open, read, sign, signature }: Signing) => {
        const subtle = crypto.subtle as LooseSubtle
        const openKey: CryptoKey = await subtle.importKey('jwk', open, read, false, ['verify'])
        const made: ArrayBuffer = await subtle.sign(sign, await subtle.importKey('jwk', own, read, false, ['sign']), text('what is signed'))
        return [
          hex(made), await subtle.verify(sign, openKey, bytes(signature), text('what is signed')), await subtle.verify(sign, openKey, made, text('what is signed')),
          await subtle.verify(sign, openKey, made, text('what is not')), await subtle.verify(sign, openKey, new Uint8Array(3), text('what is signed')),
        ]
      }, { input }) as [string, ...boolean[]]

      assert.deepEqual(verdicts, [true, true, false, false])
      assert.equal(await subtle.verify(sign as never, generated.publicKey, kit.bytes(signature), message), true)
    })
  }

  if (seal !== undefined) {
    test(`${title}: each opens what the other sealed`, async () => {
      const algorithm = { ...seal, label: kit.text('L') }
      const sealed = kit.hex(await subtle.encrypt(algorithm, generated.publicKey, kit.text('secret')))
      const own = await subtle.exportKey('jwk', generated.privateKey)
      const open = await subtle.exportKey('jwk', generated.publicKey)

      const [opened, made] = await inside(async ({ hex, bytes, text }, { own, open, read, sealed }: Sealing) => {
        const subtle = crypto.subtle as LooseSubtle
        const algorithm = { name: 'RSA-OAEP', label: text('L') }
        const key = await subtle.importKey('jwk', own, read, false, ['decrypt'])
        const openKey = await subtle.importKey('jwk', open, read, false, ['encrypt'])
        return [hex(await subtle.decrypt(algorithm, key, bytes(sealed))), hex(await subtle.encrypt(algorithm, openKey, text('secret')))]
      }, { input: { own, open, read, sealed } }) as [string, string]

      assert.equal(opened, kit.hex(kit.text('secret')))
      assert.equal(kit.hex(await subtle.decrypt(algorithm, generated.privateKey, kit.bytes(made))), kit.hex(kit.text('secret')))
    })
  }
}
