import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { openDb } from '../../src/store/db.ts'
import { checkEncryption } from '../../src/store/encryption/check.ts'
import { startApi } from '../helpers/api.ts'
import { startRedisServer } from '../helpers/redis-server.ts'
import { answerLoading, answerMisconf, answerReadonly } from '../helpers/redis-trouble.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { until } from '../helpers/until.ts'

/** Much more than an answer takes, and less than any time-out. */
const AT_ONCE_MS = 4000
const JOB = { code: 'export default () => 1' }
const TROUBLES = { MISCONF: answerMisconf, READONLY: answerReadonly }

async function start (t: Parameters<typeof startApi>[0]) {
  const server = await startRedisServer(lastInFirstOut(t))
  const api = await startApi(t, {}, { redis: { url: `redis://127.0.0.1:${server.port}`, prefix: '{trouble}' } })
  const post = async () => {
    const askedAt = performance.now()
    const { statusCode, headers, json } = await api.post('/v1/jobs', JOB)
    return { status: statusCode, code: json()['code'], retryAfter: headers['retry-after'], tookMs: performance.now() - askedAt }
  }
  return { ...api, server, post }
}

for (const [word, trouble] of Object.entries(TROUBLES)) {
  test(`while Redis answers ${word} to writes, a job is refused at once with 503 and Retry-After, and taken as soon as it takes them`, async (t) => {
    const { server, post, get } = await start(t)
    const before = await post()
    const end = await trouble(server)

    const refused = await post()
    const ready = await get('/readyz')
    await end()

    await until('a job is taken', async () => (await post()).status === 202)
    assert.equal(before.status, 202)
    assert.deepEqual([refused.status, refused.code, refused.retryAfter], [503, 'UNAVAILABLE', '1'])
    assert.ok(refused.tookMs < AT_ONCE_MS, `${refused.tookMs} ms`)
    assert.equal(ready.statusCode, 503)
  })
}

test('while Redis loads its data, everything is refused with 503 and Retry-After, and answered once it has', async (t) => {
  const { server, post, get } = await start(t)
  await server.client.eval("for i = 1, 500 do redis.call('SET', 'k' .. i, i) end", 0) // it looks up between keys
  await post()
  const answers: unknown[] = []

  const loading = answerLoading(server, 1500)
  await until('a job is refused', async () => {
    const { status, code, retryAfter } = await post()
    if (status !== 202) answers.push([status, code, retryAfter])
    return answers.length > 0
  })
  const read = await get('/v1/jobs')
  await loading

  await until('a job is taken', async () => (await post()).status === 202)
  assert.deepEqual(answers, [[503, 'UNAVAILABLE', '1']])
  assert.deepEqual([read.statusCode, read.headers['retry-after']], [503, '1'])
})

test('an API that has another key than the store fails as soon as it sees the store, where that was away at its start', async (t) => {
  const server = await startRedisServer(lastInFirstOut(t), ['--appendonly', 'yes', '--appendfsync', 'always'])
  const [url, prefix] = [`redis://127.0.0.1:${server.port}`, '{trouble}']
  const db = openDb({ url, prefix, encryptionKeys: [{ id: 'k', key: randomBytes(32) }], failFast: false, onError: (error) => t.diagnostic(error.message) })
  t.after(() => db.close())
  await checkEncryption(db)
  await server.kill()

  const { failed } = await startApi(t, { REDIS_URL: url, BATCHBOX_ENCRYPTION_KEYS: `k=${randomBytes(32).toString('base64')}` }, { redis: { url, prefix } })
  const [failure] = await Promise.all([failed.catch((error: Error) => error.message), server.restart(['--appendonly', 'yes'])])

  assert.match(String(failure), /^Cannot use key "k" of BATCHBOX_ENCRYPTION_KEYS: this store was encrypted with another key of that id/)
})
