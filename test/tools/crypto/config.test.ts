import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadTools } from '../../../src/tools/registry.ts'
import { startCrypto, type Kit } from './sandbox.ts'

const { inside } = await startCrypto({ operations: 3, bytes: 1024, methods: ['getRandomValues', 'digest'] })

test('methods that are not allowed are not there', async () => {
  const seen = await inside(() => [Object.keys(Crypto.prototype), Object.keys(SubtleCrypto.prototype), typeof crypto.randomUUID, typeof crypto.subtle.sign])

  assert.deepEqual(seen, [['subtle', 'getRandomValues'], ['digest'], 'undefined', 'undefined'])
})

test('those that are allowed have the limits of the configuration', async () => {
  const answer = await inside(async ({ errorOf }: Kit) => {
    const full = crypto.getRandomValues(new Uint8Array(1024))
    return [
      new Set(full).size > 100, await errorOf(() => crypto.getRandomValues(new Uint8Array(1025))), await errorOf(() => crypto.subtle.digest('SHA-1', new Uint8Array(1025))),
      await errorOf(() => crypto.subtle.digest('SHA-1', full)), await errorOf(() => crypto.subtle.digest('SHA-1', full)),
    ]
  })

  assert.deepEqual(answer, [true, 'QuotaExceededError 22', 'QuotaExceededError 22', 'no error', 'QuotaExceededError 22'])
})

for (const wrong of [{ operations: 0 }, { bytes: 1 }, { bytes: 1e9 }, { methods: ['random'] }, { more: 1 }]) {
  test(`a worker does not start with the configuration ${JSON.stringify(wrong)}`, async () => {
    await assert.rejects(loadTools({ own: '', config: JSON.stringify({ crypto: wrong }) }), /Cannot start: the configuration of tool "crypto" is not valid/)
  })
}
