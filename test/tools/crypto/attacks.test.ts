import assert from 'node:assert/strict'
import { test } from 'node:test'
import { walkGlobals } from '../../engine/guest/walk-globals.ts'
import { startCrypto, type Kit, type LooseSubtle } from './sandbox.ts'

const { inside, run } = await startCrypto({ operations: 10_000 })

/** Uses every method and hands the outcome over as text, with what it captured before anything was broken. */
const USE_EVERYTHING = `
  const { subtle } = crypto
  const view = (buffer) => new U8(buffer)
  const U8 = Uint8Array
  const iv = new U8(16)
  const aes = await subtle.importKey('raw', new U8(16), 'AES-GCM', true, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'])
  const sealed = await subtle.encrypt({ name: 'AES-GCM', iv, additionalData: iv, tagLength: 128 }, aes, new U8(3))
  const opened = view(await subtle.decrypt({ name: 'AES-GCM', iv, additionalData: iv, tagLength: 128 }, aes, sealed))
  const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const signature = await subtle.sign({ name: 'ECDSA', hash: { name: 'SHA-256' } }, pair.privateKey, opened)
  const verified = await subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, pair.publicKey, signature, opened)
  const jwk = await subtle.exportKey('jwk', pair.privateKey)
  const again = await subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  const secret = await subtle.importKey('raw', iv, 'HKDF', false, ['deriveBits', 'deriveKey'])
  const hkdf = { name: 'HKDF', hash: 'SHA-1', salt: iv, info: iv }
  const bits = view(await subtle.deriveBits(hkdf, secret, 64))
  const derived = await subtle.deriveKey(hkdf, secret, { name: 'HMAC', hash: 'SHA-1', length: 64 }, true, ['sign'])
  const wrapped = await subtle.wrapKey('raw', derived, aes, { name: 'AES-GCM', iv })
  const unwrapped = await subtle.unwrapKey('raw', wrapped, aes, { name: 'AES-GCM', iv }, { name: 'HMAC', hash: 'SHA-1', length: 64 }, true, ['sign'])
  const raw = view(await subtle.exportKey('raw', unwrapped))
  const random = crypto.getRandomValues(new U8(64))
  const uuid = crypto.randomUUID()
  let error
  try { await subtle.sign('HMAC', aes, iv) } catch (thrown) { error = thrown.name }
  const digest = view(await subtle.digest('sha-1', opened))
  let isSame = true
  for (let i = 0; i < 8; i++) if (raw[i] !== bits[i]) isSame = false
  const seen = '' + opened[0] + opened[1] + opened[2] + verified + isSame + again.type + error + digest[0] + (uuid !== crypto.randomUUID()) + (random[0] + random[1] + random[2] + random[3] > 0)
`
const EXPECTED = '000truetrueprivateInvalidAccessError41truetrue'

test('cryptography is right whatever user code did to the language', async () => {
  const { report: { outcome } } = await run(`
    const forge = (name) => function () { return 'forged' }
    const typed = Object.getPrototypeOf(Uint8Array.prototype)
    export default async () => {
      for (const holder of [Array, String, Object, Function, Reflect, JSON, Number, Math, Symbol, Map, Set, WeakMap, Error, TypeError, ArrayBuffer, DataView, DOMException, CryptoKey, SubtleCrypto,
        Object.getPrototypeOf(Uint8Array), typed, Array.prototype, String.prototype, Function.prototype, Number.prototype, Map.prototype, Set.prototype, Symbol.prototype, Error.prototype,
        ArrayBuffer.prototype, DataView.prototype, Uint8Array.prototype, CryptoKey.prototype, DOMException.prototype, Object.getPrototypeOf([][Symbol.iterator]())]) {
        for (const key of Reflect.ownKeys(holder)) {
          if (['prototype', 'constructor', 'name', 'type'].includes(key) || (holder === Array.prototype && key === Symbol.iterator) || (key === 'next')) continue
          try { Object.defineProperty(holder, key, { value: forge(key), configurable: true, writable: true }) } catch {}
        }
      }
      ${USE_EVERYTHING}
      return seen
    }`.replace("['prototype', 'constructor', 'name', 'type'].includes(key)", "key === 'prototype' || key === 'constructor' || key === 'name' || key === 'type'"))

  assert.equal(outcome.type === 'succeeded' ? outcome.result : JSON.stringify(outcome), JSON.stringify(EXPECTED))
})

