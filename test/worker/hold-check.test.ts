import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { cancel } from '../../src/store/moves/cancel.ts'
import { ActiveRuns } from '../../src/worker/active-runs.ts'
import { createHoldCheck } from '../../src/worker/hold-check.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, TENANT } from '../helpers/store.ts'

const EVERY_MS = 1000

async function openCheck (t: TestContext) {
  const db = await openStore(t)
  const active = new ActiveRuns()
  const errors: unknown[] = []
  t.mock.timers.enable({ apis: ['setInterval'] })
  const check = createHoldCheck(db, active, (error) => errors.push(error))
  t.after(() => check.close())
  return { db, active, check, errors, tick: () => t.mock.timers.tick(EVERY_MS) }
}

test('runs that were cancelled or lost without a word are stopped, those that hold their job go on', async (t) => {
  const { db, active, tick } = await openCheck(t)
  const [cancelled, lost, held] = await Promise.all([1, 2, 3].map(async () => {
    const jobId = await acceptJob(db)
    const one = active.add(jobId)
    one.run = (await beginJob(db, jobId)).run
    return { jobId, one }
  }))
  assert.ok(cancelled && lost && held)
  await cancel(db, TENANT, cancelled.jobId, RETENTION_MS)
  await beginJob(db, lost.jobId)
  const stopped = [cancelled, lost].map(({ one }) => once(one.signal, 'abort'))

  tick()
  await Promise.all(stopped)

  assert.deepEqual([cancelled, lost, held].map(({ one }) => one.reason), ['cancel', 'fenced', undefined])
})

test('a run that has not begun is not asked about', async (t) => {
  const { db, active, tick, errors } = await openCheck(t)
  const waiting = active.add(await acceptJob(db))

  tick()
  await db.redis.ping()

  assert.equal(waiting.reason, undefined)
  assert.deepEqual(errors, [])
})

test('a look that fails is reported, and the next one is taken', async (t) => {
  const { db, active, tick, errors } = await openCheck(t)
  const jobId = await acceptJob(db)
  const one = active.add(jobId)
  one.run = (await beginJob(db, jobId)).run
  const hmget = t.mock.method(db.redis, 'hmget', () => Promise.reject(new Error('away')))
  tick()
  await new Promise(setImmediate)
  hmget.mock.restore()
  await cancel(db, TENANT, jobId, RETENTION_MS)
  const stopped = once(one.signal, 'abort')

  tick()
  await stopped

  assert.equal(one.reason, 'cancel')
  assert.match(String(errors[0]), /away/)
})
