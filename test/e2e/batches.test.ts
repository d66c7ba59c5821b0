import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import type { BatchView } from '../../src/core/batch.ts'
import { killHard } from '../helpers/process-tree.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const ITEMS = 500
const KEY = { 'idempotency-key': 'the-batch', 'content-type': 'application/x-ndjson' }
/** Short enough that messages of a worker that died are found soon. */
const IMPATIENT = { BATCHBOX_LOCK_MS: '2000', BATCHBOX_STALLED_MS: '500' }

interface Line { index: number, jobId: string, status: string, result: unknown }

test('a batch whose API is killed while it is posted, and a worker while it runs, has every item once', async (t) => {
  const service = await startService(t, { env: IMPATIENT })
  const { db } = service
  const lines = [{ job: { code: 'export default (n) => n * 2', retry: { maxCrashes: 20 } }, total: ITEMS }, ...Array.from({ length: ITEMS }, (_, index) => index)].map((line) => `${JSON.stringify(line)}\n`)

  // More than one chunk comes, and then nothing: the request is under way when the process ends.
  const post = request(new URL('/v1/batches', service.url), { method: 'POST', headers: { ...KEY, authorization: `Bearer ${service.key}` } })
  post.on('error', () => {})
  post.write(lines.slice(0, 450).join(''))
  const totals = async () => Promise.all((await db.redis.zrange(db.keys.openBatches, 0, '-1')).map(async (id) => Number(await db.redis.hget(db.keys.batch(id), 'total'))))
  await until('some of the items are stored', async () => (await totals()).some((total) => total >= 200))
  killHard(service.api.pid)
  await service.api.ended
  const again = await service.startApi()
  const posted = await again.request('POST', '/v1/batches', { body: lines.join(''), headers: KEY })
  assert.equal(posted.status, 202, posted.text)
  const { id } = posted.json as unknown as BatchView // the service's own answer
  const read = async () => (await again.request('GET', `/v1/batches/${id}?wait=1`)).json as unknown as BatchView // as above
  await until('a part has run', async () => (await read()).counts.succeeded > 50, 60_000)
  killHard(service.worker.pid)
  await service.startWorker()
  await until('all have ended', async () => (await read()).finishedAt !== null, 120_000)

  const { total, counts } = await read()
  assert.deepEqual([total, counts.succeeded], [ITEMS, ITEMS], JSON.stringify(counts))
  const results = (await again.request('GET', `/v1/batches/${id}/results`)).text.trim().split('\n').map((line) => JSON.parse(line) as Line) // as above
  assert.deepEqual(results.map(({ index, status, result }) => [index, status, result]), Array.from({ length: ITEMS }, (_, index) => [index, 'succeeded', index * 2]))
  const events = (await again.request('GET', `/v1/batches/${id}/events`)).json['data'] as { type: string }[] // as above
  assert.equal(events.filter(({ type }) => type === 'batch.completed').length, 1)
  assert.deepEqual([await db.redis.zcard(db.keys.batches('default')), await db.redis.zcard(db.keys.jobs('default'))], [1, ITEMS], 'nothing was made twice')
})