test('no accessor on a prototype is handed anything that is not user code\'s own', async () => {
  const { report: { outcome } } = await run(`
    export default async () => {
      const touched = []
      const KEYS = ['name', 'kind', 'required', 'members', 'algorithm', 'at', 'size', 'id', 'text', 'bytes', 'value', 'get', 'set', 'writable', 'enumerable', 'configurable', 'type', 'extractable', 'usages',
        'publicKey', 'privateKey', 'publicExponent', 'hash', 'length', 'iv', 'data', 'key', 'format', 'keyData', 'derived', 'wrappingKey', 'unwrappingKey', 'wrappedKey', 'unwrapped', 'signature', 'toJSON',
        'operations', 'methods', 'quota', 'requested', 'message', 'code', 'cause', 'failure', 'textChars', 'resolve', 'reject', 'trace', 'index', 'input', 'raw', 'label', 'counter']
      const trap = (target, key) => Object.defineProperty(target, key, { __proto__: null, configurable: true, get () { touched.push([key, this]) }, set (given) { touched.push([key, this, given]) } })
      for (const key of KEYS) trap(Object.prototype, key)
      for (let i = 0; i < 20; i++) { trap(Array.prototype, i); trap(Object.prototype, i) }
      ${USE_EVERYTHING}
      const strange = []
      for (const [key, self] of touched) {
        // What user code handed in or got back, and what the language makes of it, is its own
        if (typeof self !== 'object' || self === null) continue
        const known = self instanceof CryptoKey || self instanceof ArrayBuffer || self === jwk || self === crypto || self === subtle || self === hkdf || self instanceof Uint8Array || self === pair
        const isGiven = Reflect.ownKeys(self).length > 0 && ('iv' in self || Object.hasOwn(self, 'name'))
        if (!known && !isGiven && !Array.isArray(self)) strange.push(String(key) + ' ' + Object.prototype.toString.call(self) + ' ' + Reflect.ownKeys(self).map(String))
        if (Object.hasOwn(self, 'members') || Object.hasOwn(self, 'at') || Object.hasOwn(self, 'kind') || Object.hasOwn(self, 'bytes')) strange.push('trusted ' + String(key))
      }
      for (const key of KEYS) delete Object.prototype[key]
      for (let i = 0; i < 20; i++) { delete Array.prototype[i]; delete Object.prototype[i] }
      return [seen, strange]
    }`)

  assert.deepEqual(outcome.type === 'succeeded' ? JSON.parse(outcome.result) : outcome, [EXPECTED, []])
})

test('promises of the trusted code never reach user code', async () => {
  const { report: { outcome } } = await run(`
    export default async () => {
      const strange = []
      const taken = []
      const real = Promise.prototype.then
      class Thief extends Promise { static get [Symbol.species] () { return Thief } }
      Object.defineProperty(Promise.prototype, 'constructor', { configurable: true, get () { taken.push(this); return Thief } })
      Object.defineProperty(Promise, Symbol.species, { configurable: true, get: () => Thief })
      Promise.prototype.then = function (...args) { taken.push(this); return Reflect.apply(real, this, args) }
      Object.defineProperty(Object.prototype, 'then', { configurable: true, get () { if ('text' in this && 'bytes' in this) strange.push('thenable'); return undefined } })
      ${USE_EVERYTHING}
      Object.defineProperty(Promise.prototype, 'constructor', { value: Promise })
      Promise.prototype.then = real
      const look = (value) => { if (typeof value === 'object' && value !== null && 'text' in value) strange.push(value.text) }
      for (const promise of taken) void real.call(promise, look, () => {}) // not awaited: the entry's own is among them
      await subtle.digest('SHA-1', iv)
      return [seen, strange, taken.length > 10]
    }`)

  assert.deepEqual(outcome.type === 'succeeded' ? JSON.parse(outcome.result) : outcome, [EXPECTED, [], true])
})

