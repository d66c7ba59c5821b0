import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archive } from '../../src/store/archive.ts'
import type { Db } from '../../src/store/db.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { loseRun, overdueRuns, owedDispatches, releaseDue, removeExpired, strikeDispatch } from '../../src/store/reap.ts'
import { isGone, readEvents, readJob, readResult } from '../../src/store/read.ts'
import { appendTrace } from '../../src/store/trace.ts'
import { acceptJob, allKeys, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'

const LOSE = { graceMs: 1000, retentionMs: RETENTION_MS }

/** Puts the deadline of a running job into the past. */
function expireDeadline (db: Db, jobId: string): Promise<unknown> {
  return db.redis.zadd(db.keys.running, 1, jobId)
}

test('a dispatch that was never made is owed until it is struck, with what the queue needs to know', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db, { priority: 'high' })
  const later = await acceptJob(db, { delayMs: 60_000 })

  const owed = await owedDispatches(db, 0, 10)
  const young = await owedDispatches(db, 60_000, 10)
  await strikeDispatch(db, owed, ({ jobId }) => db.keys.job(jobId))

  const createdAt = (await readJob(db, TENANT, id))?.createdAt
  assert.deepEqual(owed, [{ jobId: id, turn: 1, priority: 'high', runAtMs: createdAt }])
  assert.deepEqual(young, [])
  assert.deepEqual(await owedDispatches(db, 0, 10), [])
  assert.equal((await readJob(db, TENANT, later))?.status, 'scheduled')
})

test('a debt for a job that is gone is forgotten, and its tenant is not held to it', async (t) => {
  const db = await openStore(t)
  await db.redis.hset(db.keys.maxRunning, TENANT, 1)
  const [gone, next] = [await acceptJob(db), await acceptJob(db)]
  await db.redis.del(db.keys.job(gone))

  const owed = await owedDispatches(db, 0, 10)
  const { deals } = await releaseDue(db, 10)

  assert.deepEqual(owed, [])
  assert.deepEqual(deals.map(({ jobId }) => jobId), [next])
  assert.equal(await db.redis.hget(db.keys.dealt, TENANT), '1')
})

test('a message that the queue has not, as it was lost with the server that took it, stays owed', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const owed = await owedDispatches(db, 0, 10)

  await strikeDispatch(db, owed, () => `${db.keys.prefix}:queue:missing`)

  assert.deepEqual((await owedDispatches(db, 0, 10)).map(({ jobId }) => jobId), [id])
})

test('a struck dispatch comes up again if its attempt never begins, and not once it has', async (t) => {
  const db = await openStore(t)
  const [lost, begun] = [await acceptJob(db), await acceptJob(db)]
  await strikeDispatch(db, await owedDispatches(db, 0, 10), ({ jobId }) => db.keys.job(jobId))
  await beginJob(db, begun)

  const resent = await owedDispatches(db, -3_600_000, 10)

  assert.deepEqual(resent.map(({ jobId }) => jobId), [lost])
})

test('striking a debt that an early delivery has paid does not bring it back', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const owed = await owedDispatches(db, 0, 10)
  await beginJob(db, id)

  await strikeDispatch(db, owed, ({ jobId }) => db.keys.job(jobId))

  assert.equal(await db.redis.zcard(db.keys.owedDispatch), 0)
})

test('a run is overdue only past its deadline and grace, and then its job is queued again', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const early = await loseRun(db, run, LOSE)
  await expireDeadline(db, id)

  const overdue = await overdueRuns(db, LOSE.graceMs, 10)
  const lost = await loseRun(db, run, LOSE)

  const job = await readJob(db, TENANT, id)
  assert.deepEqual(early, { type: 'early' })
  assert.deepEqual(overdue, [run])
  assert.deepEqual(lost, { type: 'lost', status: 'queued' })
  assert.equal(job?.status, 'queued')
  assert.equal(job.lost, 1)
  assert.deepEqual(await db.redis.zrange(db.keys.waiting(TENANT, 'normal'), 0, '-1'), [`${id} 2`])
  assert.deepEqual(await overdueRuns(db, LOSE.graceMs, 10), [])
  assert.deepEqual(await settle(db, run, settlement()), { type: 'fenced' })
  assert.equal((await beginJob(db, id)).run.fence, 2)
})

