import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_KEY, startApi, type TestApi } from '../helpers/api.ts'

const KEY = { name: 'a key', scopes: ['jobs:read'] }
const JOB = { code: 'export default (x) => x' }

interface KeyAnswer {
  id: string
  token: string
  [name: string]: unknown
}

function bearer (token: unknown) {
  return { authorization: `Bearer ${String(token)}` }
}

async function make ({ post }: Pick<TestApi, 'post'>, members: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<KeyAnswer> {
  const response = await post('/v1/keys', { ...KEY, ...members }, headers)
  assert.equal(response.statusCode, 201, response.body)
  return response.json() as KeyAnswer
}

test('a key is made, shown once, listed and read without its token, and works', async (t) => {
  const api = await startApi(t)
  const asked = { ...KEY, scopes: ['jobs:write', 'admin'], expiresAt: '2099-01-01T00:00:00Z', ceilings: { limits: { timeoutMs: 1000 }, tools: ['echo'] }, bounds: { requestsPerSecond: 50 } }

  const response = await api.post('/v1/keys', asked)
  const { token, ...view } = response.json() as KeyAnswer

  assert.equal(response.statusCode, 201)
  assert.equal(response.headers['location'], `/v1/keys/${view.id}`)
  assert.equal(response.headers['cache-control'], 'no-store')
  assert.partialDeepStrictEqual(view, {
    tenant: 'default', name: 'a key', scopes: asked.scopes, createdBy: 'operator', rotatedAt: null, expiresAt: '2099-01-01T00:00:00.000Z',
    ceilings: { limits: { timeoutMs: 1000 }, tools: ['echo'], permissions: null, secrets: [], webhooks: null }, bounds: { requestsPerSecond: 50, jobsWaiting: null },
  })
  assert.deepEqual((await api.get(`/v1/keys/${view.id}`)).json(), view)
  assert.deepEqual((await api.get('/v1/keys')).json(), { data: [view], nextCursor: null })
  assert.equal((await api.post('/v1/jobs', JOB, bearer(token))).statusCode, 202)
})

test('a request for a key that is not one is INVALID and named', async (t) => {
  const { post } = await startApi(t)
  const bad: [Record<string, unknown>, string][] = [
    [{ name: '' }, '/name'],
    [{ name: 'x'.repeat(129) }, '/name'],
    [{ name: 'a\r\nset-cookie: b' }, '/name'],
    [{ name: 'a\ud800' }, '/name'],
    [{ scopes: [] }, '/scopes'],
    [{ scopes: ['jobs:read', 'jobs:read'] }, '/scopes'],
    [{ scopes: ['root'] }, '/scopes/0'],
    [{ tenant: 'acme:queued' }, '/tenant'],
    [{ expiresAt: '2001-01-01T00:00:00Z' }, '/expiresAt'],
    [{ expiresAt: 'soon' }, '/expiresAt'],
    [{ ceilings: { limits: { timeoutMs: -1 } } }, '/ceilings/limits/timeoutMs'],
    [{ ceilings: { limits: { wallMs: 1 } } }, '/ceilings/limits/wallMs'],
    [{ bounds: { requestsPerSecond: 0 } }, '/bounds/requestsPerSecond'],
    [{ id: 'key_mine' }, '/id'],
    [{ rateGroup: 'another' }, '/rateGroup'],
  ]

  for (const [members, pointer] of bad) {
    const response = await post('/v1/keys', { ...KEY, ...members })

    assert.equal(response.statusCode, 422, response.body)
    assert.partialDeepStrictEqual(response.json(), { code: 'INVALID', errors: [{ pointer }] })
  }
})

test('keys are for administrators, and those of a tenant are nobody else\'s', async (t) => {
  const api = await startApi(t)
  const [ours, theirs, reader] = [await api.holder('one', 'admin'), await api.holder('other', 'admin'), await api.holder('one', 'jobs:read', 'jobs:write')]
  const { id } = await make(api, {}, ours)

  const refused = [
    await api.post('/v1/keys', KEY, reader), await api.get('/v1/keys', reader), await api.get(`/v1/keys/${id}`, reader),
    await api.post(`/v1/keys/${id}/rotate`, {}, reader), await api.remove(`/v1/keys/${id}`, reader), await api.get('/v1/audit', reader),
    await api.post('/v1/keys', { ...KEY, tenant: 'other' }, ours), await api.get('/v1/keys?tenant=other', ours), await api.get('/v1/audit?tenant=other', ours),
  ]
  const missing = [
    await api.get(`/v1/keys/${id}`, theirs), await api.post(`/v1/keys/${id}/rotate`, {}, theirs), await api.remove(`/v1/keys/${id}`, theirs),
    await api.get('/v1/keys/key_1', theirs), await api.get('/v1/keys/key_01a20187-3750-7c6d-a4b7-fb239eb0d80f', theirs),
  ]

  for (const response of refused) assert.deepEqual([response.statusCode, response.json()['code']], [403, 'FORBIDDEN'])
  for (const response of missing) assert.deepEqual([response.statusCode, response.json()['code']], [404, 'NOT_FOUND'])
  for (const page of ['/v1/keys', `/v1/keys?cursor=${id}`]) {
    assert.ok(!(await api.get(page, theirs)).body.includes(id), page)
  }
  assert.equal((await api.get(`/v1/keys/${id}`, ours)).statusCode, 200)
})

test('an operator has the keys and the log of every tenant', async (t) => {
  const api = await startApi(t)

  const { id, token } = await make(api, { tenant: 'acme', scopes: ['admin', 'metrics:read'] })
  const rotated = await api.post(`/v1/keys/${id}/rotate`, {})

  assert.equal((await api.get(`/v1/keys/${id}`)).json()['tenant'], 'acme')
  assert.deepEqual(((await api.get('/v1/keys?tenant=acme')).json()['data'] as KeyAnswer[]).map((key) => key.id), [id])
  assert.deepEqual((await api.get('/v1/keys')).json()['data'], [])
  assert.deepEqual([(await api.get('/v1/keys', bearer(token))).statusCode, (await api.get('/v1/keys', bearer(rotated.json()['token']))).statusCode], [401, 200])
  assert.equal((await api.remove(`/v1/keys/${id}`)).statusCode, 204)
  assert.deepEqual(((await api.get('/v1/audit?tenant=acme')).json()['data'] as { act: string }[]).map(({ act }) => act), ['key.revoked', 'key.rotated', 'key.created'])
})

test('no key makes, rotates or revokes one that may do more than itself', async (t) => {
  const api = await startApi(t)
  const bounded = await make(api, { tenant: 'acme', scopes: ['admin'], ceilings: { limits: { timeoutMs: 1000 }, tools: [] }, bounds: { requestsPerSecond: 1000, jobsWaiting: 5 }, expiresAt: '2099-01-01T00:00:00Z' })
  const above = await make(api, { tenant: 'acme', scopes: ['admin'] })
  const scraper = await make(api, { tenant: 'acme', scopes: ['metrics:read'] })
  const [weak, strong] = [bearer(bounded.token), bearer(above.token)]

  const refused = [
    await api.post('/v1/keys', { ...KEY, scopes: ['operator'] }, strong),
    await api.post('/v1/keys', { ...KEY, scopes: ['metrics:read'] }, strong),
    await api.post(`/v1/keys/${scraper.id}/rotate`, {}, strong),
    await api.remove(`/v1/keys/${scraper.id}`, strong),
    await api.post('/v1/keys', { ...KEY, ceilings: { limits: { timeoutMs: 1001 } } }, weak),
    await api.post('/v1/keys', { ...KEY, ceilings: { tools: ['echo'] } }, weak),
    await api.post('/v1/keys', { ...KEY, bounds: { jobsWaiting: 6 } }, weak),
    await api.post('/v1/keys', { ...KEY, expiresAt: '2099-01-01T00:00:01Z' }, weak),
    await api.post(`/v1/keys/${above.id}/rotate`, {}, weak),
    await api.remove(`/v1/keys/${above.id}`, weak),
  ]
  const child = await make(api, { scopes: ['jobs:write', 'admin'] }, weak)
  const grandchild = await make(api, { bounds: { jobsWaiting: 4 } }, bearer(child.token))

  for (const response of refused) assert.deepEqual([response.statusCode, response.json()['code']], [403, 'FORBIDDEN'], response.body)
  assert.match(String(refused[4]?.json()['detail']), /ceilings\.limits\.timeoutMs is 1001, more than 1000/)
  assert.partialDeepStrictEqual(grandchild, { ceilings: { limits: { timeoutMs: 1000 }, tools: [] }, bounds: { requestsPerSecond: 1000, jobsWaiting: 4 }, expiresAt: '2099-01-01T00:00:00.000Z', createdBy: child.id })
  assert.equal((await api.remove(`/v1/keys/${child.id}`, weak)).statusCode, 204)
})

test('a rotation leaves the former token valid for the grace that is asked for or configured', async (t) => {
  const api = await startApi(t, { BATCHBOX_KEY_GRACE_MS: '60000' })
  const { id, token } = await make(api)
  const works = async (...tokens: unknown[]) => Promise.all(tokens.map(async (each) => (await api.get('/v1/jobs', bearer(each))).statusCode))
  await works(token)

  const second = (await api.post(`/v1/keys/${id}/rotate`, {})).json()
  const graced = await works(token, second['token'])
  const third = (await api.post(`/v1/keys/${id}/rotate`, { graceMs: 0 })).json()

  assert.deepEqual(graced, [200, 200])
  assert.deepEqual(await works(token, second['token'], third['token']), [401, 401, 200])
  assert.equal(typeof (await api.get(`/v1/keys/${id}`)).json()['rotatedAt'], 'string')
  assert.equal((await api.post(`/v1/keys/${id}/rotate`, { graceMs: -1 })).statusCode, 422)
})

test('a revoked key is refused at once by the process that revoked it, and is gone', async (t) => {
  const api = await startApi(t)
  const { id, token } = await make(api)
  assert.equal((await api.get('/v1/jobs', bearer(token))).statusCode, 200)

  const revoked = await api.remove(`/v1/keys/${id}`)

  assert.deepEqual([revoked.statusCode, revoked.body], [204, ''])
  assert.equal((await api.get('/v1/jobs', bearer(token))).statusCode, 401)
  for (const response of [await api.remove(`/v1/keys/${id}`), await api.get(`/v1/keys/${id}`), await api.post(`/v1/keys/${id}/rotate`, {})]) assert.equal(response.statusCode, 404)
})

test('a tenant has as many keys as the operator allows, and one more is 429', async (t) => {
  const api = await startApi(t, { BATCHBOX_KEYS_PER_TENANT: '1' })
  await make(api)

  const response = await api.post('/v1/keys', KEY)

  assert.deepEqual([response.statusCode, response.json()['code'], response.headers['retry-after']], [429, 'RATE_LIMITED', '1'])
})

test('lists of keys and of acts come in pages, and cursors of neither kind are taken from strangers', async (t) => {
  const api = await startApi(t)
  const made: string[] = []
  for (let i = 0; i < 5; i++) made.push((await make(api)).id)

  for (const [path, read] of [['/v1/keys', 'id'], ['/v1/audit', 'target']] as const) {
    const ids: unknown[] = []
    for (let cursor = ''; ;) {
      const { data, nextCursor } = (await api.get(`${path}?limit=2${cursor}`)).json() as { data: Record<string, unknown>[], nextCursor: string | null } // a page
      ids.push(...data.map((each) => each[read]))
      if (nextCursor === null) break
      cursor = `&cursor=${encodeURIComponent(nextCursor)}`
    }
    assert.deepEqual(ids, (path === '/v1/keys' ? made.toSorted() : made).toReversed()) // ids of one millisecond sort in any order
    for (const cursor of ['nonsense', '%2B', '-', '[', '(']) assert.equal((await api.get(`${path}?cursor=${cursor}`)).statusCode, 422)
  }
})

test('no token is ever in the log, the audit log, a trace or an error', async (t) => {
  const api = await startApi(t)
  const { id, token } = await make(api, { scopes: ['admin', 'jobs:write'] })
  const posted = await api.post('/v1/jobs', JOB, bearer(token))
  const rotated = (await api.post(`/v1/keys/${id}/rotate`, {}, bearer(token))).json()['token']
  const answers = [
    await api.get('/v1/nothing', bearer(rotated)), await api.get(`/v1/keys/${String(rotated)}`, bearer(rotated)), await api.post('/v1/keys', { ...KEY, [String(rotated)]: 1 }, bearer(token)),
    await api.get('/v1/audit', bearer(rotated)), await api.get(`/v1/keys/${id}`), await api.get(`/v1/jobs/${String(posted.json()['id'])}/trace`),
  ]
  await api.remove(`/v1/keys/${id}`)
  await api.close()

  const written = JSON.stringify(api.lines)
  for (const secret of [token, String(rotated), ADMIN_KEY]) assert.ok(!written.includes(secret.slice(4)))
  for (const answer of [answers[0], answers[2], answers[3], answers[4], answers[5]]) assert.ok(!answer?.body.includes(token.slice(4)))
  assert.deepEqual(api.lines.filter(({ msg }) => msg === 'administrative act').map(({ act, actor, target }) => [act, actor, target]), [
    ['key.created', 'operator', id], ['key.rotated', id, id], ['key.revoked', 'operator', id],
  ])
})
