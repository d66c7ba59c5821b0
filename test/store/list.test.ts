import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JobError } from '../../src/core/failures.ts'
import { buildFailure } from '../../src/core/outcome.ts'
import type { Db } from '../../src/store/db.ts'
import { listJobs, LIST_SCAN_JOBS, type JobFilter } from '../../src/store/list.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { acceptJob, beginJob, openStore, settlement, TENANT } from '../helpers/store.ts'

async function readAll (db: Db, filter: JobFilter): Promise<{ ids: string[], pages: number }> {
  const ids: string[] = []
  let cursor: string | undefined
  for (let pages = 1; ; pages++) {
    const { jobs, nextCursor } = await listJobs(db, TENANT, { ...filter, cursor })
    ids.push(...jobs.map(({ id }) => id))
    if (nextCursor === null) return { ids, pages }
    assert.notEqual(nextCursor, cursor)
    cursor = nextCursor
  }
}

test('pages hold every job once, newest first, also those made within one millisecond', async (t) => {
  const db = await openStore(t)
  const made = await Promise.all(Array.from({ length: 45 }, () => acceptJob(db)))

  const { ids, pages } = await readAll(db, { limit: 10 })

  const scores = await Promise.all(ids.map(async (id) => Number(await db.redis.zscore(db.keys.jobs(TENANT), id))))
  assert.deepEqual(ids.toSorted(), made.toSorted())
  assert.deepEqual(scores, scores.toSorted((a, b) => b - a))
  assert.equal(pages, 5)
})

test('a page that ends with the last job has no next', async (t) => {
  const db = await openStore(t)
  for (let index = 0; index < 3; index++) await acceptJob(db)

  assert.equal((await listJobs(db, TENANT, { limit: 3 })).nextCursor, null)
  assert.notEqual((await listJobs(db, TENANT, { limit: 2 })).nextCursor, null)
})

test('jobs are listed by status, by tag, and by the time they were made, and only a tenant\'s own', async (t) => {
  const db = await openStore(t)
  const plain = await acceptJob(db)
  const tagged = await acceptJob(db, { tags: { pipeline: 'orders' } })
  const done = await acceptJob(db, { tags: { pipeline: 'orders ' } })
  await settle(db, (await beginJob(db, done)).run, settlement())
  await db.redis.zadd(db.keys.jobs(TENANT), 1000, plain)
  const ids = async (filter: Partial<JobFilter>) => (await listJobs(db, TENANT, { limit: 10, ...filter })).jobs.map(({ id }) => id)

  assert.deepEqual(await ids({ status: 'succeeded' }), [done])
  assert.deepEqual((await ids({ status: 'queued' })).toSorted(), [plain, tagged].toSorted())
  assert.deepEqual(await ids({ tag: { name: 'pipeline', value: 'orders' } }), [tagged])
  assert.deepEqual(await ids({ tag: { name: 'constructor', value: 'orders' } }), [])
  assert.deepEqual(await ids({ until: 1000 }), [plain])
  assert.deepEqual((await ids({ since: 1001 })).toSorted(), [tagged, done].toSorted())
  assert.deepEqual((await listJobs(db, 'other', { limit: 10 })).jobs, [])
})

test('a scan that hits its bound answers what it has, with a cursor that goes on from there', async (t) => {
  const db = await openStore(t)
  const needle = await acceptJob(db, { tags: { needle: 'yes' } })
  await db.redis.zadd(db.keys.jobs(TENANT), 1, needle)
  const hay = Array.from({ length: LIST_SCAN_JOBS + 100 }, (_, index) => [1000 + index, `job_gone${index}`] as const)
  await db.redis.zadd(db.keys.jobs(TENANT), ...hay.flat())

  const first = await listJobs(db, TENANT, { limit: 10, tag: { name: 'needle', value: 'yes' } })
  const { ids, pages } = await readAll(db, { limit: 10, tag: { name: 'needle', value: 'yes' } })

  assert.deepEqual(first.jobs, [])
  assert.notEqual(first.nextCursor, null)
  assert.deepEqual(ids, [needle])
  assert.equal(pages, 2)
})

test('a page of jobs that failed with long stacks ends early, and the next goes on from there', async (t) => {
  const db = await openStore(t)
  const error = buildFailure('USER_ERROR', 'no', { stack: 'x'.repeat(1_048_576) })
  const made: string[] = []
  for (let index = 0; index < 30; index++) {
    const id = await acceptJob(db)
    await settle(db, (await beginJob(db, id)).run, settlement({ status: 'failed', error }))
    made.push(id)
  }

  const { ids, pages } = await readAll(db, { limit: 30 })

  assert.deepEqual(ids.toSorted(), made.toSorted())
  assert.ok(pages > 1)
})

test('a cursor that is not ours is INVALID', async (t) => {
  const db = await openStore(t)

  await assert.rejects(listJobs(db, TENANT, { limit: 1, cursor: 'nonsense' }), (error) => error instanceof JobError && error.code === 'INVALID')
})
