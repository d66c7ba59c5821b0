import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildFailure, EMPTY_USAGE } from '../../src/core/outcome.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { readJob, readResult } from '../../src/store/read.ts'
import { releaseDue } from '../../src/store/reap.ts'
import { acceptJob, beginJob, RETENTION_MS, TENANT } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'
import { eventsOf, openBench, typesOf } from '../helpers/worker.ts'

const line = (message: string) => ({ time: 1, level: 'log' as const, message })

test('a job runs with what was posted, and ends with its result, usage and isolation', async (t) => {
  const { db, engine, run, errors, lines } = await openBench(t)
  const id = await acceptJob(db, { code: 'export const main = 1', input: { n: 1 }, entry: 'main', tags: { a: 'b' }, limits: { timeoutMs: 5000 } })

  const verdict = run(id)
  const { request, end } = await engine.next()
  const usage = { ...EMPTY_USAGE, wallMs: 7 }
  const isolation = { process: true, permission: true, uid: 1, cgroup: true, threads: 1 }
  end({ type: 'succeeded', result: '{"x":1}', usage }, { isolation })

  assert.deepEqual(await verdict, { type: 'done' })
  const job = await readJob(db, TENANT, id)
  assert.ok(job?.startedAt)
  const { code, input, entry, tenant, limits, context } = request
  assert.deepEqual({ code, input, entry, tenant, timeoutMs: limits.timeoutMs }, { code: 'export const main = 1', input: '{"n":1}', entry: 'main', tenant: TENANT, timeoutMs: 5000 })
  assert.deepEqual(context, { jobId: id, attempt: 1, tags: { a: 'b' }, deadline: new Date(job.startedAt + 5000).toISOString() })
  assert.deepEqual([job.status, job.usage, job.attempts[0]?.isolation, job.attempts[0]?.worker], ['succeeded', usage, isolation, 'w1'])
  assert.equal((await readResult(db, TENANT, id))?.toString(), '{"x":1}')
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.started', 'job.succeeded'])
  assert.equal(await db.redis.exists(db.keys.events(id)), 0, 'its events are archived')
  assert.deepEqual(errors, [])
  assert.deepEqual(lines.map(({ msg, jobId, status }) => [msg, jobId, status]), [['run ended', id, 'succeeded']])
})

test('what a run takes is in the history and in the job while it goes on, and what it took in the end afterwards', async (t) => {
  const { db, engine, run } = await openBench(t, { usage: { everyMs: 100, warnShare: 0.5 } })
  const id = await acceptJob(db, { limits: { timeoutMs: 1000, memoryMb: 100 } })
  const verdict = run(id)
  const { hooks, end } = await engine.next()
  const usageOf = async () => (await readJob(db, TENANT, id))?.usage

  hooks.onUsage?.({ wallMs: 400, cpuMs: 30.4, memoryBytes: { now: 1_048_576, peak: 2_097_152 }, logLines: 1, logBytes: 5, toolCalls: 2 })
  await until('it is written', async () => (await eventsOf(db, id)).some(({ type }) => type === 'job.usage'))
  const during = { wallMs: 400, cpuMs: 30, peakMemoryBytes: 2_097_152, logBytes: 5, resultBytes: 0, toolCalls: 2 }
  assert.deepEqual([await usageOf(), (await readJob(db, TENANT, id))?.attempts[0]?.runs[0]?.usage], [during, during])
  hooks.onUsage?.({ wallMs: 600, cpuMs: 30, memoryBytes: null, logLines: 1, logBytes: 5, toolCalls: 2 })
  end({ type: 'succeeded', usage: { ...EMPTY_USAGE, wallMs: 700 } })
  await verdict

  assert.equal((await usageOf())?.wallMs, 700)
  assert.deepEqual((await eventsOf(db, id)).slice(2, -1).map(({ type, payload }) => ({ type, payload })), [
    { type: 'job.usage', payload: { run: 1, wallMs: 400, cpuMs: 30, memoryBytes: 1_048_576, peakMemoryBytes: 2_097_152, logBytes: 5, toolCalls: 2 } },
    { type: 'job.usage', payload: { run: 1, wallMs: 600, cpuMs: 30, memoryBytes: null, peakMemoryBytes: null, logBytes: 5, toolCalls: 2 } },
    { type: 'job.warning', payload: { run: 1, limit: 'timeoutMs', configured: 1000, observed: 600, share: 0.5 } },
  ])
})

