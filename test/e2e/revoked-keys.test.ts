import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'node:test'
import { startProxy } from '../helpers/proxy.ts'
import { startApi } from '../helpers/api.ts'
import { redisForTest } from '../helpers/redis.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

/** How long a revoked key may go on anywhere. */
const BOUND_MS = 5000
const EVERY_MS = 50

async function makeKey (service: TestService): Promise<{ id: string, token: string }> {
  const { json } = await service.request('POST', '/v1/keys', { body: { tenant: 'acme', name: 'to be revoked', scopes: ['jobs:read'] } })
  return { id: String(json['id']), token: String(json['token']) }
}

async function ask ({ url }: TestService, token: string): Promise<number> {
  const response = await fetch(`${url}/v1/jobs`, { headers: { authorization: `Bearer ${token}` } })
  await response.arrayBuffer()
  return response.status
}

/** Asks until the key is refused. Answers how long after the revocation the last request was sent that was not. */
async function lastAccepted (service: TestService, token: string, revokedAt: number): Promise<number> {
  for (let last = 0; ;) {
    const sentAt = performance.now()
    if (await ask(service, token) === 401) return last
    last = sentAt - revokedAt
    assert.ok(last <= BOUND_MS, `accepted ${last} ms after it was revoked`)
    await delay(EVERY_MS)
  }
}

test('a revoked key is refused within 5 s by every API process, also by those that no word reaches', async (t) => {
  const redis = await redisForTest(t)
  const proxy = await startProxy(t, new URL(redis.url).pathname)
  const start = (env = {}) => startService(t, { redis, env, worker: false })
  const [one, other, deaf] = await Promise.all([start(), start(), start({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` })])
  const keys = [await makeKey(one), await makeKey(one)] as const
  const askAll = (token: string) => Promise.all([one, other, deaf].map((service) => ask(service, token)))

  // The first: while the connections of one process break.
  assert.deepEqual(await askAll(keys[0].token), [200, 200, 200])
  proxy.cut()
  assert.equal((await one.request('DELETE', `/v1/keys/${keys[0].id}`)).status, 204)
  const revokedAt = performance.now()
  await Promise.all([one, other, deaf].map((service) => lastAccepted(service, keys[0].token, revokedAt)))

  // The second: one process has a connection on which nothing comes any more.
  await until('the cut-off process is back', async () => await ask(deaf, keys[1].token) === 200)
  proxy.deafen()
  assert.deepEqual(await askAll(keys[1].token), [200, 200, 200])
  assert.equal((await one.request('DELETE', `/v1/keys/${keys[1].id}`)).status, 204)
  const revokedAgainAt = performance.now()
  const last = await Promise.all([one, other, deaf].map((service) => lastAccepted(service, keys[1].token, revokedAgainAt)))
  t.diagnostic(`last accepted after ${last.map(Math.round).join(', ')} ms`)

  assert.equal(last[0], 0, 'the process that revoked it knows')
  assert.deepEqual(await askAll(keys[1].token), [401, 401, 401])
  const cold = await start()
  assert.deepEqual([await ask(cold, keys[0].token), await ask(cold, keys[1].token)], [401, 401])
})

test('processes are told of a revocation and of a rotation: they do not wait for what they remember to lapse', async (t) => {
  const redis = await redisForTest(t)
  const [one, other] = await Promise.all([startApi(t, {}, { redis }), startApi(t, {}, { redis })])
  const { id, token } = (await one.post('/v1/keys', { name: 'a key', scopes: ['jobs:read'] })).json() as { id: string, token: string }
  const asOf = (each: string) => async () => (await other.get('/v1/jobs', { authorization: `Bearer ${each}` })).statusCode
  t.mock.method(performance, 'now', () => 1000) // what is remembered never lapses

  assert.equal(await asOf(token)(), 200)
  const rotated = String((await one.post(`/v1/keys/${id}/rotate`, {})).json()['token'])
  await until('the former token is refused', async () => await asOf(token)() === 401)
  assert.equal(await asOf(rotated)(), 200)
  await one.remove(`/v1/keys/${id}`)
  await until('the key is refused', async () => await asOf(rotated)() === 401)
})

test('a long poll of a key that is revoked ends, in whatever process it waits', async (t) => {
  const redis = await redisForTest(t)
  const [one, other] = await Promise.all([startApi(t, {}, { redis }), startApi(t, {}, { redis })])
  const { id, token } = (await one.post('/v1/keys', { name: 'a key', scopes: ['jobs:read', 'jobs:write'] })).json() as { id: string, token: string }
  const headers = { authorization: `Bearer ${token}` }
  const { id: jobId } = (await one.post('/v1/jobs', { code: 'export default () => 1' }, headers)).json()
  const channel = one.db.keys.endedChannel(String(jobId))

  const polls = [one.get(`/v1/jobs/${String(jobId)}?wait=60`, headers), other.get(`/v1/jobs/${String(jobId)}?wait=60`, headers)]
  await until('both wait', async () => Number((await one.db.redis.pubsub('NUMSUB', channel))[1]) === 2)
  const startedAt = performance.now()
  await one.remove(`/v1/keys/${id}`)
  const answers = await Promise.all(polls)

  assert.ok(performance.now() - startedAt < 30_000, 'neither waited for its time to be over')
  assert.deepEqual(answers.map((answer) => [answer.statusCode, answer.json()['status']]), [[200, 'queued'], [200, 'queued']])
})
