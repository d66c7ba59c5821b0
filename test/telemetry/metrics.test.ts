import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { createMetrics, NO_METRICS } from '../../src/telemetry/metrics.ts'
import { createHttpMetrics } from '../../src/telemetry/metrics/http.ts'
import { observeProcess } from '../../src/telemetry/metrics/process.ts'
import { createRunnerMetrics } from '../../src/telemetry/metrics/runners.ts'
import { observeStore } from '../../src/telemetry/metrics/store.ts'
import type { Figures } from '../../src/core/figures.ts'
import { parseMetrics } from '../helpers/metrics.ts'

async function startMetrics (t: TestContext) {
  const errors: unknown[] = []
  const metrics = await createMetrics({ resource: resourceFromAttributes({ 'service.name': 'test' }), onError: (error) => errors.push(error) })
  t.after(() => metrics.close())
  return { ...metrics, errors, read: async () => parseMetrics(await metrics.scrape()) }
}

test('names end in their unit, counters in total, and the process is named once', async (t) => {
  const { meter, read } = await startMetrics(t)
  meter.createCounter('some.things', { unit: '{thing}' }).add(2, { kind: 'a' })
  meter.createHistogram('some.wait', { unit: 's', advice: { explicitBucketBoundaries: [1, 2] } }).record(1.5)
  meter.createGauge('some.memory', { unit: 'By' }).record(7)

  const { types, value, samples } = await read()

  assert.deepEqual([...types], [['target_info', 'gauge'], ['some_things_total', 'counter'], ['some_wait_seconds', 'histogram'], ['some_memory_bytes', 'gauge']])
  assert.deepEqual([value('some_things_total', { kind: 'a' }), value('some_wait_seconds_bucket', { le: '2' }), value('some_memory_bytes')], [2, 1, 7])
  assert.deepEqual(samples.find(({ name }) => name === 'target_info')?.labels, { service_name: 'test' })
})

test('scrapes that come within a second share one collection', async (t) => {
  const { meter, scrape } = await startMetrics(t)
  let looks = 0
  meter.createObservableGauge('looks').addCallback((result) => { result.observe(looks += 1) })

  const texts = await Promise.all([scrape(), scrape(), scrape()])

  assert.equal(looks, 1)
  assert.equal(new Set(texts).size, 1)
})

test('an instrument that fails is reported, and the others are told', async (t) => {
  const { meter, read, errors } = await startMetrics(t)
  meter.createObservableGauge('broken').addCallback(() => { throw new Error('no') })
  meter.createCounter('fine').add(1)

  const { value } = await read()

  assert.equal(value('fine_total'), 1)
  assert.deepEqual(errors.map(String), ['Error: no'])
})

test('however many label values an instrument is given, its series are bounded', async (t) => {
  const { meter, read } = await startMetrics(t)
  const counter = meter.createCounter('labels')
  for (let i = 0; i < 10_000; i++) counter.add(1, { id: `value-${i}` })

  const { samples, value } = await read()

  assert.equal(samples.filter(({ name }) => name === 'labels_total').length, 500)
  assert.equal(value('labels_total'), 10_000)
})

test('a method that HTTP does not know is one label with all the others, and a path without a route has none', async (t) => {
  const { meter, read } = await startMetrics(t)
  const http = createHttpMetrics(meter)
  for (const method of ['BREW', 'bbx_secret', 'GET']) {
    http.came(method)
    http.served({ method, route: undefined, status: 404, waited: false, durationMs: 5 })
  }

  const { samples, value } = await read()

  const counts = samples.filter(({ name }) => name === 'http_server_request_duration_seconds_count')
  assert.deepEqual(counts.map(({ labels, value }) => [labels, value]), [
    [{ http_request_method: '_OTHER', http_response_status_code: '404', batchbox_waited: 'false' }, 2],
    [{ http_request_method: 'GET', http_response_status_code: '404', batchbox_waited: 'false' }, 1],
  ])
  assert.equal(value('http_server_active_requests'), 0)
})

