import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildFailure } from '../../src/core/outcome.ts'
import { ADMIN_TENANT, startApi, type TestApi } from '../helpers/api.ts'
import { beginRun, logEvent, nextJob, playWorker } from '../helpers/play-worker.ts'
import { append } from '../../src/store/moves/progress.ts'
import { settle, type Settlement } from '../../src/store/moves/settle.ts'

const USAGE = { wallMs: 12, cpuMs: 3, peakMemoryBytes: 1, logBytes: 0, resultBytes: 2, toolCalls: 0 }

/** Executes code whose run ends like that. */
async function execute ({ post, db }: TestApi, end: Partial<Settlement>, body: Record<string, unknown> = {}) {
  const posting = post('/execute', { code: 'export default () => 42', ...body })
  await playWorker(db, await nextJob(db, ADMIN_TENANT), { usage: USAGE, ...end })
  return posting
}

test('a result is answered with ok, how long it took, and no logs where there are none', async (t) => {
  const response = await execute(await startApi(t), { result: '[1,{"a":2}]' })

  assert.equal(response.statusCode, 200)
  assert.deepEqual(response.json(), { ok: true, result: [1, { a: 2 }], duration: 12 })
})

test('logs are answered with level, message and timestamp', async (t) => {
  const response = await execute(await startApi(t), { result: 'null', events: [logEvent('info', 'hello', 1_700_000_000_000), logEvent('error', 'oh')] })

  assert.partialDeepStrictEqual(response.json(), { ok: true, result: null, logs: [{ level: 'info', message: 'hello', timestamp: 1_700_000_000_000 }, { level: 'error', message: 'oh' }] })
})

test('logs are answered in full, also after a long history', async (t) => {
  const api = await startApi(t)
  const posting = api.post('/execute', { code: 'export default () => 42' })
  const run = await beginRun(api.db, await nextJob(api.db, ADMIN_TENANT))
  for (let batch = 0; batch < 11; batch++) {
    await append(api.db, run, Array.from({ length: 1000 }, () => ({ type: 'job.progress' as const, time: 1, payload: { value: batch, message: '' } })))
  }

  await settle(api.db, run, { status: 'succeeded', usage: USAGE, isolation: null, error: null, result: '1', events: [logEvent('info', 'done')], retentionMs: 60_000 })

  assert.partialDeepStrictEqual((await posting).json(), { ok: true, logs: [{ message: 'done' }] })
})

test('a throw is 200 with ok false and a log of level exception', async (t) => {
  const error = buildFailure('USER_ERROR', 'no such row', { name: 'RangeError', stack: 'RangeError: no such row\n    at job.js:1:7' })

  const response = await execute(await startApi(t), { status: 'failed', error, events: [logEvent('log', 'before')] })

  const { ok, logs, ...rest } = response.json() as { ok: boolean, logs: Record<string, unknown>[] } // ExecuteAnswer
  assert.equal(response.statusCode, 200)
  assert.equal(ok, false)
  assert.ok(!('result' in rest))
  assert.equal(typeof logs[1]?.['timestamp'], 'number')
  assert.partialDeepStrictEqual(logs, [
    { level: 'log', message: 'before' },
    { level: 'exception', name: 'RangeError', message: 'no such row', stack: 'RangeError: no such row\n    at job.js:1:7' },
  ])
})

test('a timeout is 200 with TimeoutError: Execution timeout', async (t) => {
  const error = buildFailure('TIMEOUT', 'Ran for 51 ms, more than 50 ms', { limit: { name: 'timeoutMs', configured: 50, observed: 51, suggested: 102 } })

  const response = await execute(await startApi(t), { status: 'failed', error }, { timeout: 50 })

  assert.partialDeepStrictEqual(response.json(), { ok: false, logs: [{ level: 'exception', name: 'TimeoutError', message: 'Execution timeout' }] })
})

test('timeout, entry and input reach the job, in one attempt with CPU time to match', async (t) => {
  const api = await startApi(t)

  await execute(api, {}, { timeout: 20_000, entry: 'main', input: { a: 1 } })

  const [id = ''] = await api.db.redis.zrevrange(api.db.keys.jobs(ADMIN_TENANT), 0, 0)
  const spec = JSON.parse(await api.db.redis.hget(api.db.keys.job(id), 'spec') ?? '') as unknown
  assert.partialDeepStrictEqual(spec, { entry: 'main', limits: { timeoutMs: 20_000, cpuMs: 20_000 }, retry: { attempts: 1 } })
})

test('a failure of the service is a problem with the code of the job', async (t) => {
  const response = await execute(await startApi(t), { status: 'dead', error: buildFailure('WORKER_CRASHED', 'Runner died 3 times') })

  assert.equal(response.statusCode, 503)
  assert.equal(response.json()['code'], 'WORKER_CRASHED')
})