test('messages of jobs that ended, that nobody knows, or of another attempt are dropped', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db)
  await cancel(db, TENANT, id, RETENTION_MS)
  const other = await acceptJob(db)

  const verdicts = [await run(id), await run('job_unknown'), await run(other, { turn: 2 })]

  assert.deepEqual(verdicts, [{ type: 'done' }, { type: 'done' }, { type: 'done' }])
  assert.equal(engine.untaken, 0)
  assert.equal((await readJob(db, TENANT, other))?.status, 'queued')
})

test('a message that comes before its time is dropped: another comes when it is due', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db, { delayMs: 60_000 })

  assert.deepEqual(await run(id), { type: 'done' })

  assert.equal((await readJob(db, TENANT, id))?.status, 'scheduled')
  assert.equal(engine.untaken, 0)
})

test('a job whose time to live passed expires instead of running, and is archived', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db, { ttlMs: 1 })
  await db.redis.hset(db.keys.job(id), 'ttlAt', 1)

  assert.deepEqual(await run(id), { type: 'done' })

  assert.equal((await readJob(db, TENANT, id))?.status, 'expired')
  assert.equal(engine.untaken, 0)
  assert.equal(await db.redis.exists(db.keys.events(id)), 0)
})

test('logs and progress are appended before the terminal event, with what was dropped before the tail', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db)

  const verdict = run(id)
  const { hooks, end } = await engine.next()
  await hooks.onLogs([line('a'), line('b')])
  hooks.onProgress(0.5, 'half')
  await hooks.onLogs([line('c')])
  end({ type: 'failed', error: buildFailure('USER_ERROR', 'boom') }, { logTail: { dropped: { lines: 7, bytes: 70 }, lines: [line('y'), line('z')] } })
  await verdict

  const events = await eventsOf(db, id)
  assert.deepEqual(await typesOf(db, id), [
    'job.queued', 'job.started', 'job.log', 'job.log', 'job.progress', 'job.log', 'job.logs_dropped', 'job.log', 'job.log', 'job.failed',
  ])
  assert.deepEqual(events.filter(({ type }) => type === 'job.log').map(({ payload }) => payload['message']), ['a', 'b', 'c', 'y', 'z'])
  assert.deepEqual(events.find(({ type }) => type === 'job.logs_dropped')?.payload, { lines: 7, bytes: 70 })
  assert.deepEqual((await readJob(db, TENANT, id))?.progress, { value: 0.5, message: 'half' })
})

test('a tail of fifty thousand lines is stored in full', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db)
  const lines = Array.from({ length: 50_000 }, (_, i) => line(`${i}`))

  const verdict = run(id)
  const { end } = await engine.next()
  end({ type: 'succeeded' }, { logTail: { dropped: { lines: 1, bytes: 1 }, lines } })

  assert.deepEqual(await verdict, { type: 'done' })
  assert.equal((await typesOf(db, id)).length, 50_000 + 4)
})

test('a run that is cancelled is stopped, and its job says how long that took', async (t) => {
  const { db, engine, run, active } = await openBench(t)
  const id = await acceptJob(db)

  const verdict = run(id)
  const { stopped, end } = await engine.next()
  assert.deepEqual(await cancel(db, TENANT, id, RETENTION_MS), { type: 'asked' })
  active.stop(id, 'cancel')
  await stopped
  end({ type: 'cancelled' })

  assert.deepEqual(await verdict, { type: 'done' })
  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.error?.code], ['cancelled', 'CANCELLED'])
  const { stoppedAfterMs } = (await eventsOf(db, id)).at(-1)?.payload ?? {}
  assert.ok(typeof stoppedAfterMs === 'number' && stoppedAfterMs >= 0 && stoppedAfterMs < 5000, String(stoppedAfterMs))
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.started', 'job.cancelled'])
})

test('a word of cancelling that got lost is found with the next line of the log', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db)

  const verdict = run(id)
  const { hooks, stopped, end } = await engine.next()
  await cancel(db, TENANT, id, RETENTION_MS)
  void hooks.onLogs([line('still here')])
  await stopped
  end({ type: 'cancelled' })
  await verdict

  assert.equal((await readJob(db, TENANT, id))?.status, 'cancelled')
})

test('code that was faster than its cancel keeps its result', async (t) => {
  const { db, engine, run, active } = await openBench(t)
  const id = await acceptJob(db)

  const verdict = run(id)
  const { end } = await engine.next()
  await cancel(db, TENANT, id, RETENTION_MS)
  active.stop(id, 'cancel')
  end({ type: 'succeeded' })
  await verdict

  assert.equal((await readJob(db, TENANT, id))?.status, 'succeeded')
})

