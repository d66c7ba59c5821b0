import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildCallers, KEY_CACHE_MS, parseBearer } from '../../src/api/access.ts'
import { NO_BOUNDS, NO_CEILINGS } from '../../src/core/api-key.ts'
import type { FoundKey } from '../../src/store/keys.ts'
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

function foundKey (id: string, leftMs: number | null = null): FoundKey {
  return { id, tenant: 'acme', name: '', scopes: [], ceilings: NO_CEILINGS, bounds: NO_BOUNDS, expiresAt: null, rateGroup: id, createdBy: 'operator', createdAt: 0, rotatedAt: null, tokenHash: id, leftMs }
}

test('keys are looked up once until they are to be forgotten, also unknown ones, and the operator\'s never', async () => {
  const looked: string[] = []
  const { find, forget } = buildCallers({ admin: 'a'.repeat(32), metrics: 'm'.repeat(16) }, async (token) => {
    looked.push(token)
    return token === 'odd' ? undefined : foundKey(token)
  })

  const callers = [await find('a'.repeat(32)), await find('m'.repeat(16)), await find('one'), await find('one'), await find('two'), await find('odd'), await find('odd')]
  forget('one')
  for (const token of ['one', 'two', 'odd']) await find(token)
  forget()
  for (const token of ['one', 'two', 'odd']) await find(token)

  assert.deepEqual(callers.map((caller) => caller?.keyId), ['operator', 'operator', 'one', 'one', 'two', undefined, undefined])
  assert.deepEqual(callers.slice(0, 2).map((caller) => caller?.scopes), [['operator'], ['metrics:read']])
  assert.deepEqual(looked, ['one', 'two', 'odd', 'one', 'one', 'two'])
})

test('a key is remembered for 5 s from before the look-up, and no longer than its token is valid', async (t) => {
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  let looked = 0
  const { find } = buildCallers({ admin: 'a'.repeat(32) }, async (token) => {
    looked += 1
    now += 2000
    return foundKey(token, token === 'passing' ? 2500 : null)
  })
  const lookUps = async (token: string, waitMs: number) => {
    const before = looked
    await find(token)
    now += waitMs
    await find(token)
    return looked - before
  }

  assert.equal(await lookUps('one', KEY_CACHE_MS - 2000 - 100), 1)
  assert.equal(await lookUps('two', KEY_CACHE_MS - 2000 + 100), 2)
  assert.equal(await lookUps('passing', 600), 2)
})

test('a flood of tokens that are none pushes no key out of memory', async () => {
  let looked = 0
  const { find } = buildCallers({ admin: 'a'.repeat(32) }, async (token) => {
    looked += 1
    return token === 'one' ? foundKey(token) : undefined
  })

  await find('one')
  for (let i = 0; i < 10_001; i++) await find(`odd${i}`)
  const before = looked
  await find('one')

  assert.equal(looked, before)
})

test('what was being looked up when the word came is not remembered', async () => {
  const answers = [Promise.withResolvers<FoundKey | undefined>(), Promise.withResolvers<FoundKey | undefined>()]
  let looked = 0
  const { find, forget } = buildCallers({ admin: 'a'.repeat(32) }, () => answers[looked++]?.promise ?? Promise.resolve(undefined))

  const before = find('one')
  forget('one')
  answers[0]?.resolve(foundKey('one'))
  answers[1]?.resolve(undefined)

  assert.equal((await before)?.keyId, 'one')
  assert.equal(await find('one'), undefined)
})

test('the token of an Authorization header is read by the rules of RFC 6750', () => {
  assert.equal(parseBearer('Bearer abc'), 'abc')
  assert.equal(parseBearer('bearer  abc '), 'abc')
  for (const header of [undefined, '', 'abc', 'Bearer', 'Bearer a b', 'Basic abc', `Bearer ${'x'.repeat(257)}`]) assert.equal(parseBearer(header), undefined)
})