test('a failure inside is 500 INTERNAL, and the trace of the job shows no stack of ours', async (t) => {
  const api = await startApi(t)

  const response = await execute(api, { result: 'not JSON' })

  const id = await nextJob(api.db, ADMIN_TENANT)
  let trace = ''
  while (!trace.includes('POST /execute')) trace = (await api.get(`/v1/jobs/${id}/trace`)).body
  assert.equal(response.json()['code'], 'INTERNAL')
  assert.match(trace, /"error.type","value":\{"stringValue":"INTERNAL"/)
  assert.doesNotMatch(trace, /src\/api/)
})

test('too much code is 413 with the error that row ISO-1 names', async (t) => {
  const { post } = await startApi(t)

  const response = await post('/execute', { code: 'x'.repeat(100_001) })

  assert.equal(response.statusCode, 413)
  assert.partialDeepStrictEqual(response.json(), { code: 'CODE_TOO_LARGE', status: 413, error: { name: 'PayloadTooLarge' } })
  assert.match(String((response.json()['error'] as { message: string }).message), /100001.*100000/) // asserted above to be there
})

test('what does not fit is 422 by pointer: wrong types, unknown tools, too long a timeout, ill-formed permissions', async (t) => {
  const { post } = await startApi(t)
  const wrong = { '/code': { code: 1 }, '/entry': { entry: 5 }, '/timeout': { timeout: '3' }, '/tools/0': { tools: ['nope'] }, '/permissions': { permissions: 'all' }, '/other': { other: 1 } }

  for (const [pointer, members] of Object.entries(wrong)) {
    const response = await post('/execute', { code: 'x', ...members })
    assert.equal(response.statusCode, 422)
    assert.equal((response.json()['errors'] as { pointer: string }[])[0]?.pointer, pointer) // a problem with errors
  }
  assert.match((await post('/execute', { code: 'x', timeout: 3_600_001 })).body, /3600001 ms, more than the maximum of 3600000 ms/)
})

test('a job that does not start in time is cancelled and answered 503', async (t) => {
  const { post, db } = await startApi(t, {}, { executeGraceMs: 0 })

  const response = await post('/execute', { code: 'x', timeout: 1 })

  const [id = ''] = await db.redis.zrevrange(db.keys.jobs(ADMIN_TENANT), 0, 0)
  assert.equal(response.statusCode, 503)
  assert.equal(response.json()['code'], 'OVERLOADED')
  assert.equal(response.headers['retry-after'], '1')
  assert.equal(await db.redis.hget(db.keys.job(id), 'status'), 'cancelled')
})

test('a repeat with the same Idempotency-Key answers what the first run ended with, another body is a mismatch', async (t) => {
  const api = await startApi(t)
  const key = { 'idempotency-key': 'sum-7' }
  const ask = (body: Record<string, unknown> = {}, headers: Record<string, string> = key) => api.post('/execute', { code: 'export default () => 42', ...body }, headers)

  const posting = ask()
  await playWorker(api.db, await nextJob(api.db, ADMIN_TENANT), { usage: USAGE, result: '42', events: [logEvent('info', 'once')] })
  const [first, repeat, other, asJob] = [await posting, await ask(), await ask({ input: 1 }), await api.post('/v1/jobs', { code: 'export default () => 42' }, key)]

  assert.deepEqual([first.statusCode, first.json()['result']], [200, 42])
  assert.deepEqual([repeat.statusCode, repeat.json()], [200, first.json()])
  assert.deepEqual([other.statusCode, other.json()['code']], [409, 'IDEMPOTENCY_MISMATCH'])
  assert.equal(asJob.statusCode, 409, 'a job with other limits is another request')
  assert.equal(await api.db.redis.zcard(api.db.keys.jobs(ADMIN_TENANT)), 1)
})

test('with an Idempotency-Key, a job that does not start in time goes on, and the next request answers its result', async (t) => {
  const api = await startApi(t, {}, { executeGraceMs: 0 })
  const ask = () => api.post('/execute', { code: 'x', timeout: 1 }, { 'idempotency-key': 'slow' })

  const first = await ask()
  await playWorker(api.db, await nextJob(api.db, ADMIN_TENANT), { usage: USAGE, result: '42' })
  const second = await ask()

  assert.deepEqual([first.statusCode, first.headers['retry-after']], [503, '1'])
  assert.deepEqual([second.statusCode, second.json()['result']], [200, 42])
})

test('repeats that come while the first runs wait for its end, too', async (t) => {
  const api = await startApi(t)
  const ask = () => api.post('/execute', { code: 'x' }, { 'idempotency-key': 'k' })

  const asking = [ask(), ask(), ask()]
  await playWorker(api.db, await nextJob(api.db, ADMIN_TENANT), { usage: USAGE, result: '42' })

  assert.deepEqual((await Promise.all(asking)).map((answer) => answer.json()['result']), [42, 42, 42])
  assert.equal(await api.db.redis.zcard(api.db.keys.jobs(ADMIN_TENANT)), 1)
})
