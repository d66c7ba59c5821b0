import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_CEILINGS } from '../../src/core/api-key.ts'
import { newId } from '../../src/core/ids.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { buildReplayBounds } from '../../src/core/replay-request.ts'
import { archive } from '../../src/store/archive.ts'
import { OPERATOR } from '../../src/store/audit.ts'
import { addItems } from '../../src/store/batches/add-items.ts'
import { cancelBatch, goOnCancelling } from '../../src/store/batches/cancel.ts'
import { openBatch } from '../../src/store/batches/open.ts'
import { readBatch } from '../../src/store/batches/read.ts'
import { removeExpiredBatches } from '../../src/store/batches/remove.ts'
import { sealAbandoned, sealBatch } from '../../src/store/batches/seal.ts'
import { stepSweep } from '../../src/store/dead-letters/step.ts'
import { cancelSweep, readSweep, startSweep } from '../../src/store/dead-letters/sweeps.ts'
import { deleteJob } from '../../src/store/delete.ts'
import { createKey, findKey, readKey, revokeKey, rotateKey } from '../../src/store/keys.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { owedArchives, removeExpired, removeOver } from '../../src/store/reap.ts'
import { reconcile } from '../../src/store/reconcile/reconcile.ts'
import { readTime } from '../../src/store/time.ts'
import { acceptDead, die } from '../helpers/dead-letters.ts'
import { dumpLines } from '../helpers/dump.ts'
import { acceptJob, beginJob, openStore, settlement, TENANT } from '../helpers/store.ts'

const BY = { actor: OPERATOR, audit: { maxEntries: 100, maxAgeMs: 60_000 } }
const NEWER = 9
const REFUSED = { code: 'UNAVAILABLE', message: /newer version/ }
type Store = Awaited<ReturnType<typeof openStore>>

/** A batch with everything that a reaper looks for: idle, cancelled, expired. */
async function newerBatch (db: Store): Promise<string> {
  const id = newId('batch')
  await openBatch(db, { id, tenant: TENANT, retentionMs: 1 })
  await db.redis.hset(db.keys.batch(id), 'v', NEWER, 'cancel', 1, 'total', 1)
  for (const index of [db.keys.openBatches, db.keys.cancellingBatches, db.keys.expiringBatches]) await db.redis.zadd(index, 1, id)
  return id
}

async function passOver (db: Store): Promise<number> {
  const repairs = await Array.fromAsync(reconcile(db, { onError: (error) => { throw error } }))
  return repairs.reduce((sum, count) => sum + count, 0)
}

/** Everything but when somebody looks again. */
async function dump (db: Store): Promise<string[]> {
  return (await dumpLines(db)).filter((line) => !/^(?:open-batches|cancelling-batches|expiring-batches|expiring|owed:archive|sweeps) /.test(line))
}

test('a batch of a newer version is neither sealed, stopped, removed nor repaired, and stands in nobody\'s way', async (t) => {
  const db = await openStore(t)
  const id = await newerBatch(db)
  const other = newId('batch')
  await openBatch(db, { id: other, tenant: TENANT, retentionMs: 1000 })
  const before = await dump(db)

  await sealAbandoned(db, 60_000, 10)
  await goOnCancelling(db, 1000)
  const removed = await removeExpiredBatches(db, 10)
  const repairs = await passOver(db)

  assert.deepEqual([removed, repairs], [1, 0], 'one was put off')
  assert.deepEqual(await dump(db), before)
  const now = await readTime(db)
  for (const index of [db.keys.openBatches, db.keys.cancellingBatches, db.keys.expiringBatches]) assert.ok(Number(await db.redis.zscore(index, id)) > now, 'it is looked at again later')
  await assert.rejects(readBatch(db, TENANT, id), REFUSED)
  await assert.rejects(cancelBatch(db, TENANT, id), REFUSED)
  await assert.rejects(sealBatch(db, id, { tenant: TENANT, total: 1, digest: '' }), REFUSED)
  await assert.rejects(addItems(db, id, { tenant: TENANT, first: 1, items: [{ type: 'refused', refusal: { code: 'INVALID', message: '' } }], digest: 'd', traceparent: null }), REFUSED)
  assert.equal((await readBatch(db, TENANT, other))?.status, 'open')
})

test('a job of a newer version that ended is neither archived nor removed, by whatever way', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  await settle(db, run, settlement({ retentionMs: 0 }))
  await db.redis.hset(db.keys.job(id), 'v', NEWER)
  const before = await dump(db)

  const [archived, expired, over] = [await archive(db, id).catch(() => false), await removeExpired(db, 10), await removeOver(db, 0, [id])]

  await assert.rejects(deleteJob(db, TENANT, id, BY), REFUSED)
  assert.deepEqual([archived, expired, over], [false, 1, 0])
  assert.deepEqual(await dump(db), before)
})

