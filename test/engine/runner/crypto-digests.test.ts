import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { createCrypto } from '../../../src/engine/runner/natives/crypto.ts'

const TEXT = Buffer.from('some text')
const span = { at: 0, size: TEXT.length }

test('a digest is made at once', () => {
  const native = createCrypto({})

  const { bytes } = native.callSync('hash', { algorithm: 'sha256', data: span }, TEXT)

  assert.deepEqual(bytes, createHash('sha256').update(TEXT).digest())
})

test('an HMAC is begun, given more and ended', () => {
  const native = createCrypto({})
  const open = JSON.parse(native.callSync('hashOpen', { algorithm: 'sha1', key: { at: 0, size: 4 } }, Buffer.from('some')).text) as { id: number } // its own format

  native.callSync('hashUpdate', { id: open.id, data: span }, TEXT)
  native.callSync('hashUpdate', { id: open.id, data: span }, TEXT)
  const { bytes } = native.callSync('hashDigest', { id: open.id }, Buffer.alloc(0))

  assert.deepEqual(bytes, createHmac('sha1', 'some').update(TEXT).update(TEXT).digest())
  assert.throws(() => native.callSync('hashDigest', { id: open.id }, Buffer.alloc(0)), { name: 'OperationError' })
})

test('what Node says of an algorithm is an answer', () => {
  const { text } = createCrypto({}).callSync('hash', { algorithm: 'nope', data: span }, TEXT)

  assert.deepEqual(JSON.parse(text), { error: { name: 'Error', message: 'Digest method not supported' } })
})

test('digests count as operations, and what they are given is bounded', () => {
  const native = createCrypto({ operations: 2, bytes: 8 })

  assert.throws(() => native.callSync('hash', { algorithm: 'md5', data: span }, TEXT), { name: 'QuotaExceededError', message: /9 bytes, more than 8/ })
  assert.throws(() => native.callSync('hash', { algorithm: 'shake256', outputLength: 9, data: { at: 0, size: 0 } }, TEXT), { name: 'QuotaExceededError' })
  assert.throws(() => native.callSync('hash', { algorithm: 'md5', data: { at: 0, size: 1 } }, TEXT), { name: 'QuotaExceededError', message: /2 operations were made/ })
})

test('digests that were begun and never ended are bounded', () => {
  const native = createCrypto({ operations: 2000 })
  for (let i = 0; i < 1000; i++) native.callSync('hashOpen', { algorithm: 'md5' }, Buffer.alloc(0))

  assert.throws(() => native.callSync('hashOpen', { algorithm: 'md5' }, Buffer.alloc(0)), { name: 'QuotaExceededError' })
})

test('an operator who allows no digests has none made, by either interface', () => {
  const native = createCrypto({ methods: ['getRandomValues'] })

  assert.throws(() => native.callSync('hash', { algorithm: 'md5', data: span }, TEXT), { name: 'NotSupportedError' })
})
