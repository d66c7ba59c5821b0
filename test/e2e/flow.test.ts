import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, describe, test } from 'node:test'
import { startRestartableRedis } from '../helpers/restartable-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

interface Answer {
  success: boolean
  result?: unknown
  error?: { type: string, message: string, code: string, stack?: string }
  logs?: { level: string, message: string }[]
  executionId: string
  timing: { executionTime: number, totalTime: number }
  timestamp: string
}

/** Calls the flow endpoint as an automation product does. */
async function call (service: Pick<TestService, 'url' | 'key'>, code: string, members: object = {}, headers: Record<string, string> = { accessToken: service.key }, signal: AbortSignal | null = null): Promise<{ status: number, answer: Answer, headers: Headers }> {
  const response = await fetch(`${service.url}/flow/codeblock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    signal,
    body: JSON.stringify({ codebase64: Buffer.from(code).toString('base64'), ...members }),
  })
  return { status: response.status, answer: await response.json() as Answer, headers: response.headers }
}

describe('the flow endpoint', async () => {
  const service = await startService({ after }, { env: { BATCHBOX_LANES: '1', BATCHBOX_FLOW_LANES: '2' } })

  test('a block of code is answered with what it returned', async () => {
    const { status, answer } = await call(service, 'export default (input) => ({ sum: input.a + input.b })', { input: { a: 1, b: 2 } })

    assert.equal(status, 200)
    assert.deepEqual(answer.result, { sum: 3 })
    assert.equal(answer.success, true)
    assert.match(answer.executionId, /^exe_/)
    assert.ok(answer.timing.totalTime >= answer.timing.executionTime)
    assert.ok(Date.parse(answer.timestamp) > 0)
  })

  test('code is the body of a function, with its input, modules and the crypto of Node', async () => {
    const { answer } = await call(service, `
      const { createHash } = require('crypto')
      const _ = require('lodash')
      const sums = await Promise.all(input.map(async (n) => n + 1))
      return { sums: _.reverse(sums), hash: createHash('sha256').update(Buffer.from('a')).digest('hex'), sloppy: typeof this }
    `, { input: [1, 2] })

    assert.deepEqual(answer.result, { sums: [3, 2], hash: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', sloppy: 'object' }, JSON.stringify(answer))
  })

  test('what code throws is told by its kind', async () => {
    const kinds = { 'nowhere()': 'ReferenceError', 'null.x': 'TypeError', 'throw new RangeError("far")': 'RuntimeError', 'throw 1': 'RuntimeError', 'require("fs")': 'SecurityError' }

    for (const [body, type] of Object.entries(kinds)) {
      const { status, answer } = await call(service, body)
      assert.deepEqual([status, answer.success, answer.error?.type], [200, false, type], JSON.stringify(answer))
    }
    const { answer } = await call(service, 'return {')
    assert.equal(answer.error?.type, 'SyntaxError')
  })

  test('code that takes too long is stopped', async () => {
    const { status, answer } = await call(service, 'for (;;);', { timeout: 50 })

    assert.deepEqual([status, answer.error?.type], [200, 'TimeoutError'])
  })

  test('health, status and limits tell what there is', async () => {
    const get = async (path: string, headers = {}) => (await fetch(`${service.url}/flow/${path}`, { headers })).json() as Promise<Record<string, unknown>>

    assert.deepEqual(await get('health'), { status: 'ok', workers: 1, lanes: 2 })
    const { timestamp, ...status } = await get('status', { accessToken: service.key })
    assert.ok(Date.parse(String(timestamp)) > 0)
    assert.deepEqual(status, { workers: 1, lanes: 2, waiting: 0, open: 0 })
    const limits = await get('limits', { accessToken: service.key })
    assert.deepEqual([limits['timeoutMs'], limits['tools'], limits['requestsPerSecond']], [{ default: 10_000, max: 60_000 }, ['crypto'], null])
    assert.equal((await get('limits'))['code'], 'UNAUTHENTICATED')
  })

  test('what a key may not have, its calls do not have', async () => {
    const made = await service.request('POST', '/v1/keys', { body: { name: 'narrow', tenant: 'acme', scopes: ['jobs:write'], ceilings: { limits: { timeoutMs: 1000 }, tools: [] }, bounds: { requestsPerSecond: 3 } } })
    assert.equal(made.status, 201, made.text)
    const { token } = made.json as { token: string }
    const asHolder = (code: string, members = {}) => call(service, code, members, { accessToken: token })

    const denied = await asHolder('return 1', { timeout: 2000 })
    const { headers, answer } = await asHolder('return crypto.randomUUID()')
    const other = await asHolder('return 1', { timeout: 1000 })

    assert.deepEqual([denied.status, denied.answer.error?.type], [400, 'ValidationError'])
    assert.match(denied.answer.error?.message ?? '', /ceiling/)
    assert.equal(answer.success, false)
    assert.equal(other.answer.result, 1)
    assert.deepEqual(['ratelimit-limit', 'x-ratelimit-limit'].map((name) => headers.get(name)), ['3', '3'])
    const many = await Promise.all(Array.from({ length: 8 }, () => asHolder('return 1')))
    assert.ok(many.some((each) => each.status === 429 && each.answer.error?.type === 'ConcurrencyError' && each.headers.has('retry-after')))
  })

  test('strangers and requests that are not valid are refused in the same form', async () => {
    const code = 'return 1'
    const refused = await Promise.all([
      call(service, code, {}, {}),
      call(service, code, {}, { accessToken: `bbx_${'w'.repeat(40)}` }),
      call(service, code, { timeout: 'soon' }),
      call(service, code, { timeout: 10_000_000 }),
      call(service, code, { codebase64: '%' }),
    ])

    assert.deepEqual(refused.map(({ status, answer }) => [status, answer.success, answer.error?.type]), [
      [401, false, 'SecurityError'], [401, false, 'SecurityError'],
      [400, false, 'ValidationError'], [400, false, 'ValidationError'], [400, false, 'ValidationError'],
    ])
  })
})

describe('flow calls in trouble', () => {
  test('a call is open until its answer was received, and a caller that does not read loses the connection', async (t) => {
    const service = await startService(t, { env: { BATCHBOX_LANES: '1', BATCHBOX_FLOW_LANES: '2', BATCHBOX_TENANT_FLOW_CALLS: '1', BATCHBOX_FLOW_ANSWER_MS: '1000' } })
    const body = JSON.stringify({ codebase64: Buffer.from('return "x".repeat(input)').toString('base64'), input: 5_000_000 })
    const { hostname, port } = new URL(service.url)
    const caller = connect(Number(port), hostname)
    t.after(() => caller.destroy())
    caller.write(`POST /flow/codeblock HTTP/1.1\r\nhost: x\r\naccessToken: ${service.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    await once(caller, 'readable') // and nothing is read

    const meanwhile = await call(service, 'return 1')
    const since = performance.now()
    await until('the connection is closed', async () => (await call(service, 'return 2')).status === 200)

    assert.deepEqual([meanwhile.status, meanwhile.answer.error?.code], [429, 'RATE_LIMITED'])
    assert.ok(performance.now() - since < 10_000)
  })

  test('a call that no worker takes in time is answered so', async (t) => {
    const service = await startService(t, { worker: false, env: { BATCHBOX_FLOW_START_MS: '300' } })

    const { status, answer, headers } = await call(service, 'return 1')

    assert.deepEqual([status, answer.success, answer.error?.type, answer.error?.code], [503, false, 'ConcurrencyError', 'OVERLOADED'])
    assert.match(answer.error?.message ?? '', /no worker had room for it within 300 ms/)
    assert.ok(Number(headers.get('retry-after')) > 0)
    assert.equal((await fetch(`${service.url}/flow/health`)).status, 503)
  })

  test('nobody waits for a worker that is gone, code whose caller left is stopped, and a Redis that dies is no end', async (t) => {
    const scope = lastInFirstOut(t)
    const redis = await startRestartableRedis(scope)
    const service = await startService(scope, { redis: { url: redis.url, prefix: '{flow}' }, env: { BATCHBOX_LANES: '1', BATCHBOX_FLOW_LANES: '1' } })
    const endless = 'return new Promise((resolve) => setTimeout(resolve, 60000))'
    const isIdle = async () => (await service.db.redis.keys('{flow}:flow:run:*')).length === 0
    const isBusy = async () => !await isIdle()

    const leaving = new AbortController()
    const left = call(service, endless, { timeout: 60_000 }, { accessToken: service.key }, leaving.signal)
    await until('it runs', isBusy)
    leaving.abort()
    await assert.rejects(left)
    await until('it is stopped, since its caller left', isIdle)
    assert.equal((await call(service, 'return 3')).answer.result, 3)

    const killed = call(service, endless, { timeout: 60_000 })
    await until('it runs', isBusy)
    process.kill(service.worker.pid, 'SIGKILL')
    const { status, answer } = await killed
    assert.deepEqual([status, answer.error?.type, answer.error?.code], [503, 'RuntimeError', 'WORKER_CRASHED'])
    assert.match(answer.error?.message ?? '', /worker that ran the code is gone/)

    const next = await service.startWorker({ BATCHBOX_FLOW_LANES: '1', BATCHBOX_DRAIN_MS: '0' })
    const stopped = call(service, endless, { timeout: 60_000 })
    await until('it runs', isBusy)
    await next.stop()
    assert.match((await stopped).answer.error?.message ?? '', /worker that ran the code was stopped/)

    await service.startWorker({ BATCHBOX_LANES: '1', BATCHBOX_FLOW_LANES: '1' })
    const waiting = call(service, 'return new Promise((resolve) => setTimeout(resolve, 1500, 4))', { timeout: 60_000 })
    await until('it runs', isBusy)
    await redis.kill()
    const refused = await call(service, 'return 5')
    await redis.restart()

    assert.deepEqual([refused.status, refused.answer.error?.code], [503, 'UNAVAILABLE'])
    const { answer: late } = await waiting
    assert.ok(late.result === 4 || late.error?.code === 'UNAVAILABLE', JSON.stringify(late))
    await until('calls are run again', async () => (await call(service, 'return 6')).answer.result === 6)
  })
})
