import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { NEWEST_FORMAT } from '../../src/store/codec.ts'
import { RECORD_VERSION } from '../../src/store/job-record.ts'
import { begin, NEWER_WAIT_MS } from '../../src/store/moves/begin.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { loseRun, releaseDue } from '../../src/store/reap.ts'
import { readEvents, readJob } from '../../src/store/read.ts'
import { reconcile } from '../../src/store/reconcile/reconcile.ts'
import { readTime } from '../../src/store/time.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'

const BY = { worker: 'w1', retentionMs: RETENTION_MS }
/** The first byte of a value that a newer version packed. */
const NEWER_FORMAT = Buffer.of(NEWEST_FORMAT + 1, 1, 2, 3)

type Store = Awaited<ReturnType<typeof openStore>>

/** What makes a job one that only a newer version knows. */
const NEWER: Record<string, (db: Store, id: string) => Promise<unknown>> = {
  'its record': (db, id) => db.redis.hset(db.keys.job(id), 'v', RECORD_VERSION + 1),
  'its input': (db, id) => db.redis.hset(db.keys.job(id), 'input', NEWER_FORMAT),
  'its checkpoint': (db, id) => db.redis.hset(db.keys.checkpoint(id), 'state', NEWER_FORMAT, 'format', NEWER_FORMAT[0] ?? 0),
  'its code': async (db, id) => db.redis.hset(db.keys.code(TENANT, await db.redis.hget(db.keys.job(id), 'code') ?? ''), 'bytes', NEWER_FORMAT),
}

for (const [what, makeNewer] of Object.entries(NEWER)) {
  test(`a job of which ${what} is of a newer version is left for another worker, unchanged, and its turn comes again later`, async (t) => {
    const db = await openStore(t)
    const id = await acceptJob(db)
    await makeNewer(db, id)
    const before = await db.redis.hgetall(db.keys.job(id))

    const begun = await begin(db, { jobId: id, turn: 1 }, BY)

    const due = Number(await db.redis.zscore(db.keys.scheduled, `${id} 1`))
    assert.partialDeepStrictEqual(begun, { type: 'drop', reason: 'newer' })
    assert.deepEqual(await db.redis.hgetall(db.keys.job(id)), before)
    assert.deepEqual((await readEvents(db, id, { after: 0, limit: 10 })).map(({ type }) => type), ['job.queued'])
    assert.ok(Math.abs(due - await readTime(db) - NEWER_WAIT_MS) < 5000, String(due))
    assert.equal(await db.redis.zcard(db.keys.owedDispatch), 0)
  })
}

test('what only this version knows is stored as such, and everything else so that versions before know it', async (t) => {
  const db = await openStore(t)
  const ids = await Promise.all([acceptJob(db), acceptJob(db, { serialization: 'json' }), acceptJob(db, { transform: {}, input: [] }), acceptJob(db, { serialization: 'structured' }), acceptJob(db, { files: { 'a.js': '' } })])

  const versions = await Promise.all(ids.map((id) => db.redis.hget(db.keys.job(id), 'v')))

  assert.deepEqual(versions, ['1', '1', '3', '4', '4'])
})

test('when its time has come, its turn is handed out again, and a worker that knows it runs it', async (t) => {
  const { db, id } = await newerJob(t)
  await begin(db, { jobId: id, turn: 1 }, BY)

  await db.redis.zadd(db.keys.scheduled, 'XX', 0, `${id} 1`)
  const { deals } = await releaseDue(db, 10)
  await db.redis.hset(db.keys.job(id), 'v', RECORD_VERSION)
  const { job } = await beginJob(db, id)

  assert.partialDeepStrictEqual(deals, [{ jobId: id, turn: 1 }])
  assert.deepEqual([job.attempt, job.lost], [1, 0])
})

test('a turn that was put off while its run went on is owed to nobody once that run led to another', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  await db.redis.hset(db.keys.job(id), 'v', RECORD_VERSION + 1)
  await begin(db, { jobId: id, turn: 1 }, BY)
  await db.redis.hset(db.keys.job(id), 'v', RECORD_VERSION)
  await settle(db, run, settlement({ next: { attempt: 2, delayMs: 0 } }))
  await db.redis.zadd(db.keys.scheduled, 'XX', 0, `${id} 1`)
  await releaseDue(db, 10)
  const handedOut = await db.redis.zcard(db.keys.owedDispatch)

  const stale = await begin(db, { jobId: id, turn: 1 }, BY)

  assert.partialDeepStrictEqual(stale, { type: 'drop', reason: 'stale' })
  assert.equal(handedOut, 2)
  assert.deepEqual(await db.redis.zrange(db.keys.owedDispatch, 0, '-1'), [`${id} 2`])
  assert.equal(await db.redis.hget(db.keys.dealt, TENANT), '1')
  assert.deepEqual(await db.redis.zrange(db.keys.due, 0, '-1'), [`${id} 2`])
})

test('a run of a job of a newer version is not taken from it, neither when its message comes again nor when it is overdue', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  await db.redis.hset(db.keys.job(id), 'v', RECORD_VERSION + 1)
  await db.redis.zadd(db.keys.running, 1, id)

  const begun = await begin(db, { jobId: id, turn: 1 }, BY)
  const lost = await loseRun(db, run, { graceMs: 0, retentionMs: RETENTION_MS })

  assert.partialDeepStrictEqual(begun, { type: 'drop', reason: 'newer' })
  assert.deepEqual(lost, { type: 'fenced' })
  assert.deepEqual((await readEvents(db, id, { after: 0, limit: 10 })).map(({ type }) => type), ['job.queued', 'job.started'])
})

test('whoever reads or cancels a job of a newer version is told to ask again, and passes over everything leave it', async (t) => {
  const { db, id } = await newerJob(t)
  const before = await db.redis.hgetall(db.keys.job(id))

  const repairs = await Array.fromAsync(reconcile(db, { onError: (error) => { throw error } }))

  await assert.rejects(readJob(db, TENANT, id), { code: 'UNAVAILABLE', message: /newer version/ })
  await assert.rejects(cancel(db, TENANT, id, RETENTION_MS), { code: 'UNAVAILABLE', message: /newer version/ })
  assert.deepEqual(await db.redis.hgetall(db.keys.job(id)), before)
  assert.equal(repairs.reduce((sum, count) => sum + count, 0), 0)
})

async function newerJob (t: TestContext): Promise<{ db: Store, id: string }> {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await db.redis.hset(db.keys.job(id), 'v', RECORD_VERSION + 1)
  return { db, id }
}