test('a key that is not extractable leaves in no way', async () => {
  const { leaks, errors } = await inside(async ({ bytes, text, errorOf }: Kit) => {
    const subtle = crypto.subtle as LooseSubtle
    const secret = '5ec7e75ec7e75ec7e75ec7e75ec7e700'
    const key: CryptoKey = await subtle.importKey('raw', bytes(secret), 'AES-CBC', false, ['encrypt', 'decrypt', 'wrapKey'])
    const other: CryptoKey = await subtle.importKey('raw', bytes('00'.repeat(16)), 'AES-CBC', true, ['wrapKey', 'encrypt'])
    const cbc = { name: 'AES-CBC', iv: new Uint8Array(16) }
    const forged = [
      key, Object.create(key), Object.create(CryptoKey.prototype), new Proxy(key, { get: (target, name) => (name === 'extractable' ? true : Reflect.get(target, name)) }), { ...key, extractable: true },
      Object.assign(Object.create(CryptoKey.prototype), { id: 1 }), Object.setPrototypeOf(() => {}, CryptoKey.prototype),
    ]
    const tries = [() => { Object.defineProperty(key, 'extractable', { value: true }) }, () => { (key.usages as string[]).push('exportKey') }, () => { (key.algorithm as { name: string }).name = 'AES-GCM' }]
    for (const attempt of tries) attempt()
    const errors = []
    for (const given of forged) {
      for (const format of ['raw', 'jwk', 'pkcs8', 'spki']) errors.push(await errorOf(() => subtle.exportKey(format, given)), await errorOf(() => subtle.wrapKey(format, given, other, cbc)))
    }
    const { console: out } = globalThis
    out.log(key, [key], Object.getOwnPropertyDescriptors(key))
    const sealed: ArrayBuffer = await subtle.encrypt(cbc, key, text('still AES-CBC, whatever its algorithm says'))
    const leaks = JSON.stringify([key, Object.entries(key), sealed.byteLength]).includes('5ec7e7')
    return { leaks, errors: [...new Set(errors)].sort() }
  }) as { leaks: boolean, errors: string[] }

  assert.equal(leaks, false)
  assert.deepEqual(errors, ['InvalidAccessError 15', 'TypeError'])
})

test('what user code changes on a key is only what it sees of it', async () => {
  const answer = await inside(async ({ errorOf }: Kit) => {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-CBC', false, ['encrypt'])
    ;(key.usages as string[]).push('decrypt')
    Object.assign(key.algorithm, { name: 'AES-GCM', length: 256 })
    const data = new Uint8Array(16)
    return [
      key.usages, key.algorithm, await errorOf(() => crypto.subtle.decrypt({ name: 'AES-CBC', iv: data }, key, data)), await errorOf(() => crypto.subtle.encrypt({ name: 'AES-GCM', iv: data }, key, data)),
      await errorOf(() => crypto.subtle.encrypt({ name: 'AES-CBC', iv: data }, key, data)),
    ]
  })

  assert.deepEqual(answer, [['encrypt', 'decrypt'], { name: 'AES-GCM', length: 256 }, 'InvalidAccessError 15', 'InvalidAccessError 15', 'no error'])
})

test('nobody can replace or change crypto', async () => {
  const refused = await inside(() => {
    const tries = [
      () => { (globalThis as { crypto?: unknown }).crypto = 1 }, () => delete (globalThis as { crypto?: unknown }).crypto, () => { Object.assign(crypto, { more: 1 }) },
      () => Object.defineProperty(globalThis, 'crypto', { value: 1 }), () => Object.defineProperty(crypto, 'subtle', { value: 1 }), () => Object.setPrototypeOf(crypto, null),
    ]
    return tries.map((attempt) => {
      try {
        attempt()
        return 'done'
      } catch (error) {
        return (error as Error).name
      }
    })
  })

  assert.deepEqual(refused, Array(6).fill('TypeError'))
})

