import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApi } from '../helpers/api.ts'
import { startReplicatedRedis } from '../helpers/replicated-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'

test('with BATCHBOX_ACK_REPLICAS a POST is answered once a replica has the job, and with 503 while none can; the same key then finds the job', async (t) => {
  const redis = await startReplicatedRedis(lastInFirstOut(t))
  const { post, get } = await startApi(t, { BATCHBOX_ACK_REPLICAS: '1', BATCHBOX_ACK_MS: '3000' }, { redis: { url: redis.url, prefix: '{acknowledged}' } })
  const job = { code: 'export default () => 1' }

  const safe = await post('/v1/jobs', job)
  await redis.killReplica()
  const unsafe = await post('/v1/jobs', job, { 'idempotency-key': 'again' })
  const jobs = (await get('/v1/jobs')).json()

  assert.equal(safe.statusCode, 202)
  assert.deepEqual([unsafe.statusCode, unsafe.json()['code']], [503, 'UNAVAILABLE'])
  assert.match(String(unsafe.json()['detail']), /send it again with the same Idempotency-Key/)
  assert.ok(Number(unsafe.headers['retry-after']) > 0)
  assert.equal((jobs['data'] as unknown[]).length, 2)
})
