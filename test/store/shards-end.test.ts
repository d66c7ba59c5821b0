import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import { archive } from '../../src/store/archive.ts'
import { OPERATOR } from '../../src/store/audit.ts'
import { goOnCancelling, stopAllItems } from '../../src/store/batches/cancel.ts'
import { readBatch } from '../../src/store/batches/read.ts'
import { removeExpiredBatches } from '../../src/store/batches/remove.ts'
import { deleteJob } from '../../src/store/delete.ts'
import { commitOutputs } from '../../src/store/files/outputs.ts'
import { readJobFiles } from '../../src/store/files/read.ts'
import { readErasure, startErasure } from '../../src/store/erasure/erasures.ts'
import { stepErasure } from '../../src/store/erasure/step.ts'
import { begin } from '../../src/store/moves/begin.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { loseRun, removeExpired, removeOver } from '../../src/store/reap.ts'
import { readShards } from '../../src/store/shards/read.ts'
import { endJob, FAILED, passOver, startWaiting, statusOf } from '../helpers/shards.ts'
import { allKeys, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

test('with the first shard that fails those that wait end, those that run are asked to, and the job comes after the last', async (t) => {
  const db = await openStore(t)
  const { id, shards, batch } = await startWaiting(db, 4)
  const [first, second, third] = shards as [string, string, string, string]
  const running = await beginJob(db, first)
  await endJob(db, second)
  const told: string[] = []
  const listener = db.redis.duplicate()
  t.after(() => listener.disconnect())
  await listener.subscribe(`${db.keys.prefix}:cancel`)
  listener.on('message', (_, jobId) => told.push(jobId))

  await endJob(db, third, FAILED)
  assert.deepEqual((await readShards(db, id)), { batchId: batch, state: 'way', total: 4, failed: third, starts: null })
  assert.equal(await db.redis.hget(db.keys.job(first), 'cancel'), '1')
  await stopAllItems(db, batch, RETENTION_MS)
  assert.deepEqual([await statusOf(db, shards[3] as string), await statusOf(db, id)], ['cancelled', 'scheduled'])
  await settle(db, running.run, settlement({ status: 'cancelled', }))

  assert.equal(await statusOf(db, id), 'queued')
  const { state, failed } = await readShards(db, id)
  assert.deepEqual([state, failed], ['ended', third], 'the first one that failed is named, not those that it took along')
  assert.ok(told.includes(first))
  assert.equal(await passOver(db), 0)
})

test('a shard that fails when all others have ended cancels nothing', async (t) => {
  const db = await openStore(t)
  const { id, shards, batch } = await startWaiting(db, 2)
  await endJob(db, shards[0] as string)

  await endJob(db, shards[1] as string, FAILED)

  assert.equal((await readBatch(db, TENANT, batch))?.status, 'completed')
  assert.equal(await statusOf(db, id), 'queued')
})

test('a job that is cancelled while it waits ends when the last of its shards was stopped', async (t) => {
  const db = await openStore(t)
  const { id, shards } = await startWaiting(db, 3)
  const running = await beginJob(db, shards[0] as string)

  const answers = [await cancel(db, TENANT, id, RETENTION_MS), await cancel(db, TENANT, id, RETENTION_MS)]
  assert.deepEqual(answers, [{ type: 'asked' }, { type: 'asked' }])
  assert.deepEqual(await Promise.all([id, ...shards].map((each) => statusOf(db, each))), ['scheduled', 'running', 'cancelled', 'cancelled'])
  await settle(db, running.run, settlement({ status: 'cancelled' }))

  const turn = Number(await db.redis.hget(db.keys.job(id), 'turn'))
  const begun = await begin(db, { jobId: id, turn }, { worker: 'w1', retentionMs: RETENTION_MS })
  assert.deepEqual([begun.type, await statusOf(db, id)], ['drop', 'cancelled'])
  assert.equal(await passOver(db), 0)
})

test('a job that ends while its shards are under way takes them along', async (t) => {
  const db = await openStore(t)
  const { id, shards, batch } = await startWaiting(db, 2, { retry: { maxLost: 1 } })
  await db.redis.hset(db.keys.job(id), 'status', 'queued')
  const { run } = await beginJob(db, id)
  await db.redis.zadd(db.keys.running, 1, id)
  await db.redis.hset(db.keys.job(id), 'lost', 1)

  assert.deepEqual(await loseRun(db, run, { graceMs: 0, retentionMs: RETENTION_MS }), { type: 'lost', status: 'dead' })
  while (await goOnCancelling(db, RETENTION_MS) > 0);

  assert.equal((await readBatch(db, TENANT, batch))?.status, 'cancelled')
  assert.deepEqual(await Promise.all(shards.map((each) => statusOf(db, each))), ['cancelled', 'cancelled'])
  assert.equal(await statusOf(db, id), 'dead')
})

test('shards stay as long as the job that they are of, and go with it', async (t) => {
  const db = await openStore(t)
  const empty = await allKeys(db)
  const { id, shards, batch } = await startWaiting(db, 2)
  await endJob(db, shards[0] as string)
  await db.redis.zadd(db.keys.expiring, 1, shards[0] as string)
  await removeExpired(db, 10)
  await removeOver(db, 0, shards)
  assert.equal(await statusOf(db, shards[0] as string), 'succeeded', 'neither retention nor a bound on their number takes one that is to be joined')
  await endJob(db, shards[1] as string)
  const { run } = await beginJob(db, id)
  await settle(db, run, settlement())
  for (const each of [id, ...shards]) await archive(db, each)
  await removeExpiredBatches(db, 10)
  assert.equal((await readBatch(db, TENANT, batch))?.expiresAt, null)

  await deleteJob(db, TENANT, id, { actor: OPERATOR, audit: { maxEntries: 10, maxAgeMs: 60_000 } })
  await removeExpiredBatches(db, 10)
  await removeExpired(db, 10)

  const left = (await allKeys(db)).filter((name) => !name.startsWith('gone:') && !empty.includes(name))
  assert.deepEqual(left.filter((name) => !/^(?:dealing|audit:.*)$/.test(name)), [])
})

test('a shard is not deleted before the job that is to join what it made has ended', async (t) => {
  const db = await openStore(t)
  const by = { actor: OPERATOR, audit: { maxEntries: 10, maxAgeMs: 60_000 } }
  const { id, shards } = await startWaiting(db, 2)
  for (const shard of shards) await endJob(db, shard)

  const waiting = await deleteJob(db, TENANT, shards[0] as string, by)
  const { run } = await beginJob(db, id)
  const joining = await deleteJob(db, TENANT, shards[0] as string, by)
  await settle(db, run, settlement())

  assert.deepEqual([waiting, joining, await statusOf(db, shards[0] as string)], [{ type: 'awaited', parent: id }, { type: 'awaited', parent: id }, 'succeeded'])
  assert.deepEqual(await deleteJob(db, TENANT, shards[0] as string, by), { type: 'deleted' })
})

test('what the shards wrote is the job\'s once it succeeds: their blobs stay, their files and what they were charged for go', async (t) => {
  const db = await openStore(t)
  const { id, shards } = await startWaiting(db, 2)
  const output = (blob: string, bytes: number) => ({ id: newId('file'), name: 'out', type: null, encoding: null, extents: [{ blob: blob.repeat(32), bytes }], isComplete: true })
  for (const [index, shard] of shards.entries()) {
    const { run } = await beginJob(db, shard)
    await commitOutputs(db, run, [output(String(index), 10)])
    await settle(db, run, settlement())
  }
  const { run } = await beginJob(db, id)
  const parts = (await Promise.all(shards.map((shard) => readJobFiles(db, shard)))).flat().flatMap(({ extents }) => extents)
  await commitOutputs(db, run, [{ ...output('a', 0), extents: parts }])

  await settle(db, run, settlement())

  assert.deepEqual((await readJobFiles(db, id)).map(({ bytes, extents }) => [bytes, extents]), [[20, [{ blob: '0'.repeat(32), bytes: 10 }, { blob: '1'.repeat(32), bytes: 10 }]]])
  assert.deepEqual(await Promise.all(shards.map(async (shard) => (await readJobFiles(db, shard)).length)), [0, 0])
  assert.deepEqual(await db.redis.hgetall(`${db.keys.prefix}:file-usage:${TENANT}`), { bytes: '20', files: '1' })
  assert.equal(await db.redis.zcard(`${db.keys.prefix}:owed:blobs`), 0)
})

test('an erasure takes a job that waits, its shards and their batch', async (t) => {
  const db = await openStore(t)
  const empty = await allKeys(db)
  const { shards } = await startWaiting(db, 3)
  await endJob(db, shards[0] as string)
  await startErasure(db, TENANT, { by: 'operators', actor: OPERATOR, audit: { maxEntries: 10, maxAgeMs: 60_000 } })

  await until('nothing is due any more', async () => {
    await stepErasure(db, 0)
    return (await readErasure(db, TENANT))?.status === 'done'
  })

  const left = (await allKeys(db)).filter((name) => !empty.includes(name) && !/^(?:erasure:|audit:operators|dealing)/.test(name))
  assert.deepEqual(left, [])
})
