import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { DEFAULT_LIMIT_POLICY, JOB_LIMITS, LIMIT_VARIABLES, loadLimitPolicy, REQUEST_LIMITS } from '../../src/core/limits.ts'

const parse = (env: Record<string, string>) => loadLimitPolicy(z.object(LIMIT_VARIABLES).parse(env))

test('defaults lie between the minimum and the maximum, and maxima below their ceiling', () => {
  for (const [name, { min, default: fallback, max, ceiling }] of Object.entries({ ...JOB_LIMITS, ...REQUEST_LIMITS })) {
    assert.ok(min <= fallback && fallback <= max && max <= ceiling, name)
  }
})

test('no time that an operator may set is longer than a timer can wait', () => {
  const times = Object.values(JOB_LIMITS).filter(({ unit }) => unit === 'ms')

  assert.throws(() => parse({ BATCHBOX_MAX_TRANSFORM_MS: String(2 ** 31) }))
  assert.equal(times.length, 2)
  for (const { ceiling } of times) assert.ok(ceiling < 2 ** 31, 'Node fires a timer of 2^31 ms and more at once')
})

test('without variables the policy has the defaults of the tables', () => {
  assert.equal(DEFAULT_LIMIT_POLICY.defaults.timeoutMs, 30_000)
  assert.equal(DEFAULT_LIMIT_POLICY.maxima.timeoutMs, 3_600_000)
  assert.equal(DEFAULT_LIMIT_POLICY.request.codeChars, 100_000)
})

test('every limit has a variable for its maximum, and those a job may ask for one for their default', () => {
  assert.deepEqual(Object.keys(LIMIT_VARIABLES).filter((name) => /TIMEOUT_MS|CODE_CHARS|LOG_LINES/.test(name)), [
    'BATCHBOX_DEFAULT_TIMEOUT_MS', 'BATCHBOX_MAX_TIMEOUT_MS', 'BATCHBOX_DEFAULT_LOG_LINES', 'BATCHBOX_MAX_LOG_LINES', 'BATCHBOX_MAX_CODE_CHARS',
  ])
})

test('an operator raises and lowers maxima', () => {
  const policy = parse({ BATCHBOX_MAX_CODE_CHARS: '1000000', BATCHBOX_MAX_MEMORY_MB: '256' })

  assert.equal(policy.request.codeChars, 1_000_000)
  assert.equal(policy.maxima.memoryMb, 256)
})

test('a default above its maximum is lowered to it', () => {
  const policy = parse({ BATCHBOX_MAX_TIMEOUT_MS: '1000' })

  assert.equal(policy.defaults.timeoutMs, 1000)
})

test('values outside the bounds of a limit are refused', () => {
  for (const value of ['0', '-1', '1.5', 'many', '1000001', 'Infinity']) {
    assert.throws(() => parse({ BATCHBOX_MAX_CODE_CHARS: value }), z.ZodError, value)
  }
})

test('a policy cannot be changed', () => {
  assert.throws(() => { Object.assign(DEFAULT_LIMIT_POLICY, { request: {} }) }, TypeError)
})
