import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createDispatcher } from '../../src/queue/dispatcher.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { isGone, readEvents, readJob } from '../../src/store/read.ts'
import { releaseDue } from '../../src/store/reap.ts'
import { createOverdueWatch, OVERDUE_GRACE_MS } from '../../src/worker/overdue.ts'
import { createReaper } from '../../src/worker/reaper.ts'
import { readTime } from '../../src/store/time.ts'
import { acceptJob, allKeys, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'
import { typesOf } from '../helpers/worker.ts'

const NEVER_MS = 3_600_000
/** Long before any grace. */
const PAST_MS = 1000

async function openReaper (t: TestContext, everyMs = NEVER_MS, retentionCount = 0) {
  const db = await openStore(t)
  const errors: unknown[] = []
  const onError = (error: unknown) => { errors.push(error) }
  const dispatcher = createDispatcher(db, { onError })
  t.after(() => dispatcher.close())
  const reaper = createReaper({ db, dispatcher, raiseAfterMs: 60_000, everyMs, retentionMs: RETENTION_MS, deadRetentionMs: RETENTION_MS, keep: { dead: 0, others: retentionCount }, batchIdleMs: 60_000, whenTrusted: () => Promise.resolve(), onError })
  t.after(() => reaper.close())
  return { db, dispatcher, reaper, errors }
}

test('a message that was owed and never sent is sent, once', async (t) => {
  const { db, dispatcher, reaper } = await openReaper(t)
  const [owed, recent] = [await acceptJob(db), await acceptJob(db)]
  await db.redis.zadd(db.keys.owedDispatch, PAST_MS, `${owed} 1`)

  await reaper.reap()
  await reaper.reap()

  assert.deepEqual(await dispatcher.count(), { waiting: 1, scheduled: 0, active: 0 })
  assert.ok(Number(await db.redis.zscore(db.keys.owedDispatch, `${owed} 1`)) > Date.now(), 'the debt is put off until the attempt begins')
  assert.equal((await readJob(db, TENANT, recent))?.status, 'queued')
})

test('a run that is past its deadline is lost: charged, queued again, and dealt with what waits', async (t) => {
  const { db, reaper } = await openReaper(t)
  const id = await acceptJob(db)
  await beginJob(db, id)
  await db.redis.zadd(db.keys.running, PAST_MS, id)

  await reaper.reap()
  const job = await readJob(db, TENANT, id)
  const { deals } = await releaseDue(db, 10)

  assert.deepEqual([job?.status, job?.lost, job?.crashes], ['queued', 1, 0])
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.started', 'job.lost'])
  assert.deepEqual(deals.map(({ jobId, turn }) => [jobId, turn]), [[id, 2]])
})

test('a run within its deadline and grace is left alone', async (t) => {
  const { db, reaper } = await openReaper(t)
  const id = await acceptJob(db)
  await beginJob(db, id)
  await db.redis.zadd(db.keys.running, Date.now() - 5000, id)

  await reaper.reap()

  assert.equal((await readJob(db, TENANT, id))?.status, 'running')
})

test('a job whose budget of lost runs is spent is dead when one more is overdue', async (t) => {
  const { db, reaper } = await openReaper(t)
  const id = await acceptJob(db, { retry: { maxLost: 1 } })
  await beginJob(db, id)
  await beginJob(db, id)
  await db.redis.zadd(db.keys.running, PAST_MS, id)

  await reaper.reap()

  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.lost, job?.error?.code], ['dead', 2, 'WORKER_CRASHED'])
})

test('the events of a job that ended are folded, and read the same', async (t) => {
  const { db, reaper } = await openReaper(t)
  const id = await acceptJob(db)
  await settle(db, (await beginJob(db, id)).run, settlement())
  const before = await readEvents(db, id, { after: 0, limit: 10 })

  await reaper.reap()

  assert.deepEqual(await readEvents(db, id, { after: 0, limit: 10 }), before)
  assert.equal(await db.redis.exists(db.keys.events(id)), 0)
  assert.equal(await db.redis.zcard(db.keys.owedArchive), 0)
})

test('a job whose retention passed is removed with all that it stored', async (t) => {
  const { db, reaper } = await openReaper(t)
  const id = await acceptJob(db, { input: 'x'.repeat(50_000) })
  await settle(db, (await beginJob(db, id)).run, settlement())
  await db.redis.zadd(db.keys.expiring, PAST_MS, id)

  await reaper.reap()

  assert.equal(await isGone(db, TENANT, id), true)
  assert.deepEqual((await allKeys(db)).filter((key) => !key.startsWith('queue') && !key.startsWith('bull')), [`gone:${id}`])
})

test('one job that cannot be dealt with keeps nobody else from it', async (t) => {
  const { db, reaper, errors } = await openReaper(t)
  const [broken, good, expired] = await Promise.all([1, 2, 3].map(async () => {
    const id = await acceptJob(db)
    await settle(db, (await beginJob(db, id)).run, settlement())
    return id
  }))
  assert.ok(broken && good && expired)
  await db.redis.multi().del(db.keys.events(broken)).set(db.keys.events(broken), 'no stream').exec()
  await db.redis.zadd(db.keys.expiring, PAST_MS, expired)

  await reaper.reap()

  assert.match(String(errors[0]), /WRONGTYPE/)
  assert.equal(await db.redis.exists(db.keys.events(good)), 0)
  assert.equal(await isGone(db, TENANT, expired), true)
})

test('rounds follow one another by themselves', async (t) => {
  const { db, dispatcher } = await openReaper(t, 100)

  for (const sent of [1, 2]) {
    await db.redis.zadd(db.keys.owedDispatch, PAST_MS, `${await acceptJob(db)} 1`)
    while ((await dispatcher.count()).waiting < sent) await new Promise(setImmediate)
  }
})

test('a run is taken as soon as it is overdue, and no later than ten seconds past its deadline', async (t) => {
  const { db } = await openReaper(t)
  const id = await acceptJob(db)
  await beginJob(db, id)
  const deadline = await readTime(db) - OVERDUE_GRACE_MS + 200
  await db.redis.zadd(db.keys.running, deadline, id)

  const watch = createOverdueWatch({ db, retentionMs: RETENTION_MS, deadRetentionMs: RETENTION_MS, whenTrusted: () => Promise.resolve(), onError: (error) => { throw error } })
  t.after(() => watch.close())
  await until('it is taken', async () => (await readJob(db, TENANT, id))?.status === 'queued')

  const takenAt = (await readEvents(db, id, { after: 2, limit: 1 }))[0]?.time ?? 0
  assert.ok(takenAt >= deadline + OVERDUE_GRACE_MS && takenAt <= deadline + 10_000, `${takenAt - deadline} ms past its deadline`)
})

test('of a tenant with more ended jobs than are kept, the oldest go', async (t) => {
  const { db, reaper } = await openReaper(t, NEVER_MS, 2)
  for (let i = 0; i < 5; i++) await settle(db, (await beginJob(db, await acceptJob(db))).run, settlement())

  await reaper.reap()

  assert.equal(await db.redis.zcard(db.keys.jobs(TENANT)), 2)
})
