import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemId, newId } from '../../src/core/ids.ts'
import { addItems, type NewItem } from '../../src/store/batches/add-items.ts'
import { cancelBatch, goOnCancelling, stopItems } from '../../src/store/batches/cancel.ts'
import { openBatch } from '../../src/store/batches/open.ts'
import { readBatch } from '../../src/store/batches/read.ts'
import { removeExpiredBatches } from '../../src/store/batches/remove.ts'
import { sealAbandoned, sealBatch } from '../../src/store/batches/seal.ts'
import { packPayload } from '../../src/store/codec.ts'
import type { Db } from '../../src/store/db.ts'
import { begin } from '../../src/store/moves/begin.ts'
import { buildTemplate } from '../../src/store/moves/new-job.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { readEvents, readJob } from '../../src/store/read.ts'
import { removeExpired } from '../../src/store/reap.ts'
import { reconcile } from '../../src/store/reconcile/reconcile.ts'
import { archive } from '../../src/store/archive.ts'
import { allKeys, beginJob, openStore, request, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'

async function jobItem (members: Record<string, unknown> = {}): Promise<NewItem> {
  return { type: 'job', template: await buildTemplate(request(members)), input: await packPayload('1') }
}

/** Makes a batch of that many items; it takes more unless it is sealed. */
async function startBatch (db: Db, items: number, { retentionMs = RETENTION_MS, sealed = true, members = {} } = {}): Promise<string> {
  const id = newId('batch')
  await openBatch(db, { id, tenant: TENANT, retentionMs })
  const item = await jobItem(members)
  await addItems(db, id, { tenant: TENANT, first: 0, items: Array.from({ length: items }, () => item), digest: 'd', traceparent: null })
  if (sealed) assert.equal(await sealBatch(db, id, { tenant: TENANT, total: items, digest: 'd' }), 'sealed')
  return id
}

async function endItem (db: Db, id: string, index: number, members = {}): Promise<void> {
  const { run } = await beginJob(db, itemId(id, index))
  await settle(db, run, settlement(members))
}

async function countOf (db: Db, id: string) {
  const batch = await readBatch(db, TENANT, id)
  return batch && { status: batch.status, ...Object.fromEntries(Object.entries(batch.counts).filter(([, count]) => count > 0)) }
}

test('counts follow the items through every state they go through, and end with one completion', async (t) => {
  const db = await openStore(t)
  const id = await startBatch(db, 4)
  const seen = [await countOf(db, id)]

  await endItem(db, id, 0)
  await endItem(db, id, 1, { status: 'failed', error: null })
  await endItem(db, id, 2, { next: { attempt: 2, delayMs: 60_000 } })
  const { run } = await beginJob(db, itemId(id, 3))
  seen.push(await countOf(db, id))
  await settle(db, run, settlement({ next: { attempt: 2, delayMs: 0 } }))
  seen.push(await countOf(db, id))
  await endItem(db, id, 3)
  seen.push(await countOf(db, id))

  assert.deepEqual(seen, [
    { status: 'running', queued: 4 },
    { status: 'running', succeeded: 1, failed: 1, scheduled: 1, running: 1 },
    { status: 'running', succeeded: 1, failed: 1, scheduled: 1, queued: 1 },
    { status: 'running', succeeded: 2, failed: 1, scheduled: 1 },
  ])
})

test('items that end while others are still being added end no batch; the last one does, once, however many say so', async (t) => {
  const db = await openStore(t)
  const id = await startBatch(db, 2, { sealed: false })
  await endItem(db, id, 0)
  const { run } = await beginJob(db, itemId(id, 1))
  const before = await countOf(db, id)

  await Promise.all([
    sealBatch(db, id, { tenant: TENANT, total: 2, digest: 'd' }),
    ...Array.from({ length: 10 }, () => settle(db, run, settlement())),
    sealBatch(db, id, { tenant: TENANT, total: 2, digest: 'd' }),
  ])

  assert.deepEqual([before, await countOf(db, id)], [{ status: 'open', succeeded: 1, running: 1 }, { status: 'completed', succeeded: 2 }])
  const completions = (await readEvents(db, id, { after: 0, limit: 100 })).filter(({ type }) => type === 'batch.completed')
  assert.deepEqual(completions.map(({ payload }) => payload['total']), [2])
})

test('adding the same items again changes nothing, other items are a mismatch, and so is sealing with another number', async (t) => {
  const db = await openStore(t)
  const id = await startBatch(db, 3, { sealed: false })
  const items = await Promise.all([1, 2, 3].map(() => jobItem()))
  const add = (first: number, digest: string, number = 3) => addItems(db, id, { tenant: TENANT, first, items: items.slice(0, number), digest, traceparent: null })
  const keys = await allKeys(db)

  const answers = [await add(0, 'd'), await add(0, 'other'), await add(0, 'd', 2), await add(2, 'd'), await add(4, 'd')]
  const sealed = [await sealBatch(db, id, { tenant: TENANT, total: 2, digest: 'd' }), await sealBatch(db, id, { tenant: TENANT, total: 3, digest: 'other' }), await sealBatch(db, id, { tenant: 'other', total: 3, digest: 'd' })]

  assert.deepEqual(answers.map(({ type }) => type), ['had', 'mismatch', 'had', 'mismatch', 'lost'])
  assert.deepEqual(sealed, ['mismatch', 'mismatch', 'missing'])
  assert.deepEqual(await allKeys(db), keys)
})

test('no item of a cancelled batch begins, also where nobody has come to it yet; more items are refused', async (t) => {
  const db = await openStore(t)
  const id = await startBatch(db, 250, { sealed: false })
  const { run } = await beginJob(db, itemId(id, 0))

  const cancelled = [await cancelBatch(db, TENANT, id), await cancelBatch(db, TENANT, id), await cancelBatch(db, 'other', id)]
  const late = await begin(db, { jobId: itemId(id, 249), turn: 1 }, { worker: 'w', retentionMs: RETENTION_MS })
  const added = await addItems(db, id, { tenant: TENANT, first: 250, items: [await jobItem()], digest: 'e', traceparent: null })
  const settled = await settle(db, run, settlement({ next: { attempt: 2, delayMs: 0 } }))
  while (await goOnCancelling(db, RETENTION_MS) > 0);

  assert.deepEqual([cancelled, late.type, added.type], [['asked', 'asked', 'missing'], 'drop', 'cancelled'])
  assert.deepEqual([settled.type, settled.type === 'settled' && settled.status], ['settled', 'cancelled'])
  assert.deepEqual(await countOf(db, id), { status: 'cancelled', cancelled: 250 })
  assert.equal(await stopItems(db, id, RETENTION_MS), false)
  assert.equal(await cancelBatch(db, TENANT, id), 'ended')
  assert.deepEqual((await readEvents(db, id, { after: 0, limit: 100 })).filter(({ type }) => type === 'batch.completed').length, 1)
})

test('a batch that nobody goes on posting is closed with what it has', async (t) => {
  const db = await openStore(t)
  const id = await startBatch(db, 1, { sealed: false })
  await endItem(db, id, 0)

  const closed = [await sealAbandoned(db, 60_000, 10), await sealAbandoned(db, 0, 10)]
  const more = await addItems(db, id, { tenant: TENANT, first: 1, items: [await jobItem()], digest: 'e', traceparent: null })

  assert.deepEqual(closed, [0, 1])
  const batch = await readBatch(db, TENANT, id)
  assert.deepEqual([batch?.status, batch?.incomplete, more.type], ['completed', true, 'sealed'])
})

test('items are kept as long as their batch, and go when it goes; nothing is left but tombstones', async (t) => {
  const db = await openStore(t)
  const id = await startBatch(db, 2, { retentionMs: 0 })
  await endItem(db, id, 0, { retentionMs: 0 })
  await archive(db, itemId(id, 0))
  await removeExpired(db, 10)
  const kept = await readJob(db, TENANT, itemId(id, 0))
  await endItem(db, id, 1, { retentionMs: 0 })

  await removeExpired(db, 10)
  assert.equal(await removeExpiredBatches(db, 10), 1)
  while (await removeExpired(db, 10) > 0);

  assert.equal(kept?.batchId, id)
  assert.equal(await db.redis.get(db.keys.gone(id)), TENANT)
  assert.deepEqual((await allKeys(db)).filter((name) => !name.startsWith('gone:')), [])
})

test('a pass over everything leaves batches as they are, puts them back where they are missing, and removes what belongs to none', async (t) => {
  const db = await openStore(t)
  const [running, done, open, cancelling] = [await startBatch(db, 2), await startBatch(db, 1), await startBatch(db, 1, { sealed: false }), await startBatch(db, 300)]
  await endItem(db, done, 0)
  await cancelBatch(db, TENANT, cancelling)
  const pass = async () => {
    let repairs = 0
    for await (const count of reconcile(db, { onError: (error) => { throw error } })) repairs += count
    return repairs
  }
  const keys = await allKeys(db)
  assert.equal(await pass(), 0)
  assert.deepEqual(await allKeys(db), keys)

  const ghost = newId('batch')
  const { redis } = db
  await Promise.all([
    redis.zrem(db.keys.batches(TENANT), running), redis.zrem(db.keys.openBatches, open), redis.zrem(db.keys.expiringBatches, done), redis.zadd(db.keys.openBatches, 1, done),
    redis.hset(db.keys.exceptions(ghost), '1', 'x'), redis.xadd(db.keys.events(ghost), '1-0', 't', 'x'), redis.zadd(db.keys.batches(TENANT), 1, ghost), redis.zadd(db.keys.cancellingBatches, 1, ghost),
  ])

  assert.ok(await pass() > 0)
  assert.equal(await pass(), 0)
  assert.deepEqual(await allKeys(db), keys)
})
