import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { Db } from '../../src/store/db.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { createSubscriber } from '../../src/store/subscriber.ts'
import { createJobWaiter, type JobWaiter } from '../../src/store/wait.ts'
import { acceptJob, openStore, RETENTION_MS, TENANT } from '../helpers/store.ts'

const LONG_MS = 30_000

function startWaiter (t: TestContext, db: Db): JobWaiter {
  const subscriber = createSubscriber(db, { onError: (error) => t.diagnostic(error.message) })
  const waiter = createJobWaiter(db, subscriber)
  t.after(() => {
    waiter.close()
    return subscriber.close()
  })
  return waiter
}

async function subscribers (db: Db): Promise<number> {
  const channels = await db.redis.pubsub('CHANNELS') as string[]
  return channels.filter((name) => name.startsWith(db.keys.prefix)).length
}

test('all who wait for a job are told of its end, whenever they came, and the channel is left', async (t) => {
  const db = await openStore(t)
  const waiter = startWaiter(t, db)
  const id = await acceptJob(db)

  const waiting = [waiter.waitForEnd(id, LONG_MS), waiter.waitForEnd(id, LONG_MS)]
  await cancel(db, TENANT, id, RETENTION_MS)
  waiting.push(waiter.waitForEnd(id, LONG_MS))

  assert.deepEqual(await Promise.all(waiting), [true, true, true])
  assert.equal(await waiter.waitForEnd(newId('job'), LONG_MS), true)
  assert.equal(await subscribers(db), 0)
})

test('jobs that end just while somebody starts to wait are not missed', async (t) => {
  const db = await openStore(t)
  const waiter = startWaiter(t, db)
  const ids = await Promise.all(Array.from({ length: 50 }, () => acceptJob(db)))

  const ended = await Promise.all(ids.map(async (id) => {
    const [, answer] = await Promise.all([cancel(db, TENANT, id, RETENTION_MS), waiter.waitForEnd(id, LONG_MS)])
    return answer
  }))

  assert.ok(ended.every(Boolean))
})

test('time that ran out, an aborted signal and a closed waiter all answer false', async (t) => {
  const db = await openStore(t)
  const waiter = startWaiter(t, db)
  const id = await acceptJob(db)
  const controller = new AbortController()

  const late = waiter.waitForEnd(id, 1)
  const aborted = waiter.waitForEnd(id, LONG_MS, controller.signal)
  controller.abort()
  const before = waiter.waitForEnd(id, LONG_MS, controller.signal)
  const closed = waiter.waitForEnd(id, LONG_MS)
  assert.deepEqual([await late, await aborted, await before], [false, false, false])
  waiter.close()

  assert.equal(await closed, false)
})

test('an end that was published while the connection was broken is noticed when it is back', async (t) => {
  const db = await openStore(t)
  const waiter = startWaiter(t, db)
  const id = await acceptJob(db)
  const other = await acceptJob(db)
  const waiting = waiter.waitForEnd(id, LONG_MS)
  // Once a later subscription is served, the first one is too.
  const probe = waiter.waitForEnd(other, LONG_MS)
  await cancel(db, TENANT, other, RETENTION_MS)
  await probe

  await db.redis.multi().hset(db.keys.job(id), 'status', 'succeeded').call('CLIENT', 'KILL', 'TYPE', 'pubsub').exec()

  assert.equal(await waiting, true)
})