test('jobs of a newer version keep no others from being archived and removed, however many they are', async (t) => {
  const db = await openStore(t)
  const ids: string[] = []
  for (let i = 0; i < 4; i++) {
    ids.push(await acceptJob(db))
    await settle(db, (await beginJob(db, ids[i] ?? '')).run, settlement({ retentionMs: 0 }))
  }
  const [own = '', ...newer] = ids.toReversed()
  for (const [index, id] of newer.entries()) {
    await db.redis.hset(db.keys.job(id), 'v', NEWER)
    for (const key of [db.keys.owedArchive, db.keys.expiring]) await db.redis.zadd(key, index, id)
  }

  for (const id of await owedArchives(db, newer.length)) await archive(db, id)
  const owed = await owedArchives(db, newer.length)
  await removeExpired(db, newer.length)
  await removeExpired(db, newer.length)

  assert.deepEqual(owed, [own])
  assert.deepEqual(await Promise.all([own, ...newer].map((id) => db.redis.exists(db.keys.job(id)))), [0, 1, 1, 1])
})

test('an order of a newer version is left to its workers, and other orders go on', async (t) => {
  const db = await openStore(t)
  await acceptDead(db)
  const [newer, own] = [newId('sweep'), newId('sweep')]
  const change = { limits: {}, priority: 'low', again: false, bounds: buildReplayBounds(DEFAULT_LIMIT_POLICY, NO_CEILINGS), room: {} } as const
  await startSweep(db, { id: newer, tenant: TENANT, choice: {}, change, ...BY })
  await db.redis.hset(db.keys.sweep(newer), 'v', NEWER)
  await db.redis.zadd(db.keys.sweeps(), 1, newer)
  const before = await db.redis.hgetall(db.keys.sweep(newer))
  await startSweep(db, { id: own, tenant: TENANT, choice: {}, change: null, ...BY })

  await stepSweep(db, { perSecond: 10, inFlight: 10 })
  await stepSweep(db, { perSecond: 10, inFlight: 10 })
  const repairs = await passOver(db)

  assert.equal((await readSweep(db, { tenant: TENANT, action: 'purge', id: own }))?.done, 1)
  assert.deepEqual(await db.redis.hgetall(db.keys.sweep(newer)), before)
  assert.equal(repairs, 0)
  await assert.rejects(readSweep(db, { tenant: TENANT, action: 'replay', id: newer }), REFUSED)
  await assert.rejects(cancelSweep(db, { tenant: TENANT, action: 'replay', id: newer }), REFUSED)
})

test('orders leave dead letters of a newer version, and say so', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await die(db, id)
  const change = { limits: {}, priority: 'low', again: false, bounds: buildReplayBounds(DEFAULT_LIMIT_POLICY, NO_CEILINGS), room: {} } as const
  const orders = [{ id: newId('sweep'), action: 'purge', change: null }, { id: newId('sweep'), action: 'replay', change }] as const
  for (const order of orders) await startSweep(db, { tenant: TENANT, choice: {}, ...order, ...BY })
  await db.redis.hset(db.keys.job(id), 'v', NEWER)
  const before = await db.redis.hgetall(db.keys.job(id))

  for (const order of orders) await stepSweep(db, { perSecond: 10, inFlight: 10 }, order.id)

  const sweeps = await Promise.all(orders.map((order) => readSweep(db, { tenant: TENANT, ...order })))
  assert.deepEqual(sweeps.map((sweep) => [sweep?.seen, sweep?.done, sweep?.refused]), [[1, 0, 1], [1, 0, 1]])
  assert.match(sweeps[0]?.refusal ?? '', /newer version/)
  assert.deepEqual(await db.redis.hgetall(db.keys.job(id)), before)
})

test('an API key of a newer version cannot be read or rotated here, but it can be revoked', async (t) => {
  const db = await openStore(t)
  const { token, ...key } = await createKey(db, { tenant: TENANT, scopes: ['admin'] })
  await db.redis.hset(db.keys.apiKey(key.id), 'v', NEWER)

  await assert.rejects(readKey(db, key, key.id), REFUSED)
  await assert.rejects(rotateKey(db, key, { graceMs: 0, ...BY }), REFUSED)
  assert.equal(await revokeKey(db, key, BY), true)
  assert.equal(await findKey(db, token), undefined)
})
