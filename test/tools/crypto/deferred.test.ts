import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../helpers/guest.ts'

// The guest half is evaluated when code first touches it, so code may have done anything by then.

const guest = await openGuest()
const tools = ['crypto']

test('before anybody touches it, nobody can tell crypto from a frozen property, or replace it', async () => {
  const found = await guest.resultOf(`
    const throws = (change) => { try { change(); return false } catch { return true } }
    export default () => [
      throws(() => { globalThis.crypto = 1 }), throws(() => { delete globalThis.crypto }), throws(() => Object.defineProperty(globalThis, 'crypto', { value: 1 })),
      Reflect.ownKeys(globalThis).includes('crypto'),
      Object.entries(Object.getOwnPropertyDescriptor(globalThis, 'crypto')).map(([key, value]) => key + (value === crypto ? '' : value)).join(),
      Object.getOwnPropertyDescriptors(globalThis).crypto.value === crypto, Reflect.getOwnPropertyDescriptor(globalThis, 'crypto').writable, Object.isFrozen(crypto),
    ]`, { tools })

  assert.deepEqual(found, [true, true, true, true, 'value,writablefalse,enumerabletrue,configurablefalse', true, false, true])
})

test('its interfaces are there without it, and what code put in their place stays', async () => {
  assert.deepEqual(await guest.resultOf('export default () => [typeof CryptoKey, CryptoKey.name, crypto instanceof Crypto]', { tools }), ['function', 'CryptoKey', true])
  assert.deepEqual(await guest.resultOf('globalThis.CryptoKey = 1; export default () => [crypto.randomUUID().length, CryptoKey, SubtleCrypto.name]', { tools }), [36, 1, 'SubtleCrypto'])
  assert.deepEqual(await guest.resultOf("export default () => ['crypto', 'Crypto', 'CryptoKey', 'SubtleCrypto'].map((name) => name in globalThis)"), [false, false, false, false])
})

test('it works, and runs nothing of theirs, where code broke every prototype before', async () => {
  const answer = await guest.resultOf(`
    let called = ''
    const { ownKeys, apply, defineProperty } = Reflect
    const wanted = [Object, Array, String, Map, Set, WeakMap, WeakSet, Function, Promise, RegExp, Symbol, Reflect, JSON, Uint8Array, Object.getPrototypeOf(Uint8Array), ArrayBuffer, DataView]
    for (const holder of wanted.flatMap((each) => [each, each.prototype ?? {}])) {
      for (const key of ownKeys(holder)) {
        const descriptor = Object.getOwnPropertyDescriptor(holder, key)
        if (key === 'constructor' || !descriptor.configurable || typeof descriptor.value !== 'function') continue
        const { value } = descriptor
        defineProperty(holder, key, { ...descriptor, value: function (...args) { called += String(key) + ' '; return apply(value, this, args) } })
      }
    }
    for (const name of ['name', 'members', 'methods', 'operations', 'bytes', 'get', 'set', 'value', '0', '1']) {
      defineProperty(Object.prototype, name, { __proto__: null, get () { called += 'get ' + name + ' ' }, set () { called += 'set ' + name + ' ' }, configurable: true })
    }
    called = ''
    const uuid = crypto.randomUUID()
    const seen = called
    export default async () => [uuid.length, new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(1))).length, seen]`, { tools })

  assert.deepEqual(answer, [36, 32, ''])
})

for (const touch of ['crypto', 'SubtleCrypto', 'Object.getOwnPropertyDescriptors(globalThis)']) {
  test(`it is whole, or not there yet, where code touches ${touch} wherever the stack ends`, async () => {
    const answer = await guest.resultOf(`
      let tries = 0, failed = 0, seen = new Set()
      function down () {
        try { down() } catch {}
        if (tries++ > 1000) return
        try { ${touch}; seen.add(Reflect.ownKeys(Crypto.prototype).length + Reflect.ownKeys(SubtleCrypto.prototype).length + (crypto instanceof Crypto ? Object.prototype.toString.call(crypto.subtle) : '')) } catch (error) { failed += error instanceof Error }
      }
      down()
      return [failed > 0, [...seen], (await crypto.subtle.digest('SHA-1', new Uint8Array(1))).byteLength, Object.isFrozen(crypto)]`, { tools, form: 'body' })

    assert.deepEqual(answer, [true, ['19[object SubtleCrypto]'], 20, true])
  })
}