test('sources that are not what they seem are read as what they are', async () => {
  const answer = await inside(async ({ hex, errorOf }: Kit) => {
    const subtle = crypto.subtle as LooseSubtle
    class Liar extends Uint8Array {
      override get byteLength (): number { return 1_000_000 }
      override get byteOffset (): number { return -5 }
      override get buffer (): ArrayBuffer { return new ArrayBuffer(1) }
      override get length (): number { return 7 }
    }
    const liar = new Liar(new ArrayBuffer(3))
    Object.defineProperty(liar, 'constructor', { value: null })
    return [
      hex(await subtle.digest('SHA-1', liar)) === hex(await subtle.digest('SHA-1', new Uint8Array(3))), await errorOf(() => subtle.digest('SHA-1', new Proxy(new Uint8Array(1), {}))),
      await errorOf(() => subtle.digest('SHA-1', Object.create(Uint8Array.prototype))), await errorOf(() => subtle.digest('SHA-1', { byteLength: 1, buffer: new ArrayBuffer(1), byteOffset: 0 })),
      await errorOf(() => crypto.getRandomValues(new Proxy(new Uint8Array(1), {}))), await errorOf(() => crypto.getRandomValues(Object.setPrototypeOf(new Uint8Array(1), Float32Array.prototype) as Uint8Array<ArrayBuffer>)),
    ]
  })

  assert.deepEqual(answer, [true, 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'no error'])
})

test('everything on the graph of crypto was made in the isolate', async () => {
  const { report: { outcome } } = await run(`${walkGlobals.toString()}
    export default async (input, context) => {
      const key = await crypto.subtle.generateKey({ name: 'RSA-PSS', modulusLength: 1024, publicExponent: new Uint8Array([3]), hash: 'SHA-1' }, true, ['sign'])
      const jwk = await crypto.subtle.exportKey('jwk', key.privateKey)
      const promise = crypto.subtle.digest('SHA-1', new Uint8Array(1))
      let error
      try { await crypto.subtle.exportKey('raw', key.privateKey) } catch (thrown) { error = thrown }
      return walkGlobals([['globalThis', globalThis], ['key', key], ['jwk', jwk], ['promise', promise], ['buffer', await promise], ['error', error]])
    }`, { limits: { timeoutMs: 20_000 } })
  const seen = JSON.parse(outcome.type === 'succeeded' ? outcome.result : '{}') as ReturnType<typeof walkGlobals>

  assert.ok(seen.visited > 1000, JSON.stringify(outcome).slice(0, 500))
  assert.deepEqual(seen.foreign, [])
})

test('whoever formats stacks is told nothing of the trusted code but its names', async () => {
  const sites = await inside(async () => {
    const seen: unknown[] = []
    Error.prepareStackTrace = (_, sites) => {
      for (const site of sites) seen.push(site.getFunction() ?? site.getThis() ?? null, typeof site.getEvalOrigin())
      return ''
    }
    const look = () => { void new Error('x').stack }
    const subtle = crypto.subtle as LooseSubtle
    await subtle.digest({ get name () { look(); return 'SHA-1' } }, new Uint8Array(1))
    await subtle.importKey('raw', new Uint8Array(16), { get name () { look(); return 'AES-CBC' } }, { valueOf: look }, { * [Symbol.iterator] () { look(); yield { toString () { look(); return 'encrypt' } } } })
    await subtle.digest('MD5', new Uint8Array(1)).catch((error: Error) => error.stack)
    await subtle.exportKey('raw', 1).catch((error: Error) => error.stack)
    return seen
  }) as unknown[]

  assert.ok(sites.length > 10, `${sites.length} sites`)
  assert.deepEqual(sites.filter((site) => site !== null && site !== 'undefined'), [])
})

test('an endless list of usages ends with the run', async () => {
  const { report: { outcome } } = await run(`export default () => crypto.subtle.generateKey('Ed25519', true, { * [Symbol.iterator] () { for (;;) yield 'sign' } })`, { limits: { timeoutMs: 500, memoryMb: 64 } })

  assert.match(outcome.type === 'failed' ? outcome.error.code : outcome.type, /^(TIMEOUT|MEMORY_LIMIT)$/)
})
