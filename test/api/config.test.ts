import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiConfig } from '../../src/api/config.ts'
import { parseEnv } from '../../src/core/parse-env.ts'

const REQUIRED = { REDIS_URL: 'unix:///tmp/r.sock', BATCHBOX_ADMIN_KEY: 'k'.repeat(32) }

test('what is not set has a safe default', () => {
  const config = parseEnv(ApiConfig, REQUIRED)

  assert.partialDeepStrictEqual(config, { HOST: '127.0.0.1', PORT: 8787, BATCHBOX_PREFIX: '{batchbox}', LOG_LEVEL: 'info', BATCHBOX_MAX_CODE_CHARS: 100_000 })
})

test('every bad key is named, and nothing is started', () => {
  const bad = { REDIS_URL: 'http://x', BATCHBOX_ADMIN_KEY: 'short', PORT: '99999', BATCHBOX_PREFIX: 'untagged', OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://x', LOG_LEVEL: 'loud', BATCHBOX_MAX_MEMORY_MB: 'x' }

  assert.throws(() => parseEnv(ApiConfig, bad), (error: Error) => Object.keys(bad).every((key) => error.message.includes(`${key}: `)))
})

test('every key says what it is for', () => {
  for (const [key, schema] of Object.entries(ApiConfig.shape)) assert.ok(schema.description, key)
})
