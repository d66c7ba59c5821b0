import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { Topic } from '../../../src/core/topic.ts'
import { deleteJob } from '../../../src/store/delete.ts'
import type { FeedPage, FeedReader } from '../../../src/store/feed/feed.ts'
import { cancel } from '../../../src/store/moves/cancel.ts'
import { append } from '../../../src/store/moves/progress.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { reconcile } from '../../../src/store/reconcile/reconcile.ts'
import { digestTag } from '../../../src/store/tags.ts'
import { NEVER, NOW, startFeed } from '../../helpers/feed.ts'
import { logEvent } from '../../helpers/play-worker.ts'
import { acceptJob, allKeys, beginJob, openSameStore, openStore, RETENTION_MS, settlement, TENANT } from '../../helpers/store.ts'

const TAG = { type: 'tag', name: 'pipeline', value: 'a:b ü' } satisfies Topic
const TAGGED = { tags: { pipeline: 'a:b ü', other: 'x' } }
const ACT = { actor: { keyId: 'key_1', tokenHash: 'h' }, audit: { maxEntries: 100, maxAgeMs: RETENTION_MS } }

const named = ({ events }: FeedPage) => events.map(({ subject, type }) => [subject, type])

/** Reads all that there is. */
async function readStored (reader: FeedReader): Promise<FeedPage> {
  const pages: FeedPage[] = []
  for (let left = 1; left > 0;) {
    const page = await reader.next(100, NOW)
    pages.push(page)
    left = page.events.length + page.missed
  }
  return { events: pages.flatMap(({ events }) => events), missed: pages.reduce((sum, { missed }) => sum + missed, 0), isOver: false }
}

test('a tag tells of all jobs that have it from the first follower on, in one order, and of no others', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  await acceptJob(db, TAGGED)
  const reader = await feed.open(TENANT, TAG, null)
  const other = await feed.open('other', TAG, null)
  const begin = reader.cursor

  const waiting = reader.next(1, NEVER)
  const [one, two] = [await acceptJob(db, TAGGED), await acceptJob(db, TAGGED)]
  for (const tags of [{}, { pipeline: 'a' }, { other: 'x' }]) await acceptJob(db, { tags })
  const { run } = await beginJob(db, two)
  await append(db, run, [logEvent('info', 'a'), logEvent('info', 'b')])
  await cancel(db, TENANT, one, RETENTION_MS)
  await settle(db, run, settlement())
  const first = await waiting
  const rest = await readStored(await feed.open(TENANT, TAG, reader.cursor))

  assert.deepEqual(named(first), [[one, 'job.queued']])
  assert.deepEqual(named(rest), [[two, 'job.queued'], [two, 'job.started'], [two, 'job.log'], [two, 'job.log'], [one, 'job.cancelled'], [two, 'job.succeeded']])
  assert.deepEqual([...first.events, ...rest.events].map(({ cursor }) => cursor - begin), [1, 2, 3, 4, 5, 6, 7])
  assert.deepEqual(rest.events.map(({ view }) => view.sequence), [1, 2, 3, 4, 2, 5])
  for (let after = begin; after < begin + 7; after++) {
    const again = await readStored(await feed.open(TENANT, TAG, after))
    assert.deepEqual([again.events.map(({ json }) => json), again.missed], [[...first.events, ...rest.events].slice(after - begin).map(({ json }) => json), 0])
  }
  assert.deepEqual((await other.next(10, NOW)).events, [])
  assert.ok(Number.isSafeInteger(reader.cursor))
})

test('a cursor that is too old is told how many events it missed, also by a log that was begun anew', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const reader = await feed.open(TENANT, TAG, null)
  const begin = reader.cursor
  const { run } = await beginJob(db, await acceptJob(db, TAGGED))
  await append(db, run, Array.from({ length: 500 }, () => logEvent('info', 'a line')))

  const lagging = await feed.open(TENANT, TAG, begin + 10)
  const late = await lagging.next(1, NOW)
  const missed = Number(late.events[0]?.cursor) - begin - 11
  for (const each of [reader, lagging]) each.close()
  await db.redis.del(db.keys.tag(TENANT, digestTag(TAG.name, TAG.value)))
  const anew = await feed.open(TENANT, TAG, begin + 10)
  await append(db, run, [logEvent('info', 'another')])
  const page = await anew.next(10, NEVER)

  assert.equal(late.missed, missed)
  assert.ok(missed > 200, `${missed} were trimmed`)
  assert.deepEqual([page.events.map(({ view }) => view.payload['message']), page.missed], [['another'], 1])
  assert.ok(Number(page.events[0]?.cursor) > Number(late.events[0]?.cursor))
})

