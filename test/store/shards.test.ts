import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shardsId } from '../../src/core/ids.ts'
import { readBatch } from '../../src/store/batches/read.ts'
import { removeExpiredBatches } from '../../src/store/batches/remove.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { readJob } from '../../src/store/read.ts'
import { releaseDue } from '../../src/store/reap.ts'
import { readShards } from '../../src/store/shards/read.ts'
import { waitForShards } from '../../src/store/shards/wait.ts'
import { readStoredInput } from '../../src/store/stored-input.ts'
import { dumpLines } from '../helpers/dump.ts'
import { endJob, newShards, passOver, startWaiting, statusOf, turnsOf } from '../helpers/shards.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'
import { eventsOf } from '../helpers/worker.ts'

test('a job makes its shards in one step, and waits for them without a run, a turn or a charge', async (t) => {
  const db = await openStore(t)

  const { id, batch, shards } = await startWaiting(db, 3)

  const job = await readJob(db, TENANT, id)
  const batchRecord = await readBatch(db, TENANT, batch)
  assert.deepEqual([job?.status, job?.attempt, job?.shards, job?.lost, job?.losses], ['scheduled', 1, batch, 0, []])
  assert.deepEqual(await turnsOf(db, id), [])
  assert.equal(await db.redis.zcard(db.keys.running), 0)
  assert.deepEqual([batchRecord?.shardsOf, batchRecord?.total, batchRecord?.counts.queued, batchRecord?.status], [id, 3, 3, 'running'])
  for (const [index, shard] of shards.entries()) {
    const made = await readJob(db, TENANT, shard)
    assert.deepEqual([made?.status, made?.batchId, made?.spec.tags, made?.spec.priority, made?.codeHash], ['queued', batch, { a: 'b' }, 'high', job?.codeHash])
    assert.match(String((await readStoredInput(db, TENANT, shard))?.field), new RegExp(`{"index":${index}}`))
    assert.equal((await turnsOf(db, shard)).length, 1)
  }
  assert.deepEqual((await eventsOf(db, id)).map(({ type }) => type), ['job.queued', 'job.started', 'job.scheduled'])
  assert.equal(await passOver(db), 0, 'nothing is amiss')
})

test('the same step again changes nothing: by the same run, by one that lost the job, or by the next', async (t) => {
  const db = await openStore(t)
  const { id, run } = await startWaiting(db, 3)
  const before = await dumpLines(db)

  const again = await waitForShards(db, run, newShards(3))
  const late = await waitForShards(db, { ...run, holder: 'other' }, newShards(5))

  assert.deepEqual([again.type, late.type], ['shards', 'shards'], 'both are told how that run ended')
  assert.deepEqual(await dumpLines(db), before)

  await db.redis.hset(db.keys.job(id), 'status', 'queued') // as if somebody had put it back
  const next = await beginJob(db, id)
  const waits = await waitForShards(db, next.run, newShards(5))
  assert.equal(waits.type, 'shards')
  assert.equal((await readBatch(db, TENANT, shardsId(id)))?.total, 3)
  assert.equal(await db.redis.zcard(db.keys.batches(TENANT)), 1)
})

test('a run that lost its job makes nothing, and neither does one that was asked to end', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)

  const fenced = await waitForShards(db, { ...run, holder: 'other' }, newShards(2))
  await cancel(db, TENANT, id, RETENTION_MS)
  const cancelled = await waitForShards(db, run, newShards(2))

  assert.deepEqual([fenced.type, cancelled.type], ['fenced', 'cancelled'])
  assert.equal(await db.redis.exists(db.keys.batch(shardsId(id))), 0)
  assert.equal(await statusOf(db, id), 'running')
})

test('the last shard gives the job its turn, once, however many say so; it goes on in the same attempt', async (t) => {
  const db = await openStore(t)
  const { id, shards, batch } = await startWaiting(db, 2)
  await endJob(db, shards[1] as string)
  assert.deepEqual([await statusOf(db, id), await turnsOf(db, id)], ['scheduled', []])
  const { run } = await beginJob(db, shards[0] as string)

  await Promise.all(Array.from({ length: 10 }, () => settle(db, run, settlement())))

  assert.equal(await statusOf(db, id), 'queued')
  assert.equal((await turnsOf(db, id)).length, 1)
  assert.deepEqual(await readShards(db, id), { batchId: batch, state: 'ended', total: 2, failed: null, starts: null })
  const next = await beginJob(db, id)
  assert.deepEqual([next.run.fence, next.job.attempt, next.job.lost], [2, 1, 0])
  assert.equal((await waitForShards(db, next.run)).type, 'ended')
  await settle(db, next.run, settlement())
  assert.deepEqual((await eventsOf(db, id)).filter(({ type }) => type !== 'job.progress').map(({ type }) => type), ['job.queued', 'job.started', 'job.scheduled', 'job.queued', 'job.started', 'job.succeeded'])
  assert.equal((await readBatch(db, TENANT, batch))?.status, 'completed')
  assert.equal(await passOver(db), 0, 'nothing is amiss')
})

