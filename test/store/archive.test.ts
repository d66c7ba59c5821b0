import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archive } from '../../src/store/archive.ts'
import type { Db } from '../../src/store/db.ts'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { owedArchives } from '../../src/store/reap.ts'
import { readEvents } from '../../src/store/read.ts'
import { acceptJob, beginJob, openStore, settlement } from '../helpers/store.ts'

/** A job that ended after that many log lines. */
async function endedJob (db: Db, lines: number): Promise<string> {
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  await append(db, run, Array.from({ length: lines }, (_, index) => ({ type: 'job.log' as const, time: index, payload: { message: `line ${index} ${'é"\n'.repeat(100)}` } })))
  await settle(db, run, settlement())
  return id
}

test('an archived history reads exactly as the stream did, from any event on', async (t) => {
  const db = await openStore(t)
  const id = await endedJob(db, 5000)
  const pages = [{ after: 0, limit: 10_000 }, { after: 2, limit: 3 }, { after: 4000, limit: 50 }, { after: 5003, limit: 10 }]
  const before = await Promise.all(pages.map((page) => readEvents(db, id, page)))

  assert.equal(await archive(db, id), true)

  const after = await Promise.all(pages.map((page) => readEvents(db, id, page)))
  assert.deepEqual(after, before)
  assert.equal(after[0]?.length, 5003)
  assert.equal(await db.redis.exists(db.keys.events(id)), 0)
  assert.deepEqual(await owedArchives(db, 10), [])
})

test('archiving many times at once is the same as once', async (t) => {
  const db = await openStore(t)
  const id = await endedJob(db, 3)
  const before = await readEvents(db, id, { after: 0, limit: 100 })

  await Promise.all(Array.from({ length: 10 }, () => archive(db, id)))
  await archive(db, id)

  assert.deepEqual(await readEvents(db, id, { after: 0, limit: 100 }), before)
})

test('a job that has not ended is not archived', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)

  assert.equal(await archive(db, id), false)
  assert.equal((await readEvents(db, id, { after: 0, limit: 10 })).length, 1)
})

test('readers find every event while the stream is being archived', async (t) => {
  const db = await openStore(t)
  const ids = await Promise.all(Array.from({ length: 20 }, () => endedJob(db, 5)))

  const reads = ids.flatMap((id) => [readEvents(db, id, { after: 1, limit: 100 }), archive(db, id), readEvents(db, id, { after: 1, limit: 100 })])
  const answers = await Promise.all(reads)

  for (const answer of answers) if (Array.isArray(answer)) assert.deepEqual(answer.map(({ sequence }) => sequence), [2, 3, 4, 5, 6, 7, 8])
})
