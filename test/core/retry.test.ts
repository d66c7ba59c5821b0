import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAILURES, isFailureCode } from '../../src/core/failures.ts'
import { Backoff, backoffMs, isRetried, RetryPolicy } from '../../src/core/retry.ts'

const codes = Object.keys(FAILURES).filter(isFailureCode)
const exact = { delayMs: 1000, maxDelayMs: 10_000, jitter: 0 }

test('without codes of its own a policy retries what the table calls retryable', () => {
  const policy = RetryPolicy.parse({ attempts: 3 })

  for (const code of codes) assert.equal(isRetried(policy, code), FAILURES[code].retry, code)
})

test('a policy with codes retries those and no others', () => {
  const policy = RetryPolicy.parse({ attempts: 3, on: ['SYNTAX_ERROR'] })

  assert.deepEqual(codes.filter((code) => isRetried(policy, code)), ['SYNTAX_ERROR'])
})

test('cancelled and expired jobs are never retried, whatever the policy says', () => {
  const policy = RetryPolicy.parse({ on: ['CANCELLED', 'EXPIRED'] })

  assert.deepEqual(codes.filter((code) => isRetried(policy, code)), [])
})

test('exponential backoff doubles up to its maximum', () => {
  const backoff = Backoff.parse({ type: 'exponential', ...exact })

  const waits = [1, 2, 3, 4, 5, 6, 1000].map((failures) => backoffMs(backoff, failures, () => 0.5))

  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 10_000, 10_000, 10_000])
})

test('fixed backoff waits the same every time', () => {
  const backoff = Backoff.parse({ type: 'fixed', ...exact })

  assert.deepEqual([1, 2, 50].map((failures) => backoffMs(backoff, failures, () => 0.5)), [1000, 1000, 1000])
})

test('jitter draws its share of the delay and never lengthens it', () => {
  const whole = Backoff.parse({ type: 'fixed', ...exact, jitter: 1 })
  const half = Backoff.parse({ type: 'fixed', ...exact, jitter: 0.5 })

  assert.deepEqual([0, 0.5, 0.999].map((drawn) => backoffMs(whole, 1, () => drawn)), [1000, 500, 1])
  assert.deepEqual([0, 1].map((drawn) => backoffMs(half, 1, () => drawn)), [1000, 500])
})

test('policies outside the bounds, with unknown codes or unknown members are refused', () => {
  const wrong = [{ attempts: 0 }, { attempts: 101 }, { attempts: 1.5 }, { maxCrashes: 0 }, { maxLost: 101 }, { on: ['NOPE'] }, { on: ['toString'] }, { tries: 2 }, { backoff: { jitter: 2 } }]

  for (const policy of wrong) assert.equal(RetryPolicy.safeParse(policy).success, false, JSON.stringify(policy))
})
