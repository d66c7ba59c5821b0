import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildFailure } from '../../src/core/outcome.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { readJob } from '../../src/store/read.ts'
import { acceptJob, RETENTION_MS, TENANT } from '../helpers/store.ts'
import { eventsOf, openBench, typesOf } from '../helpers/worker.ts'

const EVIDENCE = { signal: 'SIGKILL', exitCode: null, reason: 'The process ended by itself', stderr: '', memoryCurve: [], lastLogs: [], suspect: null }

test('a runner that dies is charged to the job, which runs again in another turn, until it is dead', async (t) => {
  const { db, engine, run, dispatcher, lines, woken } = await openBench(t)
  const id = await acceptJob(db, { retry: { maxCrashes: 2 } })
  const crash = async (turn: number) => {
    const verdict = run(id, { turn })
    const { end } = await engine.next()
    end({ type: 'crashed', evidence: EVIDENCE })
    return verdict
  }

  const first = await crash(1)
  const between = await readJob(db, TENANT, id)
  const waiting = await db.redis.zrange(db.keys.scheduled, 0, '-1', 'WITHSCORES')
  await db.redis.hset(db.keys.job(id), 'runAt', 1)
  const second = await crash(2)

  assert.deepEqual(first, { type: 'done' })
  assert.deepEqual(waiting, [`${id} 2`, String(between?.runAt)])
  assert.equal(woken.length, 1)
  assert.deepEqual([between?.status, between?.attempt, between?.crashes], ['scheduled', 1, 1])
  assert.deepEqual(second, { type: 'done' })
  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.crashes, job?.error?.code, job?.attempts.length], ['dead', 2, 'WORKER_CRASHED', 1])
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.started', 'job.lost', 'job.retrying', 'job.started', 'job.lost', 'job.dead'])
  const lost = (await eventsOf(db, id)).filter(({ type }) => type === 'job.lost')
  assert.deepEqual(lost.map(({ payload }) => [payload['evidence'], payload['crashes']]), [[EVIDENCE, 1], [EVIDENCE, 2]])
  assert.deepEqual(await dispatcher.count(), { waiting: 0, scheduled: 0, active: 0 })
  assert.deepEqual(lines.map(({ msg }) => msg), ['runner died under a run', 'runner died under a run'])
})

test('an attempt that is retried is followed by the next one, as a message of its own', async (t) => {
  const { db, engine, run, dispatcher, woken } = await openBench(t)
  const id = await acceptJob(db, { retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 60_000, jitter: 0 } } })

  const verdict = run(id)
  const { end } = await engine.next()
  end({ type: 'failed', error: buildFailure('TIMEOUT', 'Execution timeout') })

  assert.deepEqual(await verdict, { type: 'done' })
  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.attempt, job?.attempts[0]?.error?.code], ['scheduled', 2, 'TIMEOUT'])
  assert.deepEqual(await dispatcher.count(), { waiting: 0, scheduled: 1, active: 0 })
  assert.deepEqual(woken, [60_000])
  assert.deepEqual(await run(id), { type: 'done' }, 'the message of the first attempt is stale')
})

test('the last attempt of several that ends in an error which is retried leaves the job dead', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db, { retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 0, jitter: 0 } } })

  for (const attempt of [1, 2]) {
    const verdict = run(id, { turn: attempt })
    const { request, end } = await engine.next()
    assert.equal(request.context.attempt, attempt)
    end({ type: 'failed', error: buildFailure('USER_ERROR', 'boom') })
    await verdict
  }

  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.attempts.map(({ error }) => error?.code)], ['dead', ['USER_ERROR', 'USER_ERROR']])
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.started', 'job.retrying', 'job.started', 'job.dead'])
})

test('a job that is to run again but was cancelled meanwhile does not', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db, { retry: { attempts: 2 } })

  const verdict = run(id)
  const { end } = await engine.next()
  await cancel(db, TENANT, id, RETENTION_MS)
  end({ type: 'crashed', evidence: EVIDENCE })

  assert.deepEqual(await verdict, { type: 'done' })
  assert.equal((await readJob(db, TENANT, id))?.status, 'cancelled')
})

test('a message that cannot be dispatched stays owed, and the job is not lost', async (t) => {
  const failing = { dispatch: () => Promise.reject(new Error('away')) }
  const { db, engine, run, errors } = await openBench(t, { dispatcher: failing })
  const [first = '', ...others] = await Promise.all(Array.from({ length: 20 }, () => acceptJob(db)))
  const waiting = await db.redis.zrange(db.keys.waiting(TENANT, 'normal'), 0, '-1')

  const verdict = run(first)
  const { end } = await engine.next()
  end({ type: 'succeeded' })

  assert.deepEqual(await verdict, { type: 'done' })
  assert.match(String(errors[0]), /away/)
  const owed = new Set(await db.redis.zrange(db.keys.owedDispatch, 0, '-1'))
  assert.deepEqual(waiting.slice(0, 2).map((member) => owed.has(member)), [true, true], 'what the run made room for')
  assert.ok(owed.size < others.length)
})
