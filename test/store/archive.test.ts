import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { buildFailure } from '../../src/core/outcome.ts'
import { archive } from '../../src/store/archive.ts'
import { openDb, type Db } from '../../src/store/db.ts'
import { begin } from '../../src/store/moves/begin.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { owedArchives } from '../../src/store/reap.ts'
import { listJobs, readEvents, readJob } from '../../src/store/read.ts'
import { acceptJob, beginJob, openStore, settlement, TENANT } from '../helpers/store.ts'

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

// What is encrypted is compressed before: it is much longer than it was stored as.
for (const [how, keys] of [['', []], [', encrypted', [{ id: 'k', key: randomBytes(32) }]]] as const) {
  test(`a page of long events ends early, archived or not, and the next goes on from there${how}`, async (t) => {
    const db = await openStore(t, keys)
    const id = await acceptJob(db)
    const { run } = await beginJob(db, id)
    const event = { type: 'job.log' as const, time: 1, payload: { message: 'x'.repeat(65_536) } }
    for (let batch = 0; batch < 6; batch++) await append(db, run, Array.from({ length: 100 }, () => event))
    await settle(db, run, settlement())
    const readAll = async () => {
      const pages: number[][] = []
      for (let after = 0; ; after = pages.at(-1)?.at(-1) ?? after) {
        const page = await readEvents(db, id, { after, limit: 1000 })
        if (page.length === 0) return pages
        pages.push(page.map(({ sequence }) => sequence))
      }
    }

    const before = await readAll()
    await archive(db, id)
    const after = await readAll()

    const all = Array.from({ length: 603 }, (_, index) => index + 1)
    assert.deepEqual([before.flat(), after.flat()], [all, all])
    assert.ok(before.length > 1 && after.length > 1)
  })
}

test('a history that is too long for one value stays a stream, is owed no longer, and reads the same', async (t) => {
  const db = await openStore(t)
  const id = await endedJob(db, 3000)
  const before = await readEvents(db, id, { after: 0, limit: 5000 })

  const archived = await archive(db, id, { maxBytes: 1000 })

  assert.equal(archived, false)
  assert.deepEqual(await owedArchives(db, 10), [])
  assert.deepEqual(await readEvents(db, id, { after: 0, limit: 5000 }), before)
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

test('an archived job reads as it did before, is found by its tags, and is small', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db, { tags: { a: 'line\nbreak' }, retry: { attempts: 2 } })
  const error = buildFailure('USER_ERROR', 'boom\n"', { stack: 'Error: boom\n    at job.js:1:1' })
  await settle(db, (await beginJob(db, id)).run, settlement({ status: 'scheduled', error, next: { attempt: 2, delayMs: 0 } }))
  await settle(db, (await beginJob(db, id, 2)).run, settlement({ status: 'dead', error }))
  const before = await readJob(db, TENANT, id)

  await archive(db, id)

  assert.deepEqual(await readJob(db, TENANT, id), before)
  assert.deepEqual((await listJobs(db, TENANT, { limit: 5, status: 'dead', tag: { name: 'a', value: 'line\nbreak' } })).jobs, [before])
  assert.ok(await db.redis.hlen(db.keys.job(id)) <= 9)
  assert.deepEqual(await cancel(db, TENANT, id, 1), { type: 'ended', status: 'dead' })
  assert.deepEqual(await begin(db, { jobId: id, turn: 2 }, { worker: 'w', retentionMs: 1 }), { type: 'drop', reason: 'ended', deals: [] })
})

test('archiving that races with the settlement never keeps a record from before it', async (t) => {
  const db = await openStore(t)
  const other = openDb({ url: db.url, prefix: db.keys.prefix, failFast: false, onError: (failure) => t.diagnostic(failure.message) })
  t.after(() => other.close())
  const ids = await Promise.all(Array.from({ length: 50 }, () => acceptJob(db)))

  await Promise.all(ids.map(async (id) => {
    const { run } = await beginJob(db, id)
    const settling = settle(db, run, settlement())
    for (let tries = 0; tries < 100 && !await archive(other, id); tries++);
    await settling
  }))

  for (const id of ids) {
    const job = await readJob(db, TENANT, id)
    assert.deepEqual([job?.status, job?.sequence, job?.result?.json], ['succeeded', 3, '42'])
    assert.equal((await readEvents(db, id, { after: 0, limit: 9 })).length, 3)
  }
})
