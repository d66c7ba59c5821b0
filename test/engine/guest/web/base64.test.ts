import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { resultOf } = await openGuest()

test('btoa and atob turn every byte into Base64 and back', async () => {
  const bytes = Array.from({ length: 256 }, (_, i) => i)
  const answer = await resultOf(`export default (bytes) => {
    const text = String.fromCharCode(...bytes)
    const long = text.repeat(1000)
    return { encoded: btoa(text), isSame: atob(btoa(text)) === text, isLongSame: atob(btoa(long)) === long, empty: [btoa(''), atob('')] }
  }`, { input: bytes })

  assert.deepEqual(answer, { encoded: Buffer.from(bytes).toString('base64'), isSame: true, isLongSame: true, empty: ['', ''] })
})

test('atob forgives white space, missing padding and loose bits, and nothing else', async () => {
  const given = ['YQ==', ' Y\tQ\n=\f=\r', 'YQ', 'YWI', 'YR==', 'YWI=YWI=', 'Y', 'YQ=', 'YWJj=', 'YQ===', '=', '====', 'YQ\v==', 'YQ\u00a0==', 'Y-_w', 'a\u0000bc', 'ü']
  const answer = await resultOf(`export default (given) => given.map((text) => {
    try { return atob(text) } catch (error) { return [error.name, error.code, error instanceof DOMException] }
  })`, { input: given })

  const refused = ['InvalidCharacterError', 5, true]
  assert.deepEqual(answer, ['a', 'a', 'a', 'ab', 'a', ...Array.from({ length: given.length - 5 }, () => refused)])
})

test('btoa refuses what is no byte, and both convert as Web IDL has it', async () => {
  const answer = await resultOf(`export default () => {
    const attempts = [() => btoa('\\u0100'), () => btoa(), () => atob(), () => btoa(Symbol()), () => btoa(null), () => atob(null), () => btoa(undefined), () => btoa({ toString: () => 'x' }), () => new atob('')]
    return attempts.map((attempt) => { try { return attempt() } catch (error) { return error.name } })
  }`)

  assert.deepEqual(answer, ['InvalidCharacterError', 'TypeError', 'TypeError', 'TypeError', 'bnVsbA==', '\u009eée', 'dW5kZWZpbmVk', 'eA==', 'TypeError'])
})

test('both are members of the global object as Web IDL has them, before and after they were touched', async () => {
  const answer = await resultOf(`export default () => ['atob', 'btoa'].map((name) => {
    const { value, ...attributes } = Object.getOwnPropertyDescriptor(globalThis, name)
    return [attributes, value.name, value.length, 'prototype' in value]
  })`)

  const attributes = { writable: true, enumerable: true, configurable: true }
  assert.deepEqual(answer, [[attributes, 'atob', 1, false], [attributes, 'btoa', 1, false]])
})

test('what code did to the language before it touched them does not change what they answer', async () => {
  const answer = await resultOf(`export default () => {
    Uint8Array.prototype.toBase64 = Uint8Array.fromBase64 = String.prototype.charCodeAt = String.fromCharCode = RegExp.prototype.exec = () => { throw new Error('poison') }
    Object.defineProperty(Object.prototype, 'alphabet', { get () { throw new Error('poison') } })
    return [btoa('a\\xff'), atob('Yf8=')]
  }`)

  assert.deepEqual(answer, ['Yf8=', 'a\u00ff'])
})
