import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { parseEnv } from '../../src/core/parse-env.ts'

const Config = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8787),
  REDIS_URL: z.url(),
  HOST: z.string().optional(),
})

test('values are read, defaults filled in, and other variables ignored', () => {
  assert.deepEqual(parseEnv(Config, { REDIS_URL: 'redis://localhost', PATH: '/bin' }), { PORT: 8787, REDIS_URL: 'redis://localhost' })
})

test('an empty variable counts as unset', () => {
  assert.equal(parseEnv(Config, { REDIS_URL: 'redis://localhost', PORT: '' }).PORT, 8787)
})

test('one error names every bad key', () => {
  assert.throws(() => parseEnv(Config, { PORT: '70000' }), (error: Error) => {
    assert.match(error.message, /^Cannot start: the environment is not valid\n/)
    assert.match(error.message, /PORT: .*65535/)
    assert.match(error.message, /REDIS_URL: /)
    return true
  })
})

test('the answer is frozen', () => {
  assert.equal(Object.isFrozen(parseEnv(Config, { REDIS_URL: 'redis://localhost' })), true)
})
