import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '../../src/api/problem.ts'
import { newId } from '../../src/core/ids.ts'
import { ADMIN_HEADERS, ADMIN_TENANT, startApi, type TestApi } from '../helpers/api.ts'

const JOB = { code: 'export default (x) => x', input: { a: 1 } }
const JSON_HEADERS = { ...ADMIN_HEADERS, 'content-type': 'application/json' }

type Answer = Awaited<ReturnType<TestApi['send']>>

function readProblem (response: Answer, status: number, code: string): Problem {
  const problem = Problem.parse(response.json())
  assert.equal(response.statusCode, status)
  assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8')
  assert.partialDeepStrictEqual(problem, { status, code })
  return problem
}

async function countJobs ({ db }: TestApi): Promise<number> {
  return db.redis.zcard(db.keys.jobs(ADMIN_TENANT))
}

test('a body that is not JSON, not UTF-8 or not there is 400 BAD_REQUEST', async (t) => {
  const api = await startApi(t)
  const bodies = ['{"code": ', 'nonsense', Buffer.from([0x22, 0xff, 0x22]), '', 'null']

  for (const payload of bodies) {
    readProblem(await api.send({ method: 'POST', url: '/v1/jobs', headers: JSON_HEADERS, payload }), 400, 'BAD_REQUEST')
  }

  assert.equal(await countJobs(api), 0)
})

test('a body of another content type is 415 and names the type', async (t) => {
  const api = await startApi(t)
  for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x']) {
    const response = await api.send({ method: 'POST', url: '/v1/jobs', headers: { ...ADMIN_HEADERS, 'content-type': type }, payload: JSON.stringify(JOB) })
    const { detail } = readProblem(response, 415, 'UNSUPPORTED_MEDIA_TYPE')

    assert.ok(detail.includes(type))
  }
})

test('unknown members are 422 INVALID, each by its pointer', async (t) => {
  const { post } = await startApi(t)

  const { errors } = readProblem(await post('/v1/jobs', { ...JOB, extra: 1, 'a/b~c': 2, limits: { wallMs: 5 } }), 422, 'INVALID')

  assert.deepEqual(errors?.map(({ pointer }) => pointer).sort(), ['/a~1b~0c', '/extra', '/limits/wallMs'])
})

test('members of a wrong type are 422 INVALID, each by its pointer', async (t) => {
  const { post } = await startApi(t)

  const { errors } = readProblem(await post('/v1/jobs', { code: 7, tags: { a: 1 }, retry: { on: ['NO_SUCH_CODE'] }, priority: 'urgent' }), 422, 'INVALID')

  assert.deepEqual(errors?.map(({ pointer }) => pointer).sort(), ['/code', '/priority', '/retry/on/0', '/tags/a'])
  for (const body of [[], 'code', 5]) readProblem(await post('/v1/jobs', body), 422, 'INVALID')
})

test('a limit above its maximum is 422 INVALID and names the maximum and what was asked for', async (t) => {
  const { post } = await startApi(t, { BATCHBOX_MAX_TIMEOUT_MS: '5000' })

  const { detail, errors } = readProblem(await post('/v1/jobs', { ...JOB, limits: { timeoutMs: 6001 } }), 422, 'INVALID')

  assert.match(detail, /6001 ms.*5000 ms/)
  assert.equal(errors?.[0]?.pointer, '/limits/timeoutMs')
})

test('code that is too long is 413 CODE_TOO_LARGE with both figures', async (t) => {
  const api = await startApi(t, { BATCHBOX_MAX_CODE_CHARS: '1000' })

  const { detail } = readProblem(await api.post('/v1/jobs', { code: 'x'.repeat(1001) }), 413, 'CODE_TOO_LARGE')

  assert.match(detail, /1001 characters.*1000 characters/)
  assert.equal(await countJobs(api), 0)
})

test('an input that is too large is 413 INPUT_TOO_LARGE with both figures', async (t) => {
  const { post } = await startApi(t, { BATCHBOX_MAX_INPUT_BYTES: '100' })

  const { detail } = readProblem(await post('/v1/jobs', { ...JOB, input: 'é'.repeat(50) }), 413, 'INPUT_TOO_LARGE')

  assert.match(detail, /102 bytes.*100 bytes/)
  assert.equal((await post('/v1/jobs', { ...JOB, input: 'é'.repeat(49) })).statusCode, 202)
})

test('a body that is too large is 413 INPUT_TOO_LARGE with both figures', async (t) => {
  const { send } = await startApi(t)

  const response = await send({ method: 'POST', url: '/v1/jobs', headers: JSON_HEADERS, payload: Buffer.alloc(20_000_000, 'a') })

  assert.match(readProblem(response, 413, 'INPUT_TOO_LARGE').detail, /20000000 bytes.*2828224 bytes/)
})

