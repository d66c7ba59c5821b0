import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db } from '../../src/store/db.ts'
import { countDead } from '../../src/store/dead-letters/count.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { isGone, listJobs } from '../../src/store/read.ts'
import { removeSurplus } from '../../src/store/retain.ts'
import { acceptDead } from '../helpers/dead-letters.ts'
import { acceptJob, beginJob, openStore, settlement, TENANT } from '../helpers/store.ts'

async function endJobs (db: Db, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const id = await acceptJob(db)
    await settle(db, (await beginJob(db, id)).run, settlement({ status: i % 2 ? 'succeeded' : 'failed' }))
    await Promise.all([db.keys.jobs(TENANT), db.keys.jobs(TENANT, i % 2 ? 'succeeded' : 'failed')].map((key) => db.redis.zadd(key, 1000 + i, id)))
    ids.push(id)
  }
  return ids
}

test('of more ended jobs than are kept, the oldest are removed, whatever they ended as; those that have not ended stay', async (t) => {
  const db = await openStore(t)
  const waiting = await acceptJob(db)
  await db.redis.zadd(db.keys.jobs(TENANT), 1, waiting)
  const ids = await endJobs(db, 7)

  const removed = await removeSurplus(db, { cursor: '0' }, { keep: { dead: 0, others: 4 }, limit: 100 })

  assert.equal(removed, 3)
  assert.deepEqual((await listJobs(db, TENANT, { limit: 50 })).jobs.map(({ id }) => id), [...ids.slice(3).toReversed(), waiting])
  assert.deepEqual(await Promise.all(ids.map((id) => isGone(db, TENANT, id))), [true, true, true, false, false, false, false])
  assert.equal(await removeSurplus(db, { cursor: '0' }, { keep: { dead: 0, others: 4 }, limit: 100 }), 0)
})

test('steps are bounded, and two at once remove no more than they should', async (t) => {
  const db = await openStore(t)
  await endJobs(db, 9)

  const first = await removeSurplus(db, { cursor: '0' }, { keep: { dead: 0, others: 2 }, limit: 3 })
  await Promise.all([1, 2].map(() => removeSurplus(db, { cursor: '0' }, { keep: { dead: 0, others: 2 }, limit: 100 })))

  assert.equal(first, 3)
  assert.equal((await listJobs(db, TENANT, { limit: 50 })).jobs.length, 2)
})

test('dead letters are bounded apart: the oldest of them go, and no others push them out', async (t) => {
  const db = await openStore(t)
  const others = await endJobs(db, 5)
  const dead: string[] = []
  for (let i = 0; i < 4; i++) {
    const id = await acceptDead(db)
    await db.redis.zadd(db.keys.jobs(TENANT, 'dead'), 100 + i, id)
    dead.push(id)
  }

  const removed = [await removeSurplus(db, { cursor: '0' }, { keep: { dead: 3, others: 0 }, limit: 100 }), await removeSurplus(db, { cursor: '0' }, { keep: { dead: 0, others: 2 }, limit: 100 })]

  assert.deepEqual(removed, [1, 3])
  assert.deepEqual((await db.redis.zrange(db.keys.jobs(TENANT, 'dead'), 0, '-1')), dead.slice(1))
  assert.deepEqual(await Promise.all(others.map((id) => isGone(db, TENANT, id))), [true, true, true, false, false])
  assert.deepEqual(await countDead(db, TENANT), { total: 3, byCode: { WORKER_CRASHED: 3 } })
})
