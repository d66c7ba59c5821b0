import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildFailure } from '../../src/core/outcome.ts'
import { readFigures } from '../../src/store/figures.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { owedDispatches, releaseDue } from '../../src/store/reap.ts'
import { reconcile } from '../../src/store/reconcile/reconcile.ts'
import { until } from '../helpers/until.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'

test('jobs are counted where they are, and how they ended', async (t) => {
  const db = await openStore(t)
  const [ran, failed, cancelled, running] = [await acceptJob(db), await acceptJob(db), await acceptJob(db), await acceptJob(db)]
  await acceptJob(db)
  await acceptJob(db, { delayMs: 60_000 })

  await settle(db, (await beginJob(db, ran)).run, settlement())
  await settle(db, (await beginJob(db, failed)).run, settlement({ status: 'failed', error: buildFailure('TIMEOUT', '"code":"USER_ERROR"') }))
  await cancel(db, TENANT, cancelled, RETENTION_MS)
  await beginJob(db, running)

  const { queue, accepted, ended, owedArchives, memoryBytes } = await readFigures(db)
  assert.deepEqual(queue, { waiting: 1, scheduled: 1, running: 1 })
  assert.equal(accepted, 6)
  assert.deepEqual(ended.toSorted((a, b) => a.status.localeCompare(b.status)), [
    { status: 'cancelled', code: 'CANCELLED', count: 1 },
    { status: 'failed', code: 'TIMEOUT', count: 1 },
    { status: 'succeeded', code: null, count: 1 },
  ])
  assert.equal(owedArchives, 3)
  assert.ok(memoryBytes.used > 0)
})

test('the oldest wait is that of the turn that was due first, whether its message was sent or not, until it begins', async (t) => {
  const db = await openStore(t)
  assert.equal((await readFigures(db)).oldestWaitMs, 0)
  const first = await acceptJob(db)
  await until('it has waited', async () => (await readFigures(db)).oldestWaitMs > 30)
  const second = await acceptJob(db)

  const before = await readFigures(db)
  await beginJob(db, first)
  const after = await readFigures(db)

  assert.ok(before.oldestWaitMs > after.oldestWaitMs, `${before.oldestWaitMs} > ${after.oldestWaitMs}`)
  await beginJob(db, second)
  assert.deepEqual((await readFigures(db)).queue, { waiting: 0, scheduled: 0, running: 2 })
})

test('a delayed job waits from when it is due, also where nobody releases it', async (t) => {
  const db = await openStore(t)
  await acceptJob(db, { delayMs: 20 })
  await until('it is due', async () => (await readFigures(db)).oldestWaitMs > 30)

  const { released } = await releaseDue(db, 10)

  const { queue, oldestWaitMs } = await readFigures(db)
  assert.equal(released, 1)
  assert.deepEqual(queue, { waiting: 1, scheduled: 0, running: 0 })
  assert.ok(oldestWaitMs > 30)
})

test('jobs that waited before their wait was noted are found by a pass, and turns of none are let go', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const [, createdAt] = await db.redis.zrange(db.keys.due, 0, '0', 'WITHSCORES')
  await db.redis.del(db.keys.due)
  await db.redis.zadd(db.keys.due, 1, 'job_gone 1')

  await Array.fromAsync(reconcile(db, { onError (error) { throw error } }))

  assert.deepEqual(await db.redis.zrange(db.keys.due, 0, '-1', 'WITHSCORES'), [`${id} 1`, createdAt])
})

test('a job that is gone waits no more once its message is to be sent', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await db.redis.del(db.keys.job(id))

  await until('its debt is old enough', async () => (await owedDispatches(db, 0, 10)).length === 0)

  assert.equal((await readFigures(db)).queue.waiting, 0)
})
