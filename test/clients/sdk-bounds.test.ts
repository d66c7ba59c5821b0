import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inBatches } from '../../clients/sdk/src/live/batches.ts'
import { createChoice } from '../../clients/sdk/src/live/choice.ts'
import { createDeduplication } from '../../clients/sdk/src/live/deduplication.ts'
import { createMeter, createSamples } from '../../clients/sdk/src/live/metrics.ts'
import { createPool } from '../../clients/sdk/src/live/pool.ts'

test('ids are remembered for 5 minutes and up to 10,000 of them', (t) => {
  t.mock.timers.enable({ apis: ['Date'] })
  const seen = createDeduplication()
  const byAge = createDeduplication()

  for (let i = 0; i < 10_001; i++) seen.isRepeat(`id ${i}`)
  byAge.isRepeat('id')
  t.mock.timers.tick(299_999)
  const late = byAge.isRepeat('id')
  t.mock.timers.tick(1)

  assert.deepEqual([seen.isRepeat('id 10000'), seen.isRepeat('id 0'), late, byAge.isRepeat('id')], [false, false, true, false])
})

test('the newest id of a full window is known, and the oldest is not', () => {
  const seen = createDeduplication({ maxEntries: 2 })

  const answers = ['a', 'b', 'b', 'c', 'b', 'a'].map((id) => seen.isRepeat(id))

  assert.deepEqual(answers, [false, false, true, false, true, false])
})

test('a pool hands its places on in order, and says what to do when none is free in time', async () => {
  const pool = createPool({ max: 1, acquireTimeoutMs: 20 })
  const { signal } = new AbortController()
  const release = await pool.acquire('job:1', signal)
  const order: string[] = []

  const waiting = Promise.all([pool.acquire('job:2', signal).then((free) => { order.push('2'); free() }), pool.acquire('job:3', signal).then((free) => { order.push('3'); free() })])
  release()
  release() // a second time is nothing
  await waiting
  await pool.acquire('job:4', signal)

  assert.deepEqual(order, ['2', '3'])
  await assert.rejects(pool.acquire('job:5', signal), { code: 'POOL_TIMEOUT', message: /"job:5": all 1 streams were in use for 20 ms.*raise maxStreams/ })
  await assert.rejects(pool.acquire('job:6', AbortSignal.abort(new Error('left'))), /left/)
})

test('a pool forgets those who left while they waited', async () => {
  const pool = createPool({ max: 1, acquireTimeoutMs: 60_000 })
  const release = await pool.acquire('job:1', new AbortController().signal)
  const leaving = new AbortController()

  const left = pool.acquire('job:2', leaving.signal)
  leaving.abort(new Error('left'))
  await assert.rejects(left, /left/)
  release()
  const free = await pool.acquire('job:3', new AbortController().signal)

  free()
})

test('events are gathered by number and by age, and none is lost where the source throws', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { promise: later, resolve: goOn } = Promise.withResolvers<void>()
  async function * source () {
    yield * [1, 2, 3]
    await later
    yield 4
    throw new Error('broke')
  }
  const batches: number[][] = []
  const whole = (async () => {
    for await (const batch of inBatches(source(), { maxMessages: 2, maxDelayMs: 1000 })) batches.push(batch)
  })()

  for (let i = 0; i < 50; i++) await Promise.resolve() // all that needs no timer
  const before = structuredClone(batches)
  t.mock.timers.tick(1000)
  for (let i = 0; i < 50; i++) await Promise.resolve()
  const after = structuredClone(batches)
  goOn()

  await assert.rejects(whole, /broke/)
  assert.deepEqual([before, after, batches], [[[1, 2]], [[1, 2], [3]], [[1, 2], [3], [4]]])
})

test('leaving a loop over lists of events ends their source', async () => {
  let isEnded = false
  async function * source () {
    try {
      for (;;) yield 1
    } finally {
      isEnded = true
    }
  }

  for await (const batch of inBatches(source(), { maxMessages: 3 })) if (batch.length === 3) break

  assert.ok(isEnded)
})

test('the next transport is tried at once, the first again after a wait, and what worked is remembered for 5 minutes', (t) => {
  t.mock.timers.enable({ apis: ['Date'] })
  const choice = createChoice('http://choice.test/', ['websocket', 'sse', 'poll'])

  assert.equal(choice.first(), 'websocket')
  assert.deepEqual(choice.next('websocket', 1), { name: 'sse', isPause: false })
  assert.deepEqual(choice.next('sse', 1), { name: 'poll', isPause: false })
  assert.deepEqual(choice.next('poll', 1), { name: 'websocket', isPause: true })
  choice.opened('poll')
  const other = createChoice('http://choice.test/', ['websocket', 'sse', 'poll'])
  assert.equal(other.first(), 'poll')
  assert.deepEqual(other.next('poll', 1), { name: 'websocket', isPause: false })
  t.mock.timers.tick(300_000)
  assert.equal(other.first(), 'websocket')
})

test('a transport that has worked gets three tries before another is taken', () => {
  const choice = createChoice('http://patient.test/', ['websocket', 'poll'])
  choice.opened('websocket')

  assert.deepEqual([1, 2, 3].map((tries) => choice.next('websocket', tries)), [{ name: 'websocket', isPause: true }, { name: 'websocket', isPause: true }, { name: 'poll', isPause: false }])
})

test('percentiles are of the newest thousand values, and types beyond a hundred are counted together', () => {
  const samples = createSamples()
  for (let i = 0; i < 1000; i++) samples.add(1_000_000)
  for (let i = 1; i <= 1000; i++) samples.add(i)
  const meter = createMeter()
  for (let i = 0; i < 150; i++) meter.record(`type ${i}`, { bytes: 10, isError: i === 149 })

  const { other, ...types } = meter.read()

  assert.deepEqual(samples.read(), { p50: 500, p95: 950, p99: 990 })
  assert.deepEqual(createSamples().read(), { p50: 0, p95: 0, p99: 0 })
  assert.equal(Object.keys(types).length, 100)
  assert.deepEqual(other, { count: 50, errors: 1, sizeBytes: { p50: 10, p95: 10, p99: 10 }, latencyMs: { p50: 0, p95: 0, p99: 0 } })
})

test('lists of nothing are refused at once', async () => {
  async function * source () { yield 1 }

  await assert.rejects(inBatches(source(), { maxMessages: 0 }).next(), RangeError)
})
