import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenBucket } from '../../src/engine/token-bucket.ts'

test('a bucket allows its burst at once and then its rate', () => {
  const bucket = new TokenBucket(10, 5, 0)

  assert.equal(bucket.take(5, 0), true)
  assert.equal(bucket.take(1, 50), false)
  assert.equal(bucket.take(1, 100), true)
  assert.equal(bucket.take(1, 100), false)
})

test('a bucket never holds more than its burst, however long it waits', () => {
  const bucket = new TokenBucket(10, 5, 0)

  assert.equal(bucket.take(6, 1_000_000), false)
  assert.equal(bucket.take(5, 1_000_000), true)
})

test('what was given back can be taken again, and never makes more than the burst', () => {
  const bucket = new TokenBucket(10, 5, 0)

  bucket.take(5, 0)
  bucket.giveBack(2)
  assert.equal(bucket.take(3, 0), false)
  bucket.giveBack(100)

  assert.equal(bucket.take(6, 0), false)
  assert.equal(bucket.take(5, 0), true)
})

test('a smaller burst takes nothing that it allows', () => {
  const bucket = new TokenBucket(10, 100, 0)

  bucket.take(50, 0)
  bucket.setBurst(20)

  assert.equal(bucket.take(20, 0), true)
})

test('a larger burst is granted at once and a smaller one never leaves a debt', () => {
  const bucket = new TokenBucket(10, 5, 0)

  bucket.setBurst(8)
  assert.equal(bucket.take(8, 0), true)
  bucket.setBurst(1)

  assert.equal(bucket.take(1, 100), true)
})
