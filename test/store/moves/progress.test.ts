import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_USAGE } from '../../../src/core/outcome.ts'
import { append, check } from '../../../src/store/moves/progress.ts'
import { giveBack } from '../../../src/store/moves/give-back.ts'
import { cancel } from '../../../src/store/moves/cancel.ts'
import { loadMove, runMove } from '../../../src/store/script.ts'
import { readEvents, readJob } from '../../../src/store/read.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../../helpers/store.ts'

const line = (message: string) => ({ type: 'job.log', time: 1000, payload: { level: 'log', message } }) as const

test('events of a run are numbered on from those before, without a gap, and progress is kept', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)

  await Promise.all(Array.from({ length: 20 }, (_, index) => append(db, run, [line(`a${index}`), line(`b${index}`)], { value: index, message: 'm' })))

  const events = await readEvents(db, id, { after: 0, limit: 100 })
  assert.deepEqual(events.map(({ sequence }) => sequence), Array.from({ length: 42 }, (_, index) => index + 1))
  assert.deepEqual(events[2], { sequence: 3, attempt: 1, ...line('a0') })
  assert.deepEqual((await readJob(db, TENANT, id))?.progress, { value: 19, message: 'm' })
})

test('what a user wrote comes back as it was, whatever it holds', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const message = 'line\nbreak "quoted" \u0000 \ud800 \u2028 😀 0x1e'

  await append(db, run, [line(message)])

  assert.equal((await readEvents(db, id, { after: 2, limit: 1 }))[0]?.payload['message'], message)
})

test('a batch that is sent again because its answer was lost is written once', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const script = loadMove(new URL('../../../src/store/moves/append.lua', import.meta.url))
  const batch = (number: number) => runMove(db, script, id, [run.fence, run.holder, number, '', '', 'job.log', 1, '{}'])

  for (const number of [7, 8, 7, 8, 9]) await batch(number)

  assert.equal((await readEvents(db, id, { after: 2, limit: 10 })).length, 3)
})

test('what a run takes is told of that run alone, also where a version before left the word of another', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db, { retry: { attempts: 2 } })
  const usageOf = async () => (await readJob(db, TENANT, id))?.usage?.cpuMs
  const tell = (run: number, cpuMs: number) => ({ type: 'job.usage', time: 1, payload: { run, wallMs: 1, cpuMs, memoryBytes: null, peakMemoryBytes: null, logBytes: 0, toolCalls: 0 } }) as const
  const { run: first } = await beginJob(db, id)
  await append(db, first, [tell(1, 11), tell(1, 12)])
  const during = await usageOf()
  const live = String(await db.redis.hget(db.keys.job(id), 'live'))

  await settle(db, first, settlement({ usage: { ...EMPTY_USAGE, cpuMs: 13 }, next: { attempt: 2, delayMs: 0 } }))
  await db.redis.hset(db.keys.job(id), 'live', live)
  const between = await usageOf()
  const { run: second } = await beginJob(db, id)
  const begun = await usageOf()
  await append(db, second, [tell(2, 21)])

  assert.deepEqual([during, between, begun, await usageOf()], [12, 13, 13, 21])
})

test('runs are checked all at once: held, cancelled, or fenced', async (t) => {
  const db = await openStore(t)
  const [held, cancelled, lost] = [await acceptJob(db), await acceptJob(db), await acceptJob(db)]
  const runs = await Promise.all([held, cancelled, lost].map(async (id) => (await beginJob(db, id)).run))
  await cancel(db, TENANT, cancelled, RETENTION_MS)
  await beginJob(db, lost)

  const states = await check(db, runs)

  assert.deepEqual(runs.map((run) => states.get(run)), ['held', 'cancelled', 'fenced'])
})

test('a run given back is queued again with nothing charged, once, and its holder is fenced', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)

  const answers = [await giveBack(db, run, { retentionMs: RETENTION_MS }), await giveBack(db, run, { retentionMs: RETENTION_MS })]

  const job = await readJob(db, TENANT, id)
  assert.deepEqual(answers, [{ type: 'given', status: 'queued' }, { type: 'given', status: 'queued' }])
  assert.equal(job?.status, 'queued')
  assert.equal(job.lost, 0)
  assert.deepEqual(await append(db, run, []), { type: 'fenced' })
  assert.deepEqual(await db.redis.zrange(db.keys.waiting(TENANT, 'normal'), 0, '-1'), [`${id} 2`])
  assert.deepEqual((await readEvents(db, id, { after: 2, limit: 9 })).map(({ type, payload }) => [type, payload]), [
    ['job.lost', { run: 1, reason: 'shutdown', charged: false }],
  ])
  assert.equal((await beginJob(db, id)).run.fence, 2)
  assert.deepEqual(await giveBack(db, { ...run, fence: 7 }, { retentionMs: 1 }), { type: 'fenced' })
})

test('a run given back after somebody asked to cancel ends the job', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  await cancel(db, TENANT, id, RETENTION_MS)

  assert.partialDeepStrictEqual(await giveBack(db, run, { retentionMs: RETENTION_MS }), { type: 'given', status: 'cancelled' })
  assert.equal((await readJob(db, TENANT, id))?.error?.code, 'CANCELLED')
})

test('a run whose number another one has, after a failover that lost writes, changes nothing', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const before = await db.redis.hgetall(db.keys.job(id))
  const { run: lost } = await beginJob(db, id)
  await db.redis.multi().del(db.keys.job(id), db.keys.events(id)).hset(db.keys.job(id), { ...before, seq: 0 }).exec()
  const { run: now } = await beginJob(db, id)

  const answers = [await append(db, lost, [line('late')]), await settle(db, lost, settlement()), await giveBack(db, lost, { retentionMs: 1 })]

  assert.equal(now.fence, lost.fence)
  assert.deepEqual(answers.map(({ type }) => type), ['fenced', 'fenced', 'fenced'])
  assert.deepEqual([...(await check(db, [lost, now])).values()], ['fenced', 'held'])
})