test('a body that nests too deep is 422 INVALID', async (t) => {
  const api = await startApi(t)
  for (const depth of [1001, 500_000]) {
    const payload = `{"code":"x","input":${'['.repeat(depth)}${']'.repeat(depth)}}`
    readProblem(await api.send({ method: 'POST', url: '/v1/jobs', headers: JSON_HEADERS, payload }), 422, 'INVALID')
  }

  assert.equal(await countJobs(api), 0)
})

test('an unknown, malformed or never seen id is 404 NOT_FOUND on every route of a job', async (t) => {
  const { get, post } = await startApi(t)
  for (const id of [newId('job'), 'nope', 'job_1', `job_${'x'.repeat(200)}`, '%2e%2e%2fx']) {
    for (const rest of ['', '/result', '/logs', '/events', '/checkpoint', '/trace']) readProblem(await get(`/v1/jobs/${id}${rest}`), 404, 'NOT_FOUND')
    readProblem(await post(`/v1/jobs/${id}/cancel`, {}), 404, 'NOT_FOUND')
  }
})

test('the id of a job that was removed not long ago is 410 GONE for its tenant and 404 for others', async (t) => {
  const { get, db, holder } = await startApi(t)
  const id = newId('job')
  await db.redis.set(db.keys.gone(id), ADMIN_TENANT)

  readProblem(await get(`/v1/jobs/${id}`), 410, 'GONE')
  readProblem(await get(`/v1/jobs/${id}`, await holder('other', 'jobs:read')), 404, 'NOT_FOUND')
})

test('an unknown path is 404, a wrong method 405 with Allow, a malformed path 400', async (t) => {
  const { get, send } = await startApi(t)

  readProblem(await get('/v2/jobs'), 404, 'NOT_FOUND')
  readProblem(await get('/v1/metrics'), 404, 'NOT_FOUND')
  const wrong = await send({ method: 'DELETE', url: '/v1/jobs/job_1/cancel', headers: ADMIN_HEADERS })
  readProblem(wrong, 405, 'METHOD_NOT_ALLOWED')
  assert.equal(wrong.headers['allow'], 'POST')
  readProblem(await get('/%zz'), 400, 'BAD_REQUEST')
})

test('a query that does not fit is 422 INVALID', async (t) => {
  const { get } = await startApi(t)
  for (const query of ['status=odd', 'limit=0', 'limit=1000', 'tag=nocolon', 'since=yesterday', 'unknown=1', 'cursor=zzz', 'limit=1&limit=2']) {
    readProblem(await get(`/v1/jobs?${query}`), 422, 'INVALID')
  }
})

test('a malformed Idempotency-Key is 422 INVALID', async (t) => {
  const { post } = await startApi(t)
  for (const key of ['', ' ', 'x'.repeat(256), 'naïve']) readProblem(await post('/v1/jobs', JOB, { 'idempotency-key': key }), 422, 'INVALID')
})

test('while Redis is away every route that needs it is 503 UNAVAILABLE at once, with Retry-After', async (t) => {
  const { get, post } = await startApi(t, { REDIS_URL: 'unix:///nowhere/redis.sock' })

  const responses = [await post('/v1/jobs', JOB), await get(`/v1/jobs/${newId('job')}`), await get('/v1/jobs'), await post('/execute', { code: 'x' }), await get('/v1/jobs', { authorization: 'Bearer bbx_other' })]

  for (const response of responses) {
    readProblem(response, 503, 'UNAVAILABLE')
    assert.equal(response.headers['retry-after'], '1')
  }
})

test('a Redis that is full refuses jobs with 503, is not ready, and keeps nothing', async (t) => {
  const api = await startApi(t)

  await api.db.redis.config('SET', 'maxmemory', '1')
  const posted = await api.post('/v1/jobs', JOB)
  const ready = await api.get('/readyz', {})
  await api.db.redis.config('SET', 'maxmemory', '0')

  readProblem(posted, 503, 'OVERLOADED')
  readProblem(ready, 503, 'UNAVAILABLE')
  assert.equal(await countJobs(api), 0)
})

test('an unexpected failure is 500 INTERNAL, says nothing of its cause and is logged once', async (t) => {
  const { get, db, lines } = await startApi(t)
  const id = newId('job')
  await db.redis.hset(db.keys.job(id), { v: '1', status: 'queued', tenant: ADMIN_TENANT, spec: 'spoilt' })

  const response = await get(`/v1/jobs/${id}`)

  readProblem(response, 500, 'INTERNAL')
  assert.doesNotMatch(response.body, /spoilt|JSON/)
  assert.equal(lines.filter(({ level }) => level === 'error').length, 1)
  assert.match(JSON.stringify(lines), /spoilt.* is not valid JSON/)
})

test('what is not HTTP is answered with a problem', async (t) => {
  const { app } = await startApi(t)
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const { connect } = await import('node:net')
  const socket = connect(Number(port), '127.0.0.1')
  socket.write('NONSENSE\r\n\r\n')

  const answer = Buffer.concat(await socket.toArray() as Buffer[]).toString() // no encoding is set on the socket

  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/)
  assert.match(answer, /"code":"BAD_REQUEST"/)
})
