import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JobView } from '../../src/core/job.ts'
import { buildFailure } from '../../src/core/outcome.ts'
import { JOBS, messageId } from '../../src/queue/messages.ts'
import { ADMIN_HEADERS, ADMIN_TENANT, startApi } from '../helpers/api.ts'
import { beginRun, nextJob, playWorker } from '../helpers/play-worker.ts'
import { redisForTest } from '../helpers/redis.ts'

const JOB = { code: 'export default (x) => x', input: { a: 1 } }

test('POST /v1/jobs answers 202 with the job, where it is, and gives the queue its message', async (t) => {
  const { post, db } = await startApi(t)

  const response = await post('/v1/jobs', { ...JOB, tags: { pipeline: 'orders' }, priority: 'high' })

  const job = JobView.parse(response.json())
  assert.equal(response.statusCode, 202)
  assert.equal(response.headers['location'], `/v1/jobs/${job.id}`)
  assert.equal(response.headers['etag'], `"${job.id}-1"`)
  assert.partialDeepStrictEqual(job, { status: 'queued', tags: { pipeline: 'orders' }, priority: 'high', attempts: [], error: null })
  assert.equal(await db.redis.exists(`${db.keys.queue}:${JOBS.name}:${messageId({ jobId: job.id, turn: 1 })}`), 1)
})

test('the answer to POST is what GET answers', async (t) => {
  const { post, get } = await startApi(t)
  for (const members of [{}, { delayMs: 60_000 }]) {
    const posted = await post('/v1/jobs', { ...JOB, ...members })
    const read = await get(String(posted.headers['location']))

    assert.equal(read.statusCode, 200)
    assert.deepEqual(read.json(), posted.json())
    assert.equal(read.headers['etag'], posted.headers['etag'])
  }
})

test('Prefer: wait answers 200 with the finished job as soon as a worker has settled it', async (t) => {
  const { post, db } = await startApi(t)

  const posting = post('/v1/jobs', JOB, { prefer: 'respond-async, wait=30' })
  await playWorker(db, await nextJob(db, ADMIN_TENANT), { result: '{"deep":[1]}' })
  const response = await posting

  const job = JobView.parse(response.json())
  assert.equal(response.statusCode, 200)
  assert.equal(response.headers['preference-applied'], 'wait=30')
  assert.partialDeepStrictEqual(job, { status: 'succeeded', result: { deep: [1] } })
  assert.equal(job.attempts[0]?.worker, 'w1')
})

test('Prefer: wait answers 202 when time runs out, and says how long was waited', async (t) => {
  const { post } = await startApi(t)

  const response = await post('/v1/jobs', JOB, { prefer: 'wait=0' })

  assert.equal(response.statusCode, 202)
  assert.equal(response.headers['preference-applied'], 'wait=0')
})

test('a failed job is answered with its error and its attempt', async (t) => {
  const { post, db } = await startApi(t)
  const error = buildFailure('USER_ERROR', 'no such row', { name: 'RangeError', stack: 'RangeError: no such row\n    at job.js:1:7' })

  const posting = post('/v1/jobs', JOB, { prefer: 'wait=30' })
  await playWorker(db, await nextJob(db, ADMIN_TENANT), { status: 'failed', error })
  const job = JobView.parse((await posting).json())

  assert.equal(job.status, 'failed')
  assert.deepEqual(job.error, error)
  assert.deepEqual(job.attempts[0]?.error, error)
})

test('waits end with what there is when the service stops', async (t) => {
  const { post, app, db } = await startApi(t)
  const posting = post('/v1/jobs', JOB, { prefer: 'wait=60' })
  await nextJob(db, ADMIN_TENANT)

  const closed = app.close()
  const response = await posting
  await closed

  assert.equal(response.statusCode, 202)
})

test('GET with wait answers the job once it has ended', async (t) => {
  const { post, get, db } = await startApi(t)
  const { id } = (await post('/v1/jobs', JOB)).json() as { id: string } // JobView

  const reading = get(`/v1/jobs/${id}?wait=30`)
  await playWorker(db, id)
  const response = await reading

  assert.partialDeepStrictEqual(response.json(), { status: 'succeeded', result: 42 })
})

test('an ETag answers 304 until the job changes', async (t) => {
  const { post, get, db } = await startApi(t)
  const { headers } = await post('/v1/jobs', JOB)
  const [path, etag] = [String(headers['location']), String(headers['etag'])]

  const same = await get(path, { ...ADMIN_HEADERS, 'if-none-match': `"other", W/${etag}` })
  await beginRun(db, path.slice('/v1/jobs/'.length))
  const changed = await get(path, { ...ADMIN_HEADERS, 'if-none-match': etag })

  assert.equal(same.statusCode, 304)
  assert.equal(same.body, '')
  assert.equal(same.headers['etag'], etag)
  assert.equal(changed.statusCode, 200)
  assert.equal(changed.json()['status'], 'running')
})

