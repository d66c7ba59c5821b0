import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildFindCaller, parseBearer } from '../../src/api/access.ts'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { playWorker } from '../helpers/play-worker.ts'

const JOB = { code: 'export default (x) => x' }

test('without a valid key every route but health and documentation is 401, before the body is looked at', async (t) => {
  const { send, get } = await startApi(t)
  const strangers = [undefined, 'Bearer', 'Bearer wrong', `Bearer ${'k'.repeat(300)}`, 'Basic abc', 'Bearer bbx_unknown']
  for (const authorization of strangers) {
    const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) }
    for (const url of ['/v1/jobs', '/execute', '/v1/jobs/job_1/cancel', '/nothing/here']) {
      const response = await send({ method: 'POST', url, headers, payload: 'not JSON' })

      assert.equal(response.statusCode, 401)
      assert.equal(response.headers['www-authenticate'], 'Bearer')
      assert.equal(response.json()['code'], 'UNAUTHENTICATED')
    }
  }
  for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs', '/docs/static/swagger-ui.css']) assert.equal((await get(path, {})).statusCode, 200, path)
})

test('a key may do what its scopes say and nothing else', async (t) => {
  const { post, get, holder } = await startApi(t)
  const reader = await holder('acme', 'jobs:read')
  const writer = await holder('acme', 'jobs:write')

  const written = await post('/v1/jobs', JOB, writer)
  const refused = [await post('/v1/jobs', JOB, reader), await post('/execute', JOB, reader), await get('/v1/jobs', writer)]

  assert.equal(written.statusCode, 202)
  assert.equal((await get(String(written.headers['location']), reader)).statusCode, 200)
  for (const response of refused) {
    assert.equal(response.statusCode, 403)
    assert.equal(response.json()['code'], 'FORBIDDEN')
  }
})

test('a tenant sees nothing of another, whatever it asks', async (t) => {
  const { post, get, db, holder } = await startApi(t)
  const [one, other] = [await holder('one', 'jobs:read', 'jobs:write'), await holder('other', 'jobs:read', 'jobs:write')]
  const { id } = (await post('/v1/jobs', { ...JOB, tags: { a: 'b' } }, one)).json() as { id: string } // JobView
  await playWorker(db, id)

  for (const reader of [other, ADMIN_HEADERS]) {
    for (const rest of ['', '?wait=5', '/result', '/logs', '/events', '/trace']) {
      const response = await get(`/v1/jobs/${id}${rest}`, reader)
      assert.equal(response.statusCode, 404)
      assert.equal(response.json()['code'], 'NOT_FOUND')
    }
    assert.equal((await post(`/v1/jobs/${id}/cancel`, {}, reader)).statusCode, 404)
    for (const query of ['', '?tag=a:b', '?status=succeeded']) assert.deepEqual((await get(`/v1/jobs${query}`, reader)).json(), { data: [], nextCursor: null })
  }
  assert.equal((await get(`/v1/jobs/${id}/result`, one)).statusCode, 200)
})

test('an idempotency key of one tenant is nothing to another', async (t) => {
  const { post, holder } = await startApi(t)
  const [one, other] = [await holder('one', 'jobs:write'), await holder('other', 'jobs:write')]

  const first = await post('/v1/jobs', JOB, { ...one, 'idempotency-key': 'k' })
  const second = await post('/v1/jobs', { code: 'other' }, { ...other, 'idempotency-key': 'k' })

  assert.equal(second.statusCode, 202)
  assert.notEqual(second.json()['id'], first.json()['id'])
})

test('keys are looked up once in 5 s, also unknown ones, and the administrator\'s never', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] })
  const looked: string[] = []
  const findCaller = buildFindCaller({ admin: 'a'.repeat(32), metrics: 'm'.repeat(16) }, async (token) => {
    looked.push(token)
    return token === 'known' ? { tenant: 'acme', scopes: [] } : undefined
  })

  const callers = [await findCaller('a'.repeat(32)), await findCaller('known'), await findCaller('known'), await findCaller('odd'), await findCaller('odd')]

  assert.deepEqual(callers.map((caller) => caller?.tenant), ['default', 'acme', 'acme', undefined, undefined])
  assert.deepEqual(looked, ['known', 'odd'])
})

test('the token of an Authorization header is read by the rules of RFC 6750', () => {
  assert.equal(parseBearer('Bearer abc'), 'abc')
  assert.equal(parseBearer('bearer  abc '), 'abc')
  for (const header of [undefined, '', 'abc', 'Bearer', 'Bearer a b', 'Basic abc', `Bearer ${'x'.repeat(257)}`]) assert.equal(parseBearer(header), undefined)
})