test('a run whose message lost its lock is stopped and queued again, charged as lost', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db)
  const lock = new AbortController()

  const verdict = run(id, { lockLost: lock.signal })
  const { stopped, end } = await engine.next()
  lock.abort()
  await stopped
  end({ type: 'cancelled' })

  assert.deepEqual(await verdict, { type: 'done' })
  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.lost, job?.crashes], ['queued', 1, 0])
})

test('a worker that leaves gives its jobs back, and they run to their end elsewhere without a charge', async (t) => {
  const { db, engine, run, active } = await openBench(t)
  const id = await acceptJob(db)
  const verdict = run(id)
  const first = await engine.next()
  await first.hooks.onLogs([line('first run')])
  active.stopAll('shutdown')
  await first.stopped
  first.end({ type: 'cancelled' })
  assert.deepEqual(await verdict, { type: 'done' })
  assert.deepEqual((await releaseDue(db, 10)).deals.map(({ turn }) => turn), [2])

  const again = run(id, { turn: 2 })
  const second = await engine.next()
  second.end({ type: 'succeeded' })

  assert.deepEqual(await again, { type: 'done' })
  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.lost, job?.crashes, job?.attempts[0]?.runs.length], ['succeeded', 0, 0, 2])
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.started', 'job.log', 'job.lost', 'job.started', 'job.succeeded'])
})

test('a run that ends although its worker leaves is settled', async (t) => {
  const { db, engine, run, active } = await openBench(t)
  const id = await acceptJob(db)
  const verdict = run(id)
  const { end } = await engine.next()
  active.stopAll('shutdown')

  end({ type: 'succeeded' })

  assert.deepEqual(await verdict, { type: 'done' })
  assert.equal((await readJob(db, TENANT, id))?.status, 'succeeded')
})

test('a stop that comes while a run begins is not missed', async (t) => {
  const { db, engine, run, active } = await openBench(t)
  const id = await acceptJob(db)

  const verdict = run(id)
  active.stop(id, 'shutdown')
  const { hooks, end } = await engine.next()
  assert.equal(hooks.signal.aborted, true)
  end({ type: 'cancelled' })

  assert.deepEqual(await verdict, { type: 'done' })
  assert.equal((await readJob(db, TENANT, id))?.status, 'queued')
})

test('a run that another took the place of changes nothing, whatever it ends with, and leaves the message to be found', async (t) => {
  const { db, engine, run, lines } = await openBench(t)
  const id = await acceptJob(db)
  const verdict = run(id)
  const late = await engine.next()
  const { run: other } = await beginJob(db, id)
  const before = await eventsOf(db, id)

  void late.hooks.onLogs([line('late')])
  await late.stopped
  late.end({ type: 'succeeded', result: '"late"' })

  assert.deepEqual(await verdict, { type: 'back' })
  assert.deepEqual(await eventsOf(db, id), before)
  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.result, other.fence], ['running', null, 2])
  assert.equal(lines.at(-1)?.['status'], 'fenced')
})

test('a message delivered again while its job is marked running counts a lost run', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db)
  await beginJob(db, id)

  const verdict = run(id)
  const { end } = await engine.next()
  end({ type: 'succeeded' })
  await verdict

  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.lost], ['succeeded', 1])
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.started', 'job.lost', 'job.started', 'job.succeeded'])
})

test('a job that cannot be read is dead, and says why; the worker goes on with the next', async (t) => {
  const { db, engine, run, errors, lines } = await openBench(t)
  const [id, next] = [await acceptJob(db, { input: 1 }), await acceptJob(db)]
  await db.redis.hset(db.keys.job(id), 'input', Buffer.of(2, 9, 9))

  const verdict = await run(id)
  const following = run(next)
  ;(await engine.next()).end({ type: 'succeeded' })

  const job = await readJob(db, TENANT, id)
  assert.deepEqual([verdict, await following], [{ type: 'done' }, { type: 'done' }])
  assert.deepEqual([job?.status, job?.error?.code, (await readJob(db, TENANT, next))?.status], ['dead', 'UNAVAILABLE', 'succeeded'])
  assert.match(job?.error?.message ?? '', /^Cannot run the job: what is stored of it cannot be read\./)
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.started', 'job.dead'])
  assert.equal(await db.redis.zscore(db.keys.dead(TENANT, 'UNAVAILABLE'), id) !== null, true)
  assert.deepEqual([errors, lines.filter(({ jobId }) => jobId === id).map(({ msg }) => msg)], [[], ['job cannot be read']])
})