test('a repeat with the same Idempotency-Key answers the first job, another body is a mismatch', async (t) => {
  const { post, db } = await startApi(t)
  const first = await post('/v1/jobs', JOB, { 'idempotency-key': 'order-7' })

  const repeat = await post('/v1/jobs', { input: JOB.input, code: JOB.code }, { 'idempotency-key': 'order-7' })
  const other = await post('/v1/jobs', { ...JOB, input: 2 }, { 'idempotency-key': 'order-7' })

  assert.equal(repeat.statusCode, 202)
  assert.equal(repeat.json()['id'], first.json()['id'])
  assert.equal(other.statusCode, 409)
  assert.equal(other.json()['code'], 'IDEMPOTENCY_MISMATCH')
  assert.equal(await db.redis.zcard(db.keys.jobs(ADMIN_TENANT)), 1)
})

test('a key stands for the request as it was posted: the order of members is nothing to it, nor is a default that has changed', async (t) => {
  const redis = await redisForTest(t)
  const before = await startApi(t, {}, { redis })
  const after = await startApi(t, { BATCHBOX_DEFAULT_TIMEOUT_MS: '1234' }, { redis })
  const key = { 'idempotency-key': 'order-7' }

  const first = await before.post('/v1/jobs', { ...JOB, input: { a: 1, b: [{ c: 2, d: 3 }] } }, key)
  const repeat = await after.post('/v1/jobs', { input: { b: [{ d: 3, c: 2 }], a: 1 }, code: JOB.code }, key)
  const elsewhere = await after.post('/execute', { ...JOB, input: { a: 1, b: [{ c: 2, d: 3 }] } }, key)

  assert.equal(repeat.json()['id'], first.json()['id'])
  assert.equal(elsewhere.json()['code'], 'IDEMPOTENCY_MISMATCH', 'another route is another request')
})

test('runAt schedules a job for a time, and one more than a year ahead is 422', async (t) => {
  const { post } = await startApi(t)

  const later = await post('/v1/jobs', { ...JOB, runAt: new Date(Date.now() + 3_600_000).toISOString() })
  const past = await post('/v1/jobs', { ...JOB, runAt: '2020-01-01T00:00:00Z' })
  const late = await post('/v1/jobs', { ...JOB, runAt: '9999-01-01T00:00:00Z' })

  assert.equal(later.json()['status'], 'scheduled')
  assert.equal(past.json()['status'], 'queued')
  assert.deepEqual([late.statusCode, late.json()['errors']], [422, [{ pointer: '/runAt', message: 'More than a year ahead' }]])
})

test('a job joins the trace of its request, and its spans are read back as OTLP/JSON', async (t) => {
  const { post, get } = await startApi(t)
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const posted = await post('/v1/jobs', JOB, { traceparent: `00-${traceId}-b7ad6b7169203331-00`, baggage: 'secret=1' })
  const path = String(posted.headers['location'])

  let text = ''
  while (!text.includes('"accept"')) text = (await get(`${path}/trace`)).body

  assert.equal(posted.json()['traceId'], traceId)
  assert.match(text, new RegExp(`^\\{"resourceSpans":.*"traceId":"${traceId}"`))
  assert.match(text, /"POST \/v1\/jobs"/)
  assert.match(text, /"messaging.message.id","value":\{"stringValue":"job_/)
  assert.doesNotMatch(text, /secret/)
})

test('a result that nests deeper than this process can write is answered as it is', async (t) => {
  const { post, get, db } = await startApi(t)
  const { id } = (await post('/v1/jobs', JOB)).json() as { id: string } // JobView
  const result = '['.repeat(20_000) + ']'.repeat(20_000)

  await playWorker(db, id, { result })
  const response = await get(`/v1/jobs/${id}`)

  assert.equal(response.statusCode, 200)
  assert.ok(response.body.endsWith(`,"result":${result}}`))
})

test('a result above 64 KiB is left out of the job and read by its link', async (t) => {
  const { post, get, db } = await startApi(t)
  const { id, links } = (await post('/v1/jobs', JOB)).json() as { id: string, links: { result: string } } // JobView
  const result = JSON.stringify('x'.repeat(70_000))

  await playWorker(db, id, { result })
  const job = await get(`/v1/jobs/${id}`)
  const bytes = await get(links.result)

  assert.ok(!('result' in job.json()))
  assert.equal(bytes.body, result)
})
