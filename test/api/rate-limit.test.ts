import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApi, type TestApi } from '../helpers/api.ts'
import { redisForTest } from '../helpers/redis.ts'
import { startRestartableRedis } from '../helpers/restartable-redis.ts'
import { until } from '../helpers/until.ts'

async function makeKey ({ post }: Pick<TestApi, 'post'>, members: Record<string, unknown>, headers: Record<string, string> = {}) {
  const { id, token } = (await post('/v1/keys', { name: 'bounded', scopes: ['jobs:read', 'admin'], ...members }, headers)).json()
  return { id: String(id), headers: { authorization: `Bearer ${String(token)}` } }
}

/** A window that has seen so many requests, and lasts: one of a second would end in the middle of the test on a slow machine. */
async function holdWindow ({ db }: Pick<TestApi, 'db'>, keyId: string, count: number): Promise<void> {
  await db.redis.set(`${db.keys.rates}:${keyId}`, count, 'EX', 60)
}

test('requests beyond the bound of a key are 429 with when to come again, over all API processes', async (t) => {
  const redis = await redisForTest(t)
  const [one, other] = await Promise.all([startApi(t, {}, { redis }), startApi(t, {}, { redis })])
  const { id, headers } = await makeKey(one, { bounds: { requestsPerSecond: 3 } })
  await holdWindow(one, id, 0)

  const answers = [await one.get('/v1/jobs', headers), await other.get('/v1/jobs', headers), await one.get('/v1/nothing', headers), await other.get('/v1/jobs', headers), await one.get('/v1/jobs', headers)]

  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [200, 200, 404, 429, 429])
  assert.deepEqual(answers.map((answer) => answer.headers['ratelimit-limit']), answers.map(() => '3'))
  assert.deepEqual(answers.map((answer) => answer.headers['ratelimit-remaining']), ['2', '1', '0', '0', '0'])
  assert.partialDeepStrictEqual(answers[3]?.json(), { code: 'RATE_LIMITED', status: 429 })
  assert.match(String(answers[3]?.json()['detail']), /3 requests in a second \(bounds\.requestsPerSecond\)/)
  assert.ok(Number(answers[3]?.headers['ratelimit-reset']) >= 1)
  assert.equal(answers[3]?.headers['retry-after'], answers[3]?.headers['ratelimit-reset'])
  assert.equal((await one.get('/healthz', headers)).statusCode, 200)
  assert.equal((await one.get('/v1/jobs')).headers['ratelimit-limit'], undefined, 'a key without a bound is not counted')
})

test('a window ends after a second', async (t) => {
  const api = await startApi(t)
  const { headers } = await makeKey(api, { bounds: { requestsPerSecond: 1 } })
  await api.get('/v1/jobs', headers)

  await until('a request is taken again', async () => (await api.get('/v1/jobs', headers)).statusCode === 200)
})

test('keys that a bounded key made share its count', async (t) => {
  const api = await startApi(t)
  const parent = await makeKey(api, { bounds: { requestsPerSecond: 4 } })
  await holdWindow(api, parent.id, 0)
  const child = await makeKey(api, {}, parent.headers)
  const lower = await makeKey(api, { bounds: { requestsPerSecond: 1 } }, parent.headers)

  const answers = [await api.get('/v1/jobs', child.headers), await api.get('/v1/jobs', lower.headers), await api.get('/v1/jobs', parent.headers)]

  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [200, 429, 429])
})

test('while Redis is away, a request that cannot be counted is 503', async (t) => {
  const redis = await startRestartableRedis(t)
  const api = await startApi(t, {}, { redis: { url: redis.url, prefix: '{rates}' } })
  const { headers } = await makeKey(api, { bounds: { requestsPerSecond: 1000 } })
  assert.equal((await api.get('/v1/jobs', headers)).statusCode, 200)

  await redis.kill()
  const response = await api.get('/v1/jobs', headers)

  assert.deepEqual([response.statusCode, response.json()['code']], [503, 'UNAVAILABLE'])
  await api.close()
})