test('a reader that fell behind is told what it missed, and has what others here have read', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const [fast, slow, slower] = [await feed.open(TENANT, TAG, null), await feed.open(TENANT, TAG, null), await feed.open(TENANT, TAG, null)]
  const begin = fast.cursor
  const { run } = await beginJob(db, await acceptJob(db, TAGGED))
  for (let batch = 0; batch < 15; batch++) {
    await append(db, run, Array.from({ length: 100 }, () => logEvent('info', 'a line')))
    while (fast.cursor < begin + 2 + 100 * (batch + 1)) await fast.next(1000, NEVER)
  }

  const behind = await readStored(slow)
  await db.redis.del(db.keys.tagLog(TENANT, digestTag(TAG.name, TAG.value)))
  const without = await readStored(slower)

  for (const page of [behind, without]) {
    assert.ok(page.events.length > 500, 'far more than the log has')
    assert.equal(page.events.length + page.missed, 1502)
    assert.equal(page.events.at(-1)?.cursor, begin + 1502)
  }
})

test('events of a job that was removed are missed, and those after it are not', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const reader = await feed.open(TENANT, TAG, null)
  const id = await acceptJob(db, TAGGED)
  await cancel(db, TENANT, id, RETENTION_MS)
  await deleteJob(db, TENANT, id, ACT)

  const none = await reader.next(10, NOW)
  const next = await acceptJob(db, TAGGED)
  const page = await reader.next(10, NEVER)

  assert.deepEqual([none.events, none.missed], [[], 0])
  assert.deepEqual([named(page), page.missed], [[[next, 'job.queued']], 2])
})

test('a reader behind others is told of what is no longer there as well', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const { cursor: begin } = await feed.open(TENANT, TAG, null)
  const ids = [await acceptJob(db, TAGGED), await acceptJob(db, TAGGED)]
  for (const id of ids) await cancel(db, TENANT, id, RETENTION_MS)
  for (const id of ids) await deleteJob(db, TENANT, id, ACT)
  const last = await acceptJob(db, TAGGED)
  const restarted = startFeed(t, db)
  await restarted.open(TENANT, TAG, null)
  const behind = await restarted.open(TENANT, TAG, begin)

  const pages = [await behind.next(3, NOW), await behind.next(3, NOW)]

  assert.deepEqual(pages.flatMap(named), [[last, 'job.queued']])
  assert.equal(pages.reduce((sum, { missed }) => sum + missed, 0), 4)
  assert.equal(behind.cursor, begin + 5)
})

test('a cursor of a log before this one is told that something was missed, whoever else follows', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db)
  const now = await feed.open(TENANT, TAG, null)
  const late = await feed.open(TENANT, TAG, now.cursor - 1000)

  const page = await late.next(10, NOW)

  assert.deepEqual([page.events, page.missed, late.cursor], [[], 1, now.cursor])
})

test('as many tags are noted as a tenant may have, each only for a time, and nobody pays who follows none', async (t) => {
  const db = await openStore(t)
  const feed = startFeed(t, db, { perTenant: 2 })
  await acceptJob(db, TAGGED)
  const before = await allKeys(db)

  for (const value of ['a', 'b', 'a']) await feed.open(TENANT, { type: 'tag', name: 'n', value }, null)
  await assert.rejects(feed.open(TENANT, { type: 'tag', name: 'n', value: 'c' }, null), { code: 'RATE_LIMITED' })
  await acceptJob(db, { tags: { n: 'a' } })

  const added = (await allKeys(db)).filter((key) => key.startsWith('tag') || key.startsWith('followed'))
  assert.ok(!before.some((key) => key.startsWith('tag')))
  assert.deepEqual(added.map((key) => key.split(':')[0]), ['followed', 'tag-log', 'tag', 'tag'])
  for (const key of added) assert.ok(await db.redis.pttl(`${db.keys.prefix}:${key}`) > 0, key)
  for await (const repairs of reconcile(db, { onError: assert.ifError })) assert.equal(repairs, 0)
  assert.deepEqual((await allKeys(db)).filter((key) => added.includes(key)), added)
})

test('a job whose key is not there keeps nothing of the others from those who follow a tag', async (t) => {
  const db = await openStore(t)
  const [own, strange] = [openSameStore(t, db, [{ id: 'own', key: randomBytes(32) }]), openSameStore(t, db, [{ id: 'strange', key: randomBytes(32) }])]
  const feed = startFeed(t, own)
  const { cursor } = await feed.open(TENANT, TAG, null)

  const locked = await acceptJob(strange, TAGGED)
  await append(strange, (await beginJob(strange, locked)).run, [logEvent('info', 'a')])
  const open = await acceptJob(own, TAGGED)
  await append(own, (await beginJob(own, open)).run, [logEvent('info', 'b')])
  const page = await readStored(await feed.open(TENANT, TAG, cursor))

  assert.deepEqual(named(page), [[locked, 'job.queued'], [locked, 'job.started'], [open, 'job.queued'], [open, 'job.started'], [open, 'job.log']])
})