test('kills are there with each rung before the first one, and ends of runners go to the counter of their kind', async (t) => {
  const { meter, read } = await startMetrics(t)
  const runners = createRunnerMetrics(meter)
  for (const end of ['limit', 'itself', 'worn', 'closing', 'silence', 'limit'] as const) runners.ended(end)
  runners.observe(() => ({ figures: { least: 2, most: 5, starting: 0, idle: 2, busy: 1, retiring: 0 }, rssBytes: 9 }))

  const { samples, value } = await read()

  const kills = samples.filter(({ name }) => name === 'batchbox_runner_kills_total').map(({ labels, value }) => [labels['rung'], value])
  assert.deepEqual(Object.fromEntries(kills), { isolate: 0, limit: 2, silence: 1, protocol: 0, idle: 0, boot: 0, kernel: 0 })
  assert.deepEqual([value('batchbox_runner_deaths_total'), value('batchbox_runner_recycled_total')], [1, 1])
  assert.deepEqual([value('batchbox_runners', { state: 'idle' }), value('batchbox_runners', { state: 'retiring' }), value('batchbox_runner_memory_bytes')], [2, 0, 9])
  assert.deepEqual([value('batchbox_runner_pool', { bound: 'least' }), value('batchbox_runner_pool', { bound: 'most' })], [2, 5])
})

test('a process tells of its memory, processor time and event loop', async (t) => {
  const { meter, read } = await startMetrics(t)
  t.after(observeProcess(meter))

  const { value } = await read()

  assert.ok(value('process_memory_usage_bytes') > 10_000_000)
  assert.ok(value('process_cpu_time_seconds_total', { cpu_mode: 'user' }) > 0)
  assert.ok(value('nodejs_eventloop_utilization_ratio') <= 1)
})

const FIGURES: Figures = {
  queue: { waiting: 3, scheduled: 2, running: 1 }, oldestWaitMs: 1500, owedArchives: 4, accepted: 9, files: { count: 5, bytes: 6000, owedBlobs: 7 },
  ended: [{ status: 'succeeded', code: null, count: 5 }, { status: 'failed', code: 'TIMEOUT', count: 2 }], memoryBytes: { used: 10, max: 0 },
  webhooks: {
    deliveries: { waiting: 1, scheduled: 2, sending: 3 }, oldestMs: 2500, resting: 1,
    tries: { succeeded: 4, failed: 5 }, ended: { succeeded: 4, exhausted: 1, expired: 0, gone: 0, full: 0, removed: 0, deleted: 0 },
  },
}

test('what the store says of the service is told as it is', async (t) => {
  const { meter, read } = await startMetrics(t)
  t.after(observeStore(meter, { read: async () => FIGURES, ping: async () => {} }))

  const { value } = await read()

  assert.deepEqual([value('batchbox_redis_up'), value('batchbox_queue_jobs', { state: 'waiting' }), value('batchbox_queue_oldest_age_seconds')], [1, 3, 1.5])
  assert.deepEqual([value('batchbox_jobs_ended_total', { status: 'failed', code: 'TIMEOUT' }), value('batchbox_jobs_ended_total'), value('batchbox_jobs_accepted_total')], [2, 7, 9])
  assert.deepEqual([value('batchbox_webhook_deliveries', { state: 'sending' }), value('batchbox_webhook_oldest_age_seconds'), value('batchbox_webhook_receivers_resting'), value('batchbox_webhook_tries_total'), value('batchbox_webhook_deliveries_ended_total', { outcome: 'exhausted' })], [3, 2.5, 1, 9, 1])
  assert.deepEqual([value('batchbox_files'), value('batchbox_files_size_bytes'), value('batchbox_blobs_owed')], [5, 6000, 7])
})

for (const [what, read] of [['fails', () => Promise.reject(new Error('away'))], ['does not answer', () => new Promise<never>(() => {})]] as const) {
  test(`a store that ${what} is told of, beside everything that needs none`, async (t) => {
    const metrics = await startMetrics(t)
    metrics.meter.createCounter('fine').add(1)
    t.after(observeStore(metrics.meter, { read, ping: read }))

    const { value, samples } = await metrics.read()

    assert.deepEqual([value('batchbox_redis_up'), value('fine_total')], [0, 1])
    assert.ok(!samples.some(({ name }) => name === 'batchbox_queue_jobs'))
    assert.deepEqual(metrics.errors, [])
  })
}

test('a process that nobody asks for metrics counts nothing', async () => {
  createRunnerMetrics(NO_METRICS.meter).ended('limit')

  assert.equal(await NO_METRICS.scrape(), '')
})
