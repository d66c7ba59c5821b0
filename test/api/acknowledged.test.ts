import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApi } from '../helpers/api.ts'
import { startReplicatedRedis } from '../helpers/replicated-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'

test('with BATCHBOX_ACK_REPLICAS a POST is answered once a replica has the job, and with 503 while none can; the same key then finds the job, and a batch that is cancelled is told likewise', async (t) => {
  const redis = await startReplicatedRedis(lastInFirstOut(t))
  const { post, get } = await startApi(t, { BATCHBOX_ACK_REPLICAS: '1', BATCHBOX_ACK_MS: '3000' }, { redis: { url: redis.url, prefix: '{acknowledged}' } })
  const job = { code: 'export default () => 1' }

  const safe = await post('/v1/jobs', job)
  const batch = (await post('/v1/batches', { job, inputs: [1] })).json()
  await redis.killReplica()
  const unsafe = await post('/v1/jobs', job, { 'idempotency-key': 'again' })
  const jobs = (await get('/v1/jobs')).json()
  const cancel = await post(`/v1/batches/${String(batch['id'])}/cancel`, null)

  assert.equal(safe.statusCode, 202)
  assert.deepEqual([unsafe.statusCode, unsafe.json()['code']], [503, 'UNAVAILABLE'])
  assert.match(String(unsafe.json()['detail']), /send it again with the same Idempotency-Key/)
  assert.ok(Number(unsafe.headers['retry-after']) > 0)
  assert.equal((jobs['data'] as unknown[]).length, 3)
  assert.deepEqual([cancel.statusCode, cancel.json()['detail']], [503, 'Cannot confirm that the cancellation is stored as safely as configured: ask again'])
})
