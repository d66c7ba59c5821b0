import assert from 'node:assert/strict'
import { test } from 'node:test'
import { owedDispatches, strikeDispatch } from '../../src/store/reap.ts'
import { readJob } from '../../src/store/read.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { RecentEnds } from '../../src/worker/recent-ends.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'
import { typesOf } from '../helpers/worker.ts'

test('a job whose end was lost with a primary runs again without a charge, though its message is over', async (t) => {
  const db = await openStore(t)
  const ends = new RecentEnds()
  const { run } = await beginJob(db, await acceptJob(db))
  ends.add({ run, turn: 1 })

  const reclaimed = await ends.reclaim(db, RETENTION_MS)
  const again = await ends.reclaim(db, RETENTION_MS)

  const job = await readJob(db, TENANT, run.jobId)
  assert.deepEqual([reclaimed, again, job?.status, job?.turn, job?.lost], [1, 1, 'queued', 2, 0])
  assert.deepEqual(await typesOf(db, run.jobId), ['job.queued', 'job.started', 'job.lost'])
})

test('a job whose begin was lost as well is sent again soon', async (t) => {
  const db = await openStore(t)
  const ends = new RecentEnds()
  const jobId = await acceptJob(db)
  await strikeDispatch(db, await owedDispatches(db, 0, 10), ({ jobId }) => db.keys.job(jobId)) // it was sent
  ends.add({ run: { jobId, tenant: TENANT, fence: 1, holder: 'here' }, turn: 1 })

  const reclaimed = await ends.reclaim(db, RETENTION_MS)

  assert.equal(reclaimed, 0)
  assert.deepEqual((await owedDispatches(db, 0, 10)).map((ref) => [ref.jobId, ref.turn]), [[jobId, 1]])
})

test('a job that has ended, and one that is gone, stay as they are', async (t) => {
  const db = await openStore(t)
  const ends = new RecentEnds()
  const { run } = await beginJob(db, await acceptJob(db))
  await settle(db, run, settlement())
  for (const each of [run, { ...run, jobId: 'job_gone' }]) ends.add({ run: each, turn: 1 })

  const reclaimed = await ends.reclaim(db, RETENTION_MS)

  assert.equal(reclaimed, 0)
  assert.equal((await readJob(db, TENANT, run.jobId))?.status, 'succeeded')
  assert.deepEqual(await owedDispatches(db, 0, 10), [])
})
