import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { temporaryFolder } from '../helpers/files.ts'
import { startReplicatedRedis } from '../helpers/replicated-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'

test('with BATCHBOX_ACK_REPLICAS a POST is answered once a replica has the job, and with 503 while none can; the same key then finds the job, and a batch that is cancelled and a file are told likewise', async (t) => {
  const redis = await startReplicatedRedis(lastInFirstOut(t))
  const { post, get, send } = await startApi(t, { BATCHBOX_ACK_REPLICAS: '1', BATCHBOX_ACK_MS: '3000', BATCHBOX_FILES: temporaryFolder(t) }, { redis: { url: redis.url, prefix: '{acknowledged}' } })
  const job = { code: 'export default () => 1' }
  const put = () => send({ method: 'PUT', url: '/v1/files/f', headers: ADMIN_HEADERS, payload: 'x' })

  const safe = await post('/v1/jobs', job)
  const batch = (await post('/v1/batches', { job, inputs: [1] })).json()
  const upload = await put()
  await redis.killReplica()
  const unsafe = await post('/v1/jobs', job, { 'idempotency-key': 'again' })
  const jobs = (await get('/v1/jobs')).json()
  const cancel = await post(`/v1/batches/${String(batch['id'])}/cancel`, null)
  const lost = await put()

  assert.deepEqual([safe.statusCode, upload.statusCode], [202, 201])
  assert.deepEqual([lost.statusCode, lost.json()['detail']], [503, 'Cannot confirm that the upload is stored as safely as configured: ask how far it is and go on, or send it again'])
  assert.deepEqual([unsafe.statusCode, unsafe.json()['code']], [503, 'UNAVAILABLE'])
  assert.match(String(unsafe.json()['detail']), /send it again with the same Idempotency-Key/)
  assert.ok(Number(unsafe.headers['retry-after']) > 0)
  assert.equal((jobs['data'] as unknown[]).length, 3)
  assert.deepEqual([cancel.statusCode, cancel.json()['detail']], [503, 'Cannot confirm that the cancellation is stored as safely as configured: ask again'])
})
