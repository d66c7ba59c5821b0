import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ROOT_CONTEXT, SpanKind, context, trace } from '@opentelemetry/api'
import { JOB_ID } from '../../src/telemetry/attributes.ts'
import { contextFromTraceparent, contextOf, failSpan, recordSpan, traceparentOf } from '../../src/telemetry/spans.ts'
import { createTelemetry, type TelemetryOptions } from '../../src/telemetry/telemetry.ts'

interface Kept { jobId: string, names: string[], text: string }

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'

async function startTelemetry (t: TestContext, options: Partial<TelemetryOptions> = {}) {
  const kept: Kept[] = []
  const errors: unknown[] = []
  const telemetry = await createTelemetry({
    serviceName: 'batchbox-test',
    serviceVersion: '0',
    instanceId: 'one',
    sampleRatio: 1,
    onError: (error) => errors.push(error),
    async keepSpans (jobId, chunk) {
      const text = Buffer.from(chunk).toString()
      kept.push({ jobId, text, names: readSpans(text).map(({ name }) => name) })
    },
    ...options,
  })
  t.after(() => telemetry.close())
  return { ...telemetry, kept, errors }
}

interface OtlpSpan { name: string, parentSpanId?: string, startTimeUnixNano: string, status: { code: number } }

function readSpans (text: string): OtlpSpan[] {
  const parsed = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] } // written by the OTLP serialiser
  return parsed.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
}

test('the spans of a job are kept as one chunk of OTLP/JSON when their local root ends', async (t) => {
  const { tracer, kept, flush } = await startTelemetry(t)
  const root = tracer.startSpan('run', { attributes: { [JOB_ID]: 'job_1' } }, contextFromTraceparent(TRACEPARENT))

  recordSpan(tracer, { name: 'compile', parent: contextOf(root), startMs: 1_700_000_000_000.5, endMs: 1_700_000_000_002, kind: SpanKind.INTERNAL, attributes: { [JOB_ID]: 'job_1' } })
  recordSpan(tracer, { name: 'elsewhere', parent: contextOf(root), startMs: 1_700_000_000_000, endMs: 1_700_000_000_001 })
  const before = kept.length
  root.end()
  await flush()

  assert.equal(before, 0)
  assert.deepEqual(kept.map(({ jobId, names }) => ({ jobId, names })), [{ jobId: 'job_1', names: ['compile', 'run'] }])
  assert.equal(readSpans(kept[0]!.text)[0]!.startTimeUnixNano, '1700000000000500000') // one chunk, asserted above
  assert.match(kept[0]!.text, /"service.name"/)
})

test('roots of one job that end together make one chunk', async (t) => {
  const { tracer, kept, flush } = await startTelemetry(t)
  const parent = contextFromTraceparent(TRACEPARENT)

  recordSpan(tracer, { name: 'wait in queue', parent, startMs: 1, endMs: 2, attributes: { [JOB_ID]: 'job_1' } })
  recordSpan(tracer, { name: 'run', parent, startMs: 2, endMs: 3, attributes: { [JOB_ID]: 'job_1' } })
  await flush()

  assert.deepEqual(kept.map(({ names }) => names), [['wait in queue', 'run']])
})

test('a span that ends after its root makes a chunk of its own', async (t) => {
  const { tracer, kept, flush } = await startTelemetry(t)
  const root = tracer.startSpan('request', {}, ROOT_CONTEXT)
  const late = tracer.startSpan('late', { attributes: { [JOB_ID]: 'job_1' } }, contextOf(root))

  root.end()
  late.end()
  await flush()

  assert.deepEqual(kept.map(({ names }) => names), [['late']])
})

test('a trace is joined, but its sampled flag is not trusted', async (t) => {
  const { tracer, kept, flush } = await startTelemetry(t)

  const span = tracer.startSpan('request', { attributes: { [JOB_ID]: 'job_1' } }, contextFromTraceparent(TRACEPARENT))
  span.end()
  await flush()

  assert.equal(span.spanContext().traceId, '0af7651916cd43dd8448eb211c80319c')
  assert.match(traceparentOf(span), /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/)
  assert.equal(readSpans(kept[0]!.text)[0]!.parentSpanId, 'b7ad6b7169203331') // the span above has ended
})

test('a sample ratio of 0 records nothing whatever the caller asks for', async (t) => {
  const { tracer, kept, flush } = await startTelemetry(t, { sampleRatio: 0 })

  const span = tracer.startSpan('request', { attributes: { [JOB_ID]: 'job_1' } }, contextFromTraceparent(TRACEPARENT.replace(/00$/, '01')))
  span.end()
  await flush()

  assert.equal(kept.length, 0)
  assert.match(traceparentOf(span), /-00$/)
})

test('a malformed traceparent starts a new trace', () => {
  for (const text of ['', 'nonsense', '00-0-0-00', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`]) {
    assert.equal(contextFromTraceparent(text), ROOT_CONTEXT)
  }
})

test('what is held is bounded: spans of a job are left out, and the oldest root is handed over early', async (t) => {
  const { tracer, kept, flush } = await startTelemetry(t, { maxHeld: 1, maxSpansPerJob: 2 })
  const attributes = (id: string) => ({ attributes: { [JOB_ID]: id } })
  const first = tracer.startSpan('first', {}, ROOT_CONTEXT)
  const second = tracer.startSpan('second', {}, ROOT_CONTEXT)

  for (const name of ['a', 'b', 'c']) tracer.startSpan(name, attributes('job_1'), contextOf(first)).end()
  tracer.startSpan('d', attributes('job_2'), contextOf(second)).end()
  await new Promise<void>((resolve) => { setImmediate(resolve) })
  first.end()
  second.end()
  await flush()

  assert.deepEqual(kept.map(({ names }) => names), [['a', 'b'], ['d']])
})

test('a chunk that cannot be stored is reported and harms nothing', async (t) => {
  const failure = new Error('Redis is away')
  const { tracer, errors, flush } = await startTelemetry(t, { keepSpans: () => Promise.reject(failure) })

  tracer.startSpan('run', { attributes: { [JOB_ID]: 'job_1' } }, ROOT_CONTEXT).end()
  await flush()

  assert.deepEqual(errors, [failure])
})

test('a failed span carries the code and the error status', async (t) => {
  const { tracer, kept, flush } = await startTelemetry(t)
  const span = tracer.startSpan('run', { attributes: { [JOB_ID]: 'job_1' } }, ROOT_CONTEXT)

  failSpan(span, { code: 'TIMEOUT', message: 'Wall time limit reached' })
  span.end()
  await flush()

  assert.equal(readSpans(kept[0]!.text)[0]!.status.code, 2) // the span above has ended
  assert.match(kept[0]!.text, /"error.type","value":\{"stringValue":"TIMEOUT"\}/)
})

test('the active span is carried over an await', async (t) => {
  const { tracer } = await startTelemetry(t)
  const span = tracer.startSpan('request', {}, ROOT_CONTEXT)

  const seen = await context.with(contextOf(span), async () => {
    await Promise.resolve()
    return trace.getActiveSpan()
  })
  span.end()

  assert.equal(seen, span)
})