test('where the tenant has no room the job comes again in a while, and need not find out again where its input is split', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const others = [await acceptJob(db), await acceptJob(db)]
  const { run } = await beginJob(db, id)
  const starts = [{ records: 0, bytes: 0 }, { records: 5, bytes: 50 }]
  const bounds = { jobsWaiting: 3 }

  const full = await waitForShards(db, run, newShards(2, { starts, bounds }))
  assert.deepEqual(full, { type: 'full', bound: 'jobsWaiting', observed: 2, own: null })
  assert.deepEqual(await waitForShards(db, run, newShards(2, { starts, bounds })), { type: 'full', bound: 'jobsWaiting', observed: 0, own: null }, 'again')
  assert.equal((await turnsOf(db, id)).length, 1)
  assert.deepEqual(await readShards(db, id), { batchId: shardsId(id), state: 'none', total: 0, failed: null, starts })

  for (const other of others) await cancel(db, TENANT, other, RETENTION_MS)
  await db.redis.hset(db.keys.job(id), 'runAt', 1)
  const next = await beginJob(db, id)
  assert.equal((await waitForShards(db, next.run, newShards(2, { starts, bounds }))).type, 'shards')
  assert.equal((await readShards(db, id)).starts, null)
})

test('more shards than the tenant may have jobs waiting are never made', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)

  const small = await waitForShards(db, run, newShards(4, { bounds: { jobsWaiting: 3 } }))

  assert.deepEqual(small, { type: 'small', most: 3 })
  assert.equal(await statusOf(db, id), 'running')
})

test('a turn that Redis has forgotten comes back, and the batch of a job that is gone goes', async (t) => {
  const db = await openStore(t)
  const { id, shards } = await startWaiting(db, 1)
  await db.redis.hset(db.keys.job(id), 'turn', 7)
  await endJob(db, shards[0] as string)
  const turn = Number(await db.redis.hget(db.keys.job(id), 'turn'))
  for (const list of [db.keys.owedDispatch, db.keys.waiting(TENANT, 'normal')]) await db.redis.zrem(list, `${id} ${turn}`)

  assert.ok(await passOver(db) > 0)
  assert.equal((await turnsOf(db, id)).length, 1)

  const other = await startWaiting(db, 1)
  await endJob(db, other.shards[0] as string)
  await db.redis.unlink(db.keys.job(other.id))
  await passOver(db)
  await removeExpiredBatches(db, 10)
  assert.equal(await db.redis.exists(db.keys.batch(other.batch)), 0)
})

test('how far the shards are is told of the job that waits, in its record and its history', async (t) => {
  const db = await openStore(t)
  const { id, shards } = await startWaiting(db, 2)
  const progressOf = async () => (await readJob(db, TENANT, id))?.progress
  const { run } = await beginJob(db, shards[0] as string)
  const { run: other } = await beginJob(db, shards[1] as string)
  const figures = (fraction: number, read: number) => ({ value: fraction, message: '', fraction, records: { read, written: read, rejected: 1 }, bytes: { read: read * 10, written: 5 }, recordsPerSecond: 100, etaMs: null })
  const sum = { fraction: 0.25, records: { read: 50, written: 50, rejected: 1 }, bytes: { read: 500, written: 5 }, recordsPerSecond: 100, etaMs: null }

  await append(db, run, [], figures(0.5, 50))
  assert.deepEqual(await progressOf(), { value: 0.25, message: '0 of 2 shards have ended', ...sum })
  await append(db, other, [], figures(0.25, 20))
  assert.equal((await progressOf())?.value, 0.25, 'not told again so soon')
  await append(db, run, [], figures(1, 100))
  await settle(db, run, settlement())
  assert.deepEqual(await progressOf(), { value: 0.625, message: '1 of 2 shards have ended', fraction: 0.625, records: { read: 120, written: 120, rejected: 2 }, bytes: { read: 1200, written: 10 }, recordsPerSecond: 100, etaMs: null })

  const told = (await eventsOf(db, id)).filter(({ type }) => type === 'job.progress').map(({ payload }) => payload['value'])
  assert.deepEqual(told, [0.25, 0.625])
})

test('a job whose shards have ended comes before those that were made after it', async (t) => {
  const db = await openStore(t)
  const { id, shards } = await startWaiting(db, 1)
  const { run } = await beginJob(db, shards[0] as string)
  for (let later = 0; later < 40; later++) await acceptJob(db)

  await settle(db, run, settlement())

  assert.deepEqual(await db.redis.zrange(db.keys.waiting(TENANT, 'normal'), 0, '0'), await turnsOf(db, id))
})

test('a tenant that may have one run at a time gets on: who waits does not count', async (t) => {
  const db = await openStore(t)
  await db.redis.hset(db.keys.maxRunning, TENANT, 1)
  const { id, shards } = await startWaiting(db, 2)

  for (const shard of shards) {
    await releaseDue(db, 10)
    assert.ok(await db.redis.zscore(db.keys.owedDispatch, `${shard} 1`), 'it was handed out')
    await endJob(db, shard)
  }

  await releaseDue(db, 10)
  assert.equal((await beginJob(db, id)).run.fence, 2)
})