test('an overdue run that settles, or is replaced, before it is taken is left alone', async (t) => {
  const db = await openStore(t)
  const [settled, replaced] = [await acceptJob(db), await acceptJob(db)]
  const [one, two] = [await beginJob(db, settled), await beginJob(db, replaced)]
  await settle(db, one.run, settlement())
  await beginJob(db, replaced)
  await expireDeadline(db, replaced)

  assert.deepEqual(await loseRun(db, one.run, LOSE), { type: 'fenced' })
  assert.deepEqual(await loseRun(db, two.run, LOSE), { type: 'fenced' })
  assert.equal((await readJob(db, TENANT, settled))?.status, 'succeeded')
  assert.equal((await readJob(db, TENANT, replaced))?.status, 'running')
})

test('an overdue run past maxLost makes the job dead, and one that was to be cancelled makes it cancelled', async (t) => {
  const db = await openStore(t)
  const [dead, cancelled] = [await acceptJob(db, { retry: { maxLost: 1 } }), await acceptJob(db)]
  await beginJob(db, dead)
  const runs = [(await beginJob(db, dead)).run, (await beginJob(db, cancelled)).run]
  await cancel(db, TENANT, cancelled, RETENTION_MS)
  await Promise.all([expireDeadline(db, dead), expireDeadline(db, cancelled)])

  const answers = await Promise.all(runs.map((run) => loseRun(db, run, LOSE)))

  assert.deepEqual(answers, [{ type: 'lost', status: 'dead' }, { type: 'lost', status: 'cancelled' }])
})

test('removing an expired job leaves none of its keys, only a tombstone for its tenant', async (t) => {
  const db = await openStore(t)
  const big = 'z'.repeat(50_000)
  const [archived, streamed] = [await acceptJob(db, { input: big }), await acceptJob(db, { input: big })]
  for (const id of [archived, streamed]) {
    await settle(db, (await beginJob(db, id)).run, settlement({ result: JSON.stringify(big), retentionMs: 0 }))
    await appendTrace(db, id, { resourceSpans: [{ a: 1 }] }, { maxBytes: 10_000, ttlMs: 60_000 })
  }
  await archive(db, archived)

  const removed = await removeExpired(db, 10)

  assert.equal(removed, 2)
  assert.deepEqual(await allKeys(db), [`gone:${archived}`, `gone:${streamed}`].toSorted())
  assert.ok(await db.redis.pttl(db.keys.gone(archived)) > 0)
  assert.equal(await isGone(db, TENANT, archived), true)
  assert.equal(await isGone(db, 'other', archived), false)
  assert.equal(await readJob(db, TENANT, archived), undefined)
  assert.equal(await readResult(db, TENANT, archived), undefined)
  assert.deepEqual(await readEvents(db, archived, { after: 0, limit: 5 }), [])
})

test('a job within its retention stays, and code stays while another job refers to it', async (t) => {
  const db = await openStore(t)
  const [kept, expired] = [await acceptJob(db), await acceptJob(db)]
  await settle(db, (await beginJob(db, kept)).run, settlement())
  await settle(db, (await beginJob(db, expired)).run, settlement({ retentionMs: 0 }))

  const removed = await Promise.all([removeExpired(db, 10), removeExpired(db, 10)])

  const job = await readJob(db, TENANT, kept)
  assert.equal(removed[0] + removed[1], 1)
  assert.equal(job?.status, 'succeeded')
  assert.equal(await db.redis.hget(db.keys.code(TENANT, job.codeHash), 'refs'), '1')
})

test('archiving a job that was removed meanwhile leaves nothing behind', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await settle(db, (await beginJob(db, id)).run, settlement({ retentionMs: 0 }))

  await Promise.all([archive(db, id), removeExpired(db, 10)])
  await archive(db, id)

  assert.deepEqual(await allKeys(db), [`gone:${id}`])
})
