import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Answer } from '../helpers/client.ts'
import { wholeHistory } from '../helpers/load.ts'
import { descendantsOf } from '../helpers/process-tree.ts'
import { waitUntilDead } from '../helpers/processes.ts'
import { startRestartableRedis, type RestartableRedis } from '../helpers/restartable-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const COUNT = 150
const AT_ONCE = 10
const ENDED = new Set(['succeeded', 'failed', 'cancelled', 'expired', 'dead'])
const SKIP = process.platform !== 'linux' && 'reads /proc'

test('a Redis that is killed and started again on its append-only file', { skip: SKIP }, async (t) => {
  const scope = lastInFirstOut(t)
  const redis = await startRestartableRedis(scope)
  const service = await startService(scope, {
    redis: { url: redis.url, prefix: '{batchbox}' },
    env: { BATCHBOX_LOCK_MS: '2000', BATCHBOX_STALLED_MS: '500', BATCHBOX_DRAIN_MS: '200', BATCHBOX_REAP_EVERY_MS: '500' },
  })

  await t.test('under load costs no job that was accepted; meanwhile the API says that it is away', () => restartUnderLoad(service, redis))
  await t.test('does not keep a worker from leaving in time, nor its job from its end', () => stopWithoutRedis(service, redis))
})

async function restartUnderLoad (service: TestService, redis: RestartableRedis): Promise<void> {
  await service.db.redis.config('SET', 'appendfsync', 'always') // else the last answers of a killed Redis may be ahead of its file
  const ids: string[] = []
  const load = Promise.all(Array.from({ length: AT_ONCE }, async (_, lane) => {
    for (let n = lane; n < COUNT; n += AT_ONCE) ids.push(await runThrough(service, n))
  }))

  await until('some jobs ended', () => ids.length >= 30)
  await redis.kill()
  await until('the API has noticed', async () => (await service.request('GET', '/readyz')).status === 503)
  for (const [method, path, body] of [['POST', '/v1/jobs', { code: '1' }], ['GET', '/v1/jobs', undefined]] as const) {
    const { status, headers, json } = await service.request(method, path, { body })
    assert.deepEqual([status, json['code'], headers.get('retry-after')], [503, 'UNAVAILABLE', '1'], path)
  }
  assert.equal((await service.request('GET', '/healthz')).status, 200)
  await redis.restart()
  await load

  for (const id of ids) await wholeHistory(service, id)
  assert.equal(await service.db.redis.zcard(`${service.db.keys.prefix}:jobs:default`), COUNT, 'no request made two jobs')
  const away = service.api.lines.filter(({ msg, route }) => msg === 'store is away' && route !== '/readyz')
  assert.deepEqual(away.filter(({ trace_id, span_id }) => !trace_id || !span_id), [], 'what the API logs has the trace of its request')
  assert.notEqual(away.length, 0)
}

/** Posts a job and follows it to its end, as a client does that is told to try again; answers its id. */
async function runThrough (service: TestService, n: number): Promise<string> {
  const headers = { 'idempotency-key': `${randomUUID()}-${n}` }
  const code = 'export default async (n) => { console.log(n); await new Promise((r) => setTimeout(r, 10)); return n }'
  const posted = await insist(() => service.request('POST', '/v1/jobs', { body: { code, input: n }, headers }))
  assert.equal(posted.status, 202, posted.text)
  const id = String(posted.json['id'])
  let job = posted
  while (!ENDED.has(String(job.json['status']))) job = await insist(() => service.request('GET', `/v1/jobs/${id}?wait=20`))
  assert.deepEqual([job.json['status'], job.json['result']], ['succeeded', n], id)
  return id
}

/** Asks until the answer is another than "try again". */
async function insist (ask: () => Promise<Answer>): Promise<Answer> {
  let answer: Answer | undefined
  await until('the service is back', async () => {
    answer = await ask()
    if (answer.status !== 503) return true
    assert.equal(answer.headers.get('retry-after'), '1')
    return false
  })
  assert.ok(answer)
  return answer
}

async function stopWithoutRedis (service: TestService, redis: RestartableRedis): Promise<void> {
  const { id } = await service.post({ code: 'export default async () => { console.log("in"); await new Promise((r) => setTimeout(r, 1500)); return 1 }' })
  await until('the job runs', async () => (await service.logs(id)).length > 0)
  const below = descendantsOf(service.worker.pid)
  await redis.kill()

  const asked = performance.now()
  process.kill(service.worker.pid, 'SIGTERM')
  const how = await service.worker.ended
  const tookMs = performance.now() - asked
  await Promise.all(below.map(({ pid }) => waitUntilDead(pid, 1000)))
  await redis.restart()
  await service.startWorker()

  assert.equal(how, 'ended with code 0')
  assert.ok(tookMs < 6000, `it took ${tookMs} ms`)
  await until('the API is back', async () => (await service.request('GET', '/readyz')).status === 200)
  const job = await service.end(id)
  assert.deepEqual([job.status, job.attempts[0]?.runs.length], ['succeeded', 2])
}
