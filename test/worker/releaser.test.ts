import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { DispatchRef } from '../../src/store/deals.ts'
import { readTime } from '../../src/store/time.ts'
import { createReleaser } from '../../src/worker/releaser.ts'
import { acceptJob, openStore } from '../helpers/store.ts'

async function openReleaser (t: TestContext, count: number) {
  const db = await openStore(t)
  const sent: DispatchRef[] = []
  const all = Promise.withResolvers<void>()
  const errors: unknown[] = []
  const start = () => {
    const releaser = createReleaser({
      db,
      dispatcher: {
        async dispatch (refs) {
          sent.push(...refs)
          if (sent.length >= count) all.resolve()
        },
      },
      whenTrusted: () => Promise.resolve(),
      onError: (error) => errors.push(error),
    })
    t.after(() => releaser.close())
    return releaser
  }
  return { db, sent, all: all.promise, errors, start }
}

test('what is due is sent once, however many look, and stays owed; what is not due stays', async (t) => {
  const { db, sent, all, start } = await openReleaser(t, 1)
  const [due, later] = [await acceptJob(db, { delayMs: 1, priority: 'high' }), await acceptJob(db, { delayMs: 60_000 })]
  const { score: dueAt } = { score: Number(await db.redis.zscore(db.keys.scheduled, `${due} 1`)) }
  while (await readTime(db) <= dueAt);

  for (let i = 0; i < 3; i++) start()
  await all
  await db.redis.ping()

  assert.deepEqual(sent, [{ jobId: due, turn: 1, priority: 'high', runAtMs: dueAt }])
  assert.deepEqual(await db.redis.zrange(db.keys.owedDispatch, 0, '-1'), [`${due} 1`])
  assert.deepEqual(await db.redis.zrange(db.keys.scheduled, 0, '-1'), [`${later} 1`])
})

for (const [whose, shiftMs] of [['ahead of', 600_000], ['behind', -600_000]] as const) {
  test(`a worker whose clock is ten minutes ${whose} Redis's sends a message when it is due, neither before nor long after`, async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + shiftMs })
    const { db, sent, all, start } = await openReleaser(t, 1)
    const id = await acceptJob(db, { delayMs: 400 })
    const dueAt = Number(await db.redis.zscore(db.keys.scheduled, `${id} 1`))

    start()
    await all

    const lateMs = await readTime(db) - dueAt
    assert.deepEqual(sent.map(({ jobId }) => jobId), [id])
    assert.ok(lateMs >= 0 && lateMs < 2000, `${lateMs} ms late`)
  })
}

test('a look that fails is reported, and followed by another', async (t) => {
  const { db, all, errors, start } = await openReleaser(t, 1)
  const release = t.mock.method(db.redis, 'evalsha' as never, () => Promise.reject(new TypeError('no')) as never)
  const raw = t.mock.method(db.redis as never, 'evalshaBuffer' as never, () => Promise.reject(new TypeError('no')) as never)

  const releaser = start()
  while (errors.length === 0) await new Promise(setImmediate)
  release.mock.restore()
  raw.mock.restore()
  await acceptJob(db, { delayMs: 1 })
  releaser.wakeIn(1)

  await all
})
