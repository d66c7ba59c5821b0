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

test('a larger burst is granted at once and a smaller one never leaves a debt', () => {
  const bucket = new TokenBucket(10, 5, 0)

  bucket.setBurst(8)
  assert.equal(bucket.take(8, 0), true)
  bucket.setBurst(1)

  assert.equal(bucket.take(1, 100), true)
})
