import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import { createDispatcher } from '../../src/queue/dispatcher.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createReconciler, type Reconciler } from '../../src/worker/reconciler.ts'
import { acceptJob, openStore } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const HOUR_MS = 3_600_000

async function openReconcilers (t: TestContext, { everyMs = HOUR_MS } = {}) {
  const started: Reconciler[] = []
  t.after(async () => { for (const each of started) await each.close() }) // first, so that none is within a pass when the store is closed
  const db = await openStore(t)
  const lines: string[] = []
  const dispatcher = createDispatcher(db, { onError: (error) => t.diagnostic(error.message) })
  t.after(() => dispatcher.close())
  const orphan = async () => {
    const id = newId('job')
    await db.redis.set(db.keys.history(id), 'x')
    return () => db.redis.exists(db.keys.history(id)).then((count) => count === 0)
  }
  const start = () => {
    const reconciler = createReconciler({
      db, dispatcher, everyMs,
      logger: createLogger({ name: 'worker', level: 'warn', destination: { write: (line) => { lines.push(line) } } }),
      whenTrusted: () => Promise.resolve(),
      onError: (error) => { throw error },
    })
    started.push(reconciler)
    return reconciler
  }
  return { db, dispatcher, lines, orphan, start }
}

test('of workers that start together, one passes over everything, and says what it put right', async (t) => {
  const { lines, orphan, start } = await openReconcilers(t)
  const isGone = await orphan()

  for (let i = 0; i < 3; i++) start()
  await until('the orphan is gone', isGone)
  await until('it is told', () => lines.length > 0)

  assert.deepEqual(lines.map((line) => (JSON.parse(line) as { repairs: number }).repairs), [1])
})

test('passes follow one another on a schedule', async (t) => {
  const { orphan, start } = await openReconcilers(t, { everyMs: 50 })
  start()

  for (let i = 0; i < 3; i++) await until('the orphan is gone', await orphan())
})

test('a message without a place in the queue is removed, and one that waits stays', async (t) => {
  const { db, dispatcher, start } = await openReconcilers(t)
  const waiting = await acceptJob(db)
  await dispatcher.dispatch([{ jobId: waiting, turn: 1, priority: 'normal', runAtMs: 1 }])
  const orphan = `${db.keys.queue}:jobs:${newId('job')}-1`
  await db.redis.hset(orphan, { name: 'run', data: '{}' })

  await start().pass()

  assert.equal(await db.redis.exists(orphan), 0)
  assert.equal((await dispatcher.count()).waiting, 1)
})
