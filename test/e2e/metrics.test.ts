import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { FAILURES } from '../../src/core/failures.ts'
import { DELIVERY_ENDS, TRY_OUTCOMES } from '../../src/core/figures.ts'
import { QUEUE_PRIORITY } from '../../src/queue/messages.ts'
import { JobStatus } from '../../src/core/status.ts'
import { KILL_RUNGS } from '../../src/telemetry/metrics/runners.ts'
import { CORRECTIONS } from '../../src/telemetry/metrics/runs.ts'
import { TRANSPORTS } from '../../src/telemetry/metrics/streams.ts'
import { scrape, type Scrape } from '../helpers/metrics.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const RATES = join(import.meta.dirname, '../../examples/custom-tool/tool.ts')
const HOSTILE = 'hostile"}\n1'
const NUMBER = /^(?:\d+(?:\.\d+)?|\+Inf)$/

/** Every label that there is, with what it may say. Whoever adds one decides here that its values are few, whatever users do. */
const LABELS: Readonly<Record<string, readonly string[] | RegExp>> = {
  le: NUMBER,
  bound: ['least', 'most'],
  batchbox_waited: ['true', 'false'],
  code: Object.keys(FAILURES),
  cpu_mode: ['user', 'system'],
  http_request_method: /^(?:CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|QUERY|TRACE|_OTHER)$/,
  http_response_status_code: /^[1-5]\d\d$/,
  http_route: /^\/(?:[\w.:*-]+\/?)*$/,
  kind: CORRECTIONS,
  outcome: [...new Set(['ok', 'error', 'denied', 'failed', 'succeeded', 'cancelled', 'crashed', ...TRY_OUTCOMES, ...DELIVERY_ENDS])],
  priority: Object.keys(QUEUE_PRIORITY),
  rung: KILL_RUNGS,
  scope: ['tenant', 'process'],
  state: ['waiting', 'scheduled', 'running', 'starting', 'idle', 'busy', 'retiring', 'sending'],
  status: JobStatus.options,
  tool: ['echo', 'crypto', 'rates'],
  transport: TRANSPORTS,
}

async function startScraped (t: TestContext): Promise<TestService & { scrapeApi: () => Promise<Scrape>, scrapeWorker: () => Promise<Scrape> }> {
  const service = await startService(t, { env: { BATCHBOX_METRICS_PORT: '0', BATCHBOX_TOOLS: `rates=${RATES}`, BATCHBOX_METRICS_TOKEN: 'a-token-for-prometheus' } })
  const headers = { authorization: 'Bearer a-token-for-prometheus' }
  return { ...service, worker: service.worker, scrapeApi: () => scrape(service.url, headers), scrapeWorker: () => scrape(String(service.worker.ready['metricsUrl']), headers) }
}

test('metrics', async (t) => {
  const service = await startScraped(t)
  const { run, post, request } = service
  await run({ code: 'export default () => echo.say("hi")', tools: ['echo'] })
  await run({ code: 'export default () => rates.convert(1, "EUR", "XXX")', tools: ['rates'] })
  await run({ code: 'export default () => { for (;;); }', limits: { timeoutMs: 50 } })
  await run({ code: 'export default () => String(3n ** (3n ** 17n)).length', limits: { timeoutMs: 100 } })
  await run({ code: `export default () => { const error = new Error(${JSON.stringify(HOSTILE)}); error.name = error.code = ${JSON.stringify(HOSTILE)}; throw error }`, tags: { [HOSTILE]: HOSTILE } })
  await run({ code: 'export default () => echo[\'hostile\']()', tools: ['echo'] })
  await post({ code: 'export default 1', delayMs: 3_600_000 })
  await request('GET', '/hostile')
  await request('OPTIONS', '/v1/jobs/hostile')

  await t.test('the worker tells of runs, kills, calls of tools and runners', async () => {
    let seen: Scrape | undefined
    await until('its runners are all there again', async () => {
      seen = await service.scrapeWorker()
      return seen.value('batchbox_runners', { state: 'idle' }) === 2 && seen.value('batchbox_archives_owed') === 0
    })
    assert.ok(seen)
    const { value } = seen
    assert.deepEqual([value('batchbox_run_duration_seconds_count', { outcome: 'succeeded' }), value('batchbox_run_duration_seconds_count', { outcome: 'failed' })], [1, 5])
    assert.deepEqual([value('batchbox_job_duration_seconds_count', { status: 'failed' }), value('batchbox_job_wait_duration_seconds_count', { priority: 'normal' })], [5, 6])
    assert.deepEqual([value('batchbox_runner_kills_total', { rung: 'isolate' }), value('batchbox_runner_kills_total', { rung: 'limit' })], [1, 1])
    assert.deepEqual([value('batchbox_tool_call_duration_seconds_count', { tool: 'echo', outcome: 'ok' }), value('batchbox_tool_call_duration_seconds_count', { tool: 'rates', outcome: 'error' })], [1, 1])
    assert.deepEqual([value('batchbox_worker_lanes'), value('batchbox_worker_runs'), value('batchbox_runs_fenced_total')], [2, 0, 0])
    assert.deepEqual([value('batchbox_runner_pool', { bound: 'least' }), value('batchbox_runner_pool', { bound: 'most' })], [2, 2])
    assert.ok(value('batchbox_runner_memory_bytes') > 10_000_000)
    assert.ok(value('batchbox_redis_ping_duration_seconds_count') > 0)
  })

  await t.test('the API tells of the runners of all workers in its readiness', async () => {
    let ready: unknown
    await until('the worker has told of them', async () => {
      ready = (await service.request('GET', '/readyz')).json
      return JSON.stringify(ready).includes('"idle":2')
    })
    assert.deepEqual(ready, { status: 'ok', workers: 1, runners: { least: 2, most: 2, starting: 0, idle: 2, busy: 0, retiring: 0 } })
  })

  await t.test('every process tells the same of the whole service', async () => {
    for (const { value } of [await service.scrapeApi(), await service.scrapeWorker()]) {
      assert.deepEqual([value('batchbox_jobs_accepted_total'), value('batchbox_jobs_ended_total', { status: 'succeeded' }), value('batchbox_jobs_ended_total', { code: 'TIMEOUT' })], [7, 1, 2])
      assert.deepEqual([value('batchbox_queue_jobs', { state: 'scheduled' }), value('batchbox_queue_jobs', { state: 'waiting' }), value('batchbox_redis_up')], [1, 0, 1])
    }
  })

  await t.test('no label says what a user wrote: each value is one of a closed table', async () => {
    const samples = [await service.scrapeApi(), await service.scrapeWorker()].flatMap((scraped) => scraped.samples).filter(({ name }) => name !== 'target_info')
    const wrong = samples.flatMap(({ name, labels }) => Object.entries(labels).map(([label, value]) => ({ name, label, value }))).filter(({ label, value }) => {
      const allowed = LABELS[label]
      return !allowed || !(allowed instanceof RegExp ? allowed.test(value) : allowed.includes(value)) || value.includes('hostile')
    })

    assert.deepEqual(wrong, [])
  })
})
