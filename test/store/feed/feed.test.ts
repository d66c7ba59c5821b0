import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archive } from '../../../src/store/archive.ts'
import { cancel } from '../../../src/store/moves/cancel.ts'
import { append } from '../../../src/store/moves/progress.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { countChannels, jobTopic, NEVER, NOW, readAll, startFeed } from '../../helpers/feed.ts'
import { logEvent } from '../../helpers/play-worker.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../../helpers/store.ts'
import { until } from '../../helpers/until.ts'

const count = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

test('from every cursor comes the same rest, before, while and after a job is archived', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  await append(db, run, Array.from({ length: 6 }, (_, index) => logEvent('info', `line ${index}`)))

  const live = await Promise.all(count(0, 8).map(async (after) => feed.open(TENANT, jobTopic(id), after)))
  const following = live.map((reader) => readAll(reader, 2))
  await settle(db, run, settlement())
  const ended = await Promise.all(following)
  const stored = await Promise.all(count(0, 9).map(async (after) => readAll(await feed.open(TENANT, jobTopic(id), after))))
  assert.equal(await archive(db, id), true)
  const archived = await Promise.all(count(0, 9).map(async (after) => readAll(await feed.open(TENANT, jobTopic(id), after), 3)))

  const rests = count(0, 9).map((after) => count(after + 1, 9))
  assert.deepEqual(ended, rests.slice(0, 9))
  assert.deepEqual(stored, rests)
  assert.deepEqual(archived, rests)
})

test('1,000 readers of a job get every event over one subscription, and the channel is left with the last of them', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const readers = await Promise.all(Array.from({ length: 1000 }, () => feed.open(TENANT, jobTopic(id), 0)))

  const reading = readers.map((reader) => readAll(reader))
  for (let batch = 0; batch < 10; batch++) await append(db, run, Array.from({ length: 30 }, () => logEvent('info', 'a line')))
  await until('they listen', async () => await countChannels(db) === 1)
  await settle(db, run, settlement())
  const all = await Promise.all(reading)
  for (const reader of readers) reader.close()

  assert.ok(all.every((cursors) => cursors.length === 303 && cursors.every((cursor, index) => cursor === index + 1)))
  await until('the channel is left', async () => await countChannels(db) === 0)
})

test('a signal ends a wait without events, and one that has come looks without waiting', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const id = await acceptJob(db)
  const reader = await feed.open(TENANT, jobTopic(id), null)
  const controller = new AbortController()

  const first = await reader.next(10, NOW)
  const waiting = reader.next(10, controller.signal)
  controller.abort()

  assert.deepEqual(first.events.map(({ type, subject, cursor }) => [type, subject, cursor]), [['job.queued', id, 1]])
  assert.deepEqual(JSON.parse(first.events[0]?.json ?? ''), first.events[0]?.view)
  assert.deepEqual(await waiting, { events: [], missed: 0, isOver: false })
  assert.equal(reader.cursor, 1)
})

test('events that are published while the subscriber is broken are read when it is back', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const id = await acceptJob(db)
  const reader = await feed.open(TENANT, jobTopic(id), 1)
  const waiting = reader.next(10, NEVER)
  await until('it listens', async () => await countChannels(db) === 1)

  await db.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await cancel(db, TENANT, id, RETENTION_MS)

  const { events, isOver } = await waiting
  assert.deepEqual(events.map(({ type }) => type), ['job.cancelled'])
  assert.equal(isOver, true)
})

test('a cursor beyond the end, as before Redis lost writes, goes on with what comes next', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const id = await acceptJob(db)
  const reader = await feed.open(TENANT, jobTopic(id), 1000)

  const waiting = reader.next(10, NEVER)
  await cancel(db, TENANT, id, RETENTION_MS)

  assert.deepEqual((await waiting).events.map(({ cursor }) => cursor), [2])
})

test('a reader that goes on to the newest is told how many events it left out', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  await append(db, run, Array.from({ length: 10 }, () => logEvent('info', 'a line')))
  const reader = await feed.open(TENANT, jobTopic(id), 4)

  const skipped = await reader.skip()
  await settle(db, run, settlement())
  const page = await reader.next(10, NEVER)

  assert.equal(skipped, 8)
  assert.deepEqual(page.events.map(({ cursor, type }) => [cursor, type]), [[13, 'job.succeeded']])
})

test('readers far behind page by themselves, however long the events are', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const line = 'x'.repeat(20_000)
  for (let batch = 0; batch < 10; batch++) await append(db, run, Array.from({ length: 10 }, () => logEvent('info', line)))
  const [fast, slow] = await Promise.all([feed.open(TENANT, jobTopic(id), 0), feed.open(TENANT, jobTopic(id), 0)])

  await settle(db, run, settlement())
  const ahead = await readAll(fast, 1000)
  const pages: number[] = []
  for (let isOver = false; !isOver;) {
    const page = await slow.next(1000, NEVER)
    pages.push(page.events.reduce((chars, { json }) => chars + json.length, 0))
    isOver = page.isOver
  }

  assert.deepEqual(ahead, count(1, 103))
  assert.equal(slow.cursor, 103)
  assert.ok(Math.max(...pages) < 300_000, String(pages))
})

test('a job of another tenant, one that is unknown and one that was removed are not there', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const id = await acceptJob(db)

  await assert.rejects(feed.open('other', jobTopic(id), 0), { code: 'NOT_FOUND' })
  await assert.rejects(feed.open(TENANT, jobTopic('nonsense'), 0), { code: 'NOT_FOUND' })
  await assert.rejects(feed.open(TENANT, { type: 'batch', id }, 0), { code: 'NOT_FOUND' })
  const reader = await feed.open(TENANT, jobTopic(id), 0)
  await db.redis.del(db.keys.job(id), db.keys.events(id))
  await db.redis.set(db.keys.gone(id), TENANT)
  await assert.rejects(reader.next(10, NEVER), { code: 'GONE' })
})
