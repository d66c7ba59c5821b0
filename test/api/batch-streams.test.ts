import assert from 'node:assert/strict'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { ADMIN_HEADERS, ADMIN_TENANT, startApi, type TestApi } from '../helpers/api.ts'
import { playWorker } from '../helpers/play-worker.ts'
import { until } from '../helpers/until.ts'

const HEAD = `${JSON.stringify({ job: { code: 'export default (x) => x' } })}\n`
const HEADERS = { ...ADMIN_HEADERS, 'content-type': 'application/x-ndjson' }

interface Posted { id: string, status: string, total: number, counts: Record<string, number>, items: unknown[], code?: string, detail?: string }

function inputs (from: number, to: number): string {
  return Array.from({ length: to - from }, (_, at) => `${from + at}\n`).join('')
}

async function post (api: TestApi, payload: string | Readable, headers = {}): Promise<{ statusCode: number, json: Posted }> {
  const answer = await api.send({ method: 'POST', url: '/v1/batches', payload, headers: { ...HEADERS, ...headers } })
  return { statusCode: answer.statusCode, json: answer.json() as unknown as Posted } // a batch, or a problem
}

/** Waits until an open batch has so many items; answers its id. */
async function openBatchOf (api: TestApi, items: number): Promise<string> {
  const { redis, keys } = api.db
  let found = ''
  await until(`${items} items are stored`, async () => {
    [found = ''] = await redis.zrange(keys.openBatches, 0, '0')
    return found !== '' && Number(await redis.hget(keys.batch(found), 'total')) >= items
  })
  return found
}

test('a batch that is cancelled while it is posted takes no more items, and tells so', async (t) => {
  const api = await startApi(t)
  const cancelled = Promise.withResolvers<void>()
  const body = Readable.from((async function * () {
    yield HEAD + inputs(0, 250)
    await cancelled.promise
    yield inputs(250, 1000)
  })())
  const posting = post(api, body, { 'idempotency-key': 'k' })
  const id = await openBatchOf(api, 200)

  const answer = await api.post(`/v1/batches/${id}/cancel`, {})
  cancelled.resolve()
  const posted = await posting

  assert.deepEqual([answer.statusCode, posted.statusCode, posted.json.code], [200, 409, 'CANCELLED'])
  const { status, total, counts } = (await api.get(`/v1/batches/${id}`)).json() as unknown as Posted // the service's own answer
  assert.deepEqual([status, total, counts['cancelled']], ['cancelled', 200, 200])
  assert.equal((await post(api, HEAD + inputs(0, 1000), { 'idempotency-key': 'k' })).json.code, 'CANCELLED')
})

test('items that end while others are still being posted end no batch', async (t) => {
  const api = await startApi(t)
  const ended = Promise.withResolvers<void>()
  const posting = post(api, Readable.from((async function * () {
    yield HEAD + inputs(0, 201)
    await ended.promise
  })()))
  const id = await openBatchOf(api, 200)
  for (const jobId of await api.db.redis.zrange(api.db.keys.jobs(ADMIN_TENANT), 0, '-1')) await playWorker(api.db, jobId)
  const before = (await api.get(`/v1/batches/${id}`)).json()
  const lines = (await api.get(`/v1/batches/${id}/results`)).body.trim().split('\n')
  ended.resolve()
  const { json } = await posting

  assert.deepEqual([before['status'], lines.length], ['open', 200])
  assert.deepEqual([json.status, json.total, json.counts['succeeded'], json.counts['queued']], ['running', 201, 200, 1])
})

test('a batch for which there is no room is gone on with when there is', async (t) => {
  const api = await startApi(t, { BATCHBOX_TENANT_JOBS_WAITING: '450' })
  const key = { 'idempotency-key': 'k' }

  const full = await post(api, HEAD + inputs(0, 600), key)
  for (const jobId of (await api.db.redis.zrange(api.db.keys.jobs(ADMIN_TENANT), 0, '-1')).slice(0, 200)) await playWorker(api.db, jobId)
  const whole = await post(api, HEAD + inputs(0, 600), key)

  assert.deepEqual([full.statusCode, full.json.code], [429, 'RATE_LIMITED'])
  assert.deepEqual([whole.statusCode, whole.json.total, await api.db.redis.zcard(api.db.keys.jobs(ADMIN_TENANT))], [202, 600, 600])
})

test('more items than a batch may have close it with the first, and the answer names it', async (t) => {
  const api = await startApi(t, { BATCHBOX_BATCH_ITEMS: '250' })

  const answers = [await post(api, HEAD + inputs(0, 400), { 'idempotency-key': 'k' }), await post(api, HEAD + inputs(0, 400), { 'idempotency-key': 'k' })]
  const exact = await post(api, HEAD + inputs(0, 250))

  assert.deepEqual(answers.map(({ statusCode, json }) => [statusCode, json.code]), [[413, 'INPUT_TOO_LARGE'], [413, 'INPUT_TOO_LARGE']])
  const [id = ''] = /bat_[0-9a-f-]+/.exec(answers[0]?.json.detail ?? '') ?? []
  const { total, status } = (await api.get(`/v1/batches/${id}`)).json() as unknown as Posted // the service's own answer
  assert.deepEqual([total, status], [250, 'running'])
  assert.deepEqual([exact.statusCode, exact.json.total], [202, 250])
})

test('ten thousand items that are refused are counted, and a thousand of them told at once', async (t) => {
  const api = await startApi(t)

  const { statusCode, json } = await post(api, `{}\n${'no job\n'.repeat(10_000)}`)

  assert.deepEqual([statusCode, json.status, json.counts['refused'], json.items.length], [202, 'completed', 10_000, 1000])
  assert.equal((await api.get(`/v1/batches/${json.id}/results?after=9989`)).body.trim().split('\n').length, 10)
})

test('a line beyond every bound is refused without being held, and a head that is none refuses the batch', async (t) => {
  const api = await startApi(t, { BATCHBOX_MAX_INPUT_BYTES: '100', BATCHBOX_MAX_CODE_CHARS: '100' })
  const long = Readable.from((function * () {
    yield HEAD
    for (let i = 0; i < 50; i++) yield 'x'.repeat(65_536)
    yield '\n1\n'
  })())

  const { statusCode, json } = await post(api, long)
  const heads = [await post(api, ''), await post(api, 'nothing\n1\n'), await post(api, '{"job": {"code": 1}}\n1\n'), await post(api, HEAD), await post(api, '{"jobs": []}\n1\n')]

  assert.deepEqual([statusCode, json.counts['refused'], json.counts['queued']], [202, 1, 1])
  assert.deepEqual(heads.map(({ statusCode }) => statusCode), [400, 400, 422, 422, 422])
  assert.equal(await api.db.redis.zcard(api.db.keys.batches(ADMIN_TENANT)), 1)
})

test('a client that leaves in the middle is no failure of the service, and goes on when it is back', async (t) => {
  const api = await startApi(t)
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const left = request(new URL('/v1/batches', url), { method: 'POST', headers: { ...HEADERS, 'idempotency-key': 'k' } })
  left.on('error', () => {})
  left.write(HEAD + inputs(0, 250))
  const id = await openBatchOf(api, 200)
  left.destroy()

  const { statusCode, json } = await post(api, HEAD + inputs(0, 300), { 'idempotency-key': 'k' })

  assert.deepEqual([statusCode, json.id, json.total], [202, id, 300])
  assert.deepEqual(api.lines.filter(({ level }) => Number(level) >= 50), [])
})
