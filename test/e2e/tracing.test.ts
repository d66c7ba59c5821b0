import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Span } from '../helpers/client.ts'
import { startCollector } from '../helpers/collector.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
/** Each span and the one above it. */
const TREE: Record<string, string | undefined> = {
  'POST /v1/jobs': undefined,
  'accept': 'POST /v1/jobs',
  'wait in queue': 'accept',
  'run': 'accept',
  'compile': 'run',
  'isolate boot': 'run',
  'user code': 'run',
  'settle': 'run',
}

test('the trace of a job', async (t) => {
  const collector = await startCollector(t)
  const service = await startService(t, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } })

  await t.test('joins its caller, holds every step below the right one, and keeps no baggage', () => joinCaller(service))
  await t.test('is a new one without a caller, and whatever a caller says of sampling', () => startAlone(service))
  await t.test('marks what failed, with its code', () => failSpans(service))
  await t.test('is in the lines that the worker logs', () => logIds(service))
  await t.test('is exported whole when its processes end', async () => {
    await Promise.all([service.api.stop(), service.worker.stop()])

    assert.ok(collector.collected.every(({ path, type }) => path === '/v1/traces' && type === 'application/x-protobuf'))
    const received = collector.collected.map(({ body }) => body.toString('latin1')).join('\n')
    for (const text of [...Object.keys(TREE), 'batchbox-api', 'batchbox-worker']) assert.ok(received.includes(text), text)
    assert.ok(received.includes(Buffer.from(TRACE_ID, 'hex').toString('latin1')), 'the id of the trace')
    assert.equal(received.includes('hush-hush'), false)
  })
})

async function joinCaller (service: TestService): Promise<void> {
  const headers = { traceparent: `00-${TRACE_ID}-${CALLER}-01`, tracestate: 'vendor=hush-hush', baggage: 'user=hush-hush' }
  const job = await service.run({ code: 'export default (): number => 1' }, headers)
  assert.equal(job.traceId, TRACE_ID)

  const spans = await readTrace(service, job.id)

  const byName = new Map(spans.map((span) => [span.name, span]))
  assert.deepEqual(spans.map(({ name }) => name).toSorted(), Object.keys(TREE).toSorted())
  for (const [name, above] of Object.entries(TREE)) {
    const span = byName.get(name)
    assert.equal(span?.traceId, TRACE_ID, name)
    assert.equal(span.parentSpanId, above === undefined ? CALLER : byName.get(above)?.spanId, name)
  }
  const answer = await service.request('GET', `/v1/jobs/${job.id}/trace`)
  assert.doesNotMatch(answer.text, /hush-hush/)
  assert.match(answer.text, /batchbox-api.*batchbox-worker|batchbox-worker.*batchbox-api/s)
  assertNested(byName)
}

/** What is below another lies within it; the run begins when the wait is over. */
function assertNested (spans: Map<string, Span>): void {
  const CLOCKS_APART_MS = 50 // the worker's clock and Redis's, which is in whole milliseconds
  const time = (name: string, end: 'startTimeUnixNano' | 'endTimeUnixNano') => Number(BigInt(spans.get(name)?.[end] ?? 0) / 1000n) / 1000
  for (const name of ['compile', 'isolate boot', 'user code', 'settle']) {
    assert.ok(time(name, 'startTimeUnixNano') >= time('run', 'startTimeUnixNano') - CLOCKS_APART_MS, name)
    assert.ok(time(name, 'endTimeUnixNano') <= time('run', 'endTimeUnixNano') + CLOCKS_APART_MS, name)
  }
  assert.ok(time('isolate boot', 'endTimeUnixNano') <= time('user code', 'startTimeUnixNano'))
  assert.ok(time('wait in queue', 'endTimeUnixNano') <= time('run', 'startTimeUnixNano') + CLOCKS_APART_MS)
}

async function startAlone (service: TestService): Promise<void> {
  const alone = await service.run({ code: 'export default () => 1' })
  const unsampled = await service.run({ code: 'export default () => 1' }, { traceparent: `00-${'1'.repeat(32)}-${CALLER}-00` })
  const broken = await service.run({ code: 'export default () => 1' }, { traceparent: `00-${'0'.repeat(32)}-${CALLER}-01` })

  assert.match(alone.traceId ?? '', /^(?!0{32})[0-9a-f]{32}$/)
  assert.equal(unsampled.traceId, '1'.repeat(32))
  assert.notEqual(broken.traceId, '0'.repeat(32))
  assert.equal((await readTrace(service, unsampled.id)).length, Object.keys(TREE).length)
}

async function failSpans (service: TestService): Promise<void> {
  const job = await service.run({ code: 'export default () => { throw new Error("no") }' })

  const run = (await readTrace(service, job.id)).find(({ name }) => name === 'run')

  assert.equal(run?.status.code, 2)
  assert.ok(run.attributes.some(({ key, value }) => key === 'error.type' && JSON.stringify(value).includes('USER_ERROR')))
}

async function logIds (service: TestService): Promise<void> {
  const job = await service.run({ code: 'export default () => 1' })
  const find = () => service.worker.lines.find(({ jobId }) => jobId === job.id)
  await until('the worker has logged the run', () => find() !== undefined)

  assert.deepEqual([find()?.['msg'], find()?.['trace_id'], find()?.['status']], ['run ended', job.traceId, 'succeeded'])
}

/** Spans are stored after the job has ended, so they are waited for. */
async function readTrace (service: TestService, id: string): Promise<Span[]> {
  let spans: Span[] = []
  await until('the trace is whole', async () => {
    spans = await service.spans(id)
    return Object.keys(TREE).every((name) => spans.some((span) => span.name === name))
  })
  return spans
}
