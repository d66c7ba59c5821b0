import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createConsumer, type Claim } from '../../src/queue/consumer.ts'
import { JOBS } from '../../src/queue/messages.ts'
import { createDispatcher } from '../../src/queue/dispatcher.ts'
import { openStore } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const LOCK_MS = 800
const HOUR_MS = 3_600_000

/** A message that is being handled, and goes on being so until the test is over. */
async function handleOne (t: TestContext) {
  const db = await openStore(t)
  const dispatcher = createDispatcher(db, { onError: (error) => t.diagnostic(error.message) })
  t.after(() => dispatcher.close())
  const started = Promise.withResolvers<Claim>()
  const consumer = createConsumer({
    channel: JOBS,
    url: db.url, prefix: db.keys.prefix, concurrency: 1, lockMs: LOCK_MS, stalledMs: HOUR_MS,
    onError: (error) => t.diagnostic(error.message),
    handle (_ref, claim) {
      started.resolve(claim)
      return new Promise(() => {})
    },
  })
  t.after(() => consumer.close({ force: true }))
  await dispatcher.dispatch([{ jobId: 'a', turn: 1, priority: 'normal', runAtMs: 1 }])
  const { lease, signal } = await started.promise
  const lock = `${db.keys.queue}:jobs:a-1:lock`
  return { db, consumer, lease, signal, lock }
}

test('a lock is renewed also where the wall clock was set back', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const { db, lease, signal, lock } = await handleOne(t)

  t.mock.timers.setTime(Date.now() - HOUR_MS)
  for (let renewals = 0, before = Infinity; renewals < 4;) {
    const left = await db.redis.pttl(lock)
    assert.ok(left > 0, 'the lock is over')
    if (left > before) renewals += 1
    before = left
  }

  assert.deepEqual([signal.aborted, lease.isFresh(), await lease.confirm()], [false, true, true])
})

test('a lease is believed in once Redis has confirmed it, until somebody doubts it', async (t) => {
  const { db, consumer, lease, signal, lock } = await handleOne(t)
  assert.equal(await lease.confirm(), true)

  await db.redis.del(lock)
  const believed = await lease.confirm()
  consumer.doubtLeases()

  assert.deepEqual([believed, await lease.confirm()], [true, false])
  assert.equal(signal.aborted, true, 'its handler is told')
})

test('a message that another worker has by now gives no lease', async (t) => {
  const { db, lease, lock } = await handleOne(t)

  await db.redis.set(lock, 'another', 'PX', HOUR_MS)

  assert.equal(await lease.confirm(), false)
})

test('a machine that was suspended asks again: its steady clock stood still, its wall clock tells', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const { db, lease, lock } = await handleOne(t)
  assert.equal(await lease.confirm(), true)

  t.mock.timers.setTime(Date.now() + HOUR_MS)
  const fresh = lease.isFresh()
  await db.redis.set(lock, 'another', 'PX', HOUR_MS)

  assert.deepEqual([fresh, await lease.confirm()], [false, false])
})

test('a lease that nobody renews is over before its lock is', async (t) => {
  const { consumer, lease } = await handleOne(t)

  await consumer.close({ force: true }) // which renews no more

  await until('it is over', () => !lease.isFresh(), LOCK_MS * 2)
})
