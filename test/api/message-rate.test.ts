import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildMessageRate } from '../../src/api/stream/message-rate.ts'

test('a second\'s worth may come at once; what goes beyond has to be waited for', () => {
  const count = buildMessageRate(100)
  const start = 1_000_000 // later than now, and whole, so that nothing is rounded

  const waits = [count(100, start), count(50, start), count(1, start + 400), count(99, start + 2000), count(1, start + 2000), count(1, start + 2000)]

  assert.deepEqual(waits, [0, 500, 110, 0, 0, 10])
})
