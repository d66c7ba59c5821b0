import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../src/core/ids.ts'
import { runMove, loadMove } from '../../../src/store/script.ts'
import { begin } from '../../../src/store/moves/begin.ts'
import { cancel } from '../../../src/store/moves/cancel.ts'
import { append } from '../../../src/store/moves/progress.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { readEvents, readJob } from '../../../src/store/read.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../../helpers/store.ts'

const BY = { worker: 'w1', retentionMs: RETENTION_MS }

test('a begun job is running under fence 1, with its deadline, and owes no dispatch', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db, { limits: { timeoutMs: 1000 } })

  const { run, job } = await beginJob(db, id)

  const record = await readJob(db, TENANT, id)
  assert.partialDeepStrictEqual(run, { jobId: id, fence: 1 })
  assert.equal(job.code, 'export default (x) => x')
  assert.equal(job.input, '{"a":1}')
  assert.equal(record?.status, 'running')
  assert.equal(record.deadlineAt, job.startedAt + 6000)
  assert.equal(await db.redis.zscore(db.keys.running, id), String(record.deadlineAt))
  assert.equal(await db.redis.zcard(db.keys.owedDispatch), 0)
})

test('of two workers that begin the same attempt at once, both get fences and only the later holds the job', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)

  const [one, two] = await Promise.all([beginJob(db, id), beginJob(db, id)])

  const [first, second] = one.run.fence < two.run.fence ? [one, two] : [two, one]
  assert.deepEqual(await append(db, first.run, []), { type: 'fenced' })
  assert.deepEqual(await settle(db, first.run, settlement()), { type: 'fenced' })
  assert.equal((await settle(db, second.run, settlement())).type, 'settled')
  assert.equal((await readJob(db, TENANT, id))?.lost, 1)
})

test('a redelivery of a running attempt records the lost run and starts the next one of the same attempt', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await beginJob(db, id)

  const { run, job } = await beginJob(db, id)

  const record = await readJob(db, TENANT, id)
  const events = await readEvents(db, id, { after: 0, limit: 10 })
  assert.equal(run.fence, 2)
  assert.equal(job.lost, 1)
  assert.deepEqual(events.map(({ type }) => type), ['job.queued', 'job.started', 'job.lost', 'job.started'])
  assert.deepEqual(record?.attempts.map(({ number, runs, finishedAt }) => ({ number, runs: runs.length, finishedAt })), [{ number: 1, runs: 2, finishedAt: null }])
})

test('a job that lost more runs than maxLost is dead, with the reason, and stays so', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db, { retry: { maxLost: 1 } })
  await beginJob(db, id)
  await beginJob(db, id)

  const third = await begin(db, { jobId: id, turn: 1 }, BY)

  const job = await readJob(db, TENANT, id)
  assert.deepEqual(third, { type: 'drop', reason: 'ended', deals: [] })
  assert.equal(job?.status, 'dead')
  assert.equal(job.error?.code, 'WORKER_CRASHED')
  assert.equal(job.lost, 2)
  assert.notEqual(job.attempts[0]?.finishedAt, null)
  assert.equal(await db.redis.zcard(db.keys.running), 0)
  assert.deepEqual(await begin(db, { jobId: id, turn: 1 }, BY), { type: 'drop', reason: 'ended', deals: [] })
})

test('a lost run of a job that was to be cancelled ends it as cancelled', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await beginJob(db, id)
  await cancel(db, TENANT, id, RETENTION_MS)

  const again = await begin(db, { jobId: id, turn: 1 }, BY)

  assert.deepEqual(again, { type: 'drop', reason: 'ended', deals: [] })
  assert.equal((await readJob(db, TENANT, id))?.status, 'cancelled')
})

test('messages for a missing job, an ended one and an older turn are dropped', async (t) => {
  const db = await openStore(t)
  const ended = await acceptJob(db)
  await settle(db, (await beginJob(db, ended)).run, settlement())
  const retried = await acceptJob(db)
  await settle(db, (await beginJob(db, retried)).run, settlement({ next: { attempt: 2, delayMs: 0 } }))

  assert.deepEqual(await begin(db, { jobId: newId('job'), turn: 1 }, BY), { type: 'drop', reason: 'missing', deals: [] })
  assert.deepEqual(await begin(db, { jobId: ended, turn: 1 }, BY), { type: 'drop', reason: 'ended', deals: [] })
  assert.deepEqual(await begin(db, { jobId: retried, turn: 1 }, BY), { type: 'drop', reason: 'stale', deals: [] })
})

test('a message that comes before its time is dropped, and its time stays on record', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db, { delayMs: 60_000 })

  const early = await begin(db, { jobId: id, turn: 1 }, BY)

  const job = await readJob(db, TENANT, id)
  assert.deepEqual(early, { type: 'drop', reason: 'early', deals: [] })
  assert.deepEqual(await db.redis.zrange(db.keys.scheduled, 0, '-1', 'WITHSCORES'), [`${id} 1`, String(job?.runAt)])
  assert.equal(job?.status, 'scheduled')
})

test('a job whose time to live passed before its first run expires', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db, { ttlMs: 1 })
  await db.redis.hset(db.keys.job(id), 'ttlAt', 1)

  const begun = await begin(db, { jobId: id, turn: 1 }, BY)

  const job = await readJob(db, TENANT, id)
  assert.deepEqual(begun, { type: 'drop', reason: 'expired', deals: [] })
  assert.equal(job?.status, 'expired')
  assert.equal(job.error?.code, 'EXPIRED')
})

test('a time to live that passes after the first run began does not expire the job', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db, { ttlMs: 1000 })
  await settle(db, (await beginJob(db, id)).run, settlement({ next: { attempt: 2, delayMs: 0 } }))
  await db.redis.hset(db.keys.job(id), 'ttlAt', 1)

  const begun = await begin(db, { jobId: id, turn: 2 }, BY)

  assert.equal(begun.type, 'run')
})

test('a begin that is sent again because its answer was lost gets the same run, and nothing is charged', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const script = loadMove(new URL('../../../src/store/moves/begin.lua', import.meta.url))
  const args = [1, '"w1"', 'holder-1', RETENTION_MS, 5000, '{}', '{}', '{}', 0, '{}', 2, 10_000]

  const first = await runMove(db, script, id, args)
  const second = await runMove(db, script, id, args)

  assert.deepEqual(second, first)
  assert.equal((await readJob(db, TENANT, id))?.lost, 0)
})
