import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { newId } from '../../../src/core/ids.ts'
import { sha256 } from '../../../src/core/digest.ts'
import { NO_CEILINGS } from '../../../src/core/api-key.ts'
import { buildFailure } from '../../../src/core/outcome.ts'
import { DEFAULT_LIMIT_POLICY } from '../../../src/core/limits.ts'
import { buildReplayBounds } from '../../../src/core/replay-request.ts'
import { OPERATOR } from '../../../src/store/audit.ts'
import type { Db } from '../../../src/store/db.ts'
import { countDead } from '../../../src/store/dead-letters/count.ts'
import { stepSweep, type Pace } from '../../../src/store/dead-letters/step.ts'
import { cancelSweep, readSweep, startSweep, SWEEPS_PER_TENANT, type NewSweep, type Sweep, type SweepChange } from '../../../src/store/dead-letters/sweeps.ts'
import { renewEncryption } from '../../../src/store/encryption/renew.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { readRecord } from '../../../src/store/read.ts'
import { readTime } from '../../../src/store/time.ts'
import { acceptDead, die } from '../../helpers/dead-letters.ts'
import { dumpLines } from '../../helpers/dump.ts'
import { acceptJob, beginJob, openSameStore, openStore, settlement, TENANT } from '../../helpers/store.ts'

const BOUNDS = buildReplayBounds(DEFAULT_LIMIT_POLICY, NO_CEILINGS)
const BY = { actor: OPERATOR, audit: { maxEntries: 100, maxAgeMs: 60_000 } }
const CHANGE: SweepChange = { limits: {}, priority: 'low', again: false, bounds: BOUNDS, room: {} }
const FAR = 9_999_999_999_999
const FAST: Pace = { perSecond: 10_000, inFlight: 10_000 }

async function start (db: Db, members: Partial<NewSweep> = {}): Promise<string> {
  const started = await startSweep(db, { id: newId('sweep'), tenant: TENANT, choice: {}, change: CHANGE, ...BY, ...members })
  assert.equal(started.type, 'started')
  return started.id
}

async function read (db: Db, id: string, action: Sweep['action'] = 'replay'): Promise<Sweep> {
  const sweep = await readSweep(db, { tenant: TENANT, action, id })
  assert.ok(sweep)
  return sweep
}

/** Takes steps until no letter is left to be looked at. */
async function sweepAll (db: Db, id: string, pace = FAST): Promise<void> {
  for (;;) {
    await stepSweep(db, pace, id)
    const [all, status] = await db.redis.hmget(db.keys.sweep(id), 'all', 'status')
    if (all === '1' || status !== 'running') return
  }
}

/** Ids of jobs that others were made of, by the time that those were made, as far as they have not ended. */
async function replays (db: Db): Promise<string[]> {
  const ids = await db.redis.zrange(db.keys.jobs(TENANT), 0, '-1')
  const sources = await Promise.all(ids.map((id) => db.redis.hget(db.keys.job(id), 'replayOf')))
  return sources.filter((source) => source !== null)
}

test('an order replays all dead letters once and is done when the jobs have ended', async (t) => {
  const db = await openStore(t)
  const dead = []
  for (let i = 0; i < 120; i++) dead.push(await acceptDead(db))
  await acceptJob(db)

  const id = await start(db)
  await sweepAll(db, id)
  const made = await replays(db)
  const under = await read(db, id)
  for (const jobId of await db.redis.smembers(db.keys.sweepFlight(id))) await settle(db, (await beginJob(db, jobId)).run, settlement())
  await stepSweep(db, FAST, id)

  assert.deepEqual(made.toSorted(), dead.toSorted())
  assert.deepEqual([under.status, under.total, under.seen, under.done, under.skipped, under.inFlight], ['running', 120, 120, 120, 0, 120])
  const { status, ended, inFlight, finishedAt } = await read(db, id)
  assert.deepEqual([status, ended, inFlight], ['done', { succeeded: 120 }, 0])
  assert.ok(finishedAt !== null && await db.redis.pttl(db.keys.sweep(id)) > 0, 'it goes by itself')
  assert.equal(await db.redis.exists(db.keys.sweeps(), db.keys.sweeps(TENANT), db.keys.sweepFlight(id)), 0)
})

test('two that carry out one order at the same time, and one that stops in the middle, make nothing twice and count nothing twice', async (t) => {
  const db = await openStore(t)
  const dead = await Promise.all(Array.from({ length: 150 }, () => acceptDead(db)))
  for (const again of [false, true]) {
    const id = await start(db, { change: { ...CHANGE, again } })
    // Steps of one order are not due again while one has it; asked for by its id, they are made all the same.
    let lost = 0
    while ((await read(db, id)).seen < 150) {
      await Promise.all([stepSweep(db, FAST, id), stepSweep(db, FAST, id), stepSweep(db, FAST, id)])
      // As after a crash before the step was noted: the position is where it was.
      if (lost++ === 0) await db.redis.hset(db.keys.sweep(id), { at: '', seen: 0, skipped: 0 })
    }
    const sweep = await read(db, id)
    assert.deepEqual([sweep.seen, sweep.done, sweep.skipped, sweep.refused], [150, 150, 0, 0])
  }
  assert.deepEqual((await replays(db)).toSorted(), [...dead, ...dead].toSorted())
})

test('jobs in flight are bounded: the next letters, oldest first, wait until some of them have ended', async (t) => {
  const db = await openStore(t)
  for (let i = 0; i < 30; i++) await acceptDead(db)
  const dead = await db.redis.zrange(db.keys.jobs(TENANT), 0, '-1')
  const id = await start(db)
  const pace = { perSecond: 10_000, inFlight: 7 }

  for (let i = 0; i < 3; i++) await stepSweep(db, pace, id)
  assert.deepEqual((await replays(db)).toSorted(), dead.slice(0, 7).toSorted())
  const full = await read(db, id)
  const [first = ''] = await db.redis.smembers(db.keys.sweepFlight(id))
  await die(db, first)
  await stepSweep(db, pace, id)

  assert.deepEqual([full.inFlight, full.done], [7, 7])
  const { inFlight, done, ended } = await read(db, id)
  assert.deepEqual([inFlight, done, ended], [7, 8, { dead: 1 }])
})

test('the pace is the store\'s: a step is not due before its time, whoever asks', async (t) => {
  const db = await openStore(t)
  for (let i = 0; i < 20; i++) await acceptDead(db)
  const id = await start(db)
  const pace = { perSecond: 2, inFlight: 100 }

  assert.ok(await stepSweep(db, pace))
  const due = Number(await db.redis.zscore(db.keys.sweeps(), id))
  await db.redis.zadd(db.keys.sweeps(), FAR, id)
  const answers = await Promise.all(Array.from({ length: 20 }, () => stepSweep(db, pace)))

  const { createdAt, done } = await read(db, id)
  assert.ok(due - createdAt >= 500)
  assert.deepEqual([new Set(answers), done], [new Set([undefined]), 1])
})

test('letters are chosen by failure code, tag, time and id; nothing else is touched, and what dies later is not meant', async (t) => {
  const db = await openStore(t)
  const crashed = await acceptDead(db, { tags: { a: 'b' } })
  const timedOut = await acceptDead(db, { tags: { a: 'c' } }, 'TIMEOUT')
  const running = await acceptJob(db, { tags: { a: 'b' } })
  const dead = [crashed, timedOut, running]
  await db.redis.zadd(db.keys.jobs(TENANT, 'dead'), 1000, timedOut)
  const dealt = async (choice: NewSweep['choice'], tenant = TENANT) => {
    const id = await start(db, { choice, tenant, change: { ...CHANGE, again: true } })
    const before = await replays(db)
    await sweepAll(db, id)
    const after = await replays(db)
    return dead.filter((source) => after.filter((each) => each === source).length > before.filter((each) => each === source).length)
  }

  assert.deepEqual(await dealt({ diedOf: 'TIMEOUT' }), [timedOut])
  assert.deepEqual(await dealt({ tag: { name: 'a', value: 'b' } }), [crashed])
  assert.deepEqual(await dealt({ tag: { name: 'constructor', value: 'b' } }), [])
  assert.deepEqual(await dealt({ until: 1000 }), [timedOut])
  await db.redis.hset(db.keys.job(crashed), 'batchId', 'bat_1')
  assert.deepEqual(await dealt({ batchId: 'bat_1' }), [crashed])
  assert.deepEqual(await dealt({ batchId: 'bat_2' }), [])
  assert.deepEqual(await dealt({ since: 1001 }), [crashed])
  assert.deepEqual(await dealt({ ids: [timedOut, running, newId('job'), 'x:flight', timedOut] }), [timedOut])
  assert.deepEqual(await dealt({ ids: [crashed] }, 'other'), [])
  assert.deepEqual(await dealt({}, 'other'), [])

  const id = await start(db, { choice: { tag: { name: 'a', value: 'b' } }, change: { ...CHANGE, again: true } })
  const { createdAt } = await read(db, id)
  while (await readTime(db) <= createdAt);
  await die(db, running)
  await sweepAll(db, id)
  assert.equal((await replays(db)).includes(running), false)
})

test('a letter of which no job can be made is refused with a reason, and keeps nothing from the others', async (t) => {
  const db = await openStore(t)
  const [large, bare, fine] = [await acceptDead(db, { limits: { memoryMb: 512 } }), await acceptDead(db, { code: 'export default () => 2' }), await acceptDead(db)]
  await db.redis.del(db.keys.code(TENANT, sha256('export default () => 2')))
  await acceptDead(db).then((id) => db.redis.hset(db.keys.job(id), 'fold', '\u0009nonsense'))

  const id = await start(db, { change: { ...CHANGE, bounds: { ...BOUNDS, maxima: { ...BOUNDS.maxima, memoryMb: 256 } } } })
  await sweepAll(db, id)

  const { seen, done, refused, refusal } = await read(db, id)
  assert.deepEqual([seen, done, refused], [4, 1, 3])
  assert.match(refusal ?? '', /its record is damaged/)
  assert.deepEqual(await replays(db), [fine])
  assert.deepEqual([(await readRecord(db, large))?.replayedAs, (await readRecord(db, bare))?.replayedAs], [null, null])
})

test('an order that is cancelled makes nothing more; another tenant\'s is none', async (t) => {
  const db = await openStore(t)
  for (let i = 0; i < 10; i++) await acceptDead(db)
  const id = await start(db)
  await stepSweep(db, { perSecond: 8, inFlight: 100 }, id)

  assert.equal(await cancelSweep(db, { tenant: 'other', action: 'replay', id }), false)
  assert.equal(await cancelSweep(db, { tenant: TENANT, action: 'purge', id }), false)
  assert.equal(await cancelSweep(db, { tenant: TENANT, action: 'replay', id }), true)

  assert.equal(await stepSweep(db, FAST, id), undefined)
  assert.deepEqual([(await read(db, id)).status, (await replays(db)).length], ['cancelled', 2])
  assert.equal(await cancelSweep(db, { tenant: TENANT, action: 'replay', id }), true, 'again changes nothing')
})

test('a purge removes dead letters with all that they stored, and counts follow', async (t) => {
  const db = await openStore(t)
  const kept = await acceptDead(db, {}, 'TIMEOUT')
  for (let i = 0; i < 250; i++) await acceptDead(db)
  assert.deepEqual(await countDead(db, TENANT), { total: 251, byCode: { TIMEOUT: 1, WORKER_CRASHED: 250 } })

  const id = await start(db, { choice: { diedOf: 'WORKER_CRASHED' }, change: null })
  await Promise.all([sweepAll(db, id), sweepAll(db, id)])

  const { status, done, seen } = await read(db, id, 'purge')
  assert.deepEqual([status, done, seen], ['done', 250, 250])
  assert.deepEqual(await countDead(db, TENANT), { total: 1, byCode: { TIMEOUT: 1 } })
  assert.deepEqual(await db.redis.zrange(db.keys.jobs(TENANT), 0, '-1'), [kept])
})

test('of a purge and a replay at the same time, each letter is made again at most once and is gone in the end', async (t) => {
  const db = await openStore(t)
  const dead = await Promise.all(Array.from({ length: 100 }, () => acceptDead(db)))

  const [replaying, purging] = [await start(db), await start(db, { change: null })]
  await Promise.all([sweepAll(db, replaying, { perSecond: 100, inFlight: 1000 }), sweepAll(db, purging)])

  const [replay, purge] = [await read(db, replaying), await read(db, purging, 'purge')]
  const made = await replays(db)
  assert.equal(purge.done, 100)
  assert.equal(made.length, replay.done)
  assert.equal(new Set(made).size, made.length)
  assert.ok(made.every((id) => dead.includes(id)))
  assert.deepEqual(await countDead(db, TENANT), { total: 0, byCode: {} })
  for (const jobId of await db.redis.smembers(db.keys.sweepFlight(replaying))) assert.equal((await beginJob(db, jobId)).job.input, '{"a":1}')
})

test('a tenant has so many orders under way and no more; a key stands for one of them', async (t) => {
  const db = await openStore(t)
  const idempotency = { key: 'k', bodyHash: 'ab', ttlMs: 60_000 }
  const order = (members: Partial<NewSweep> = {}) => startSweep(db, { id: newId('sweep'), tenant: TENANT, choice: {}, change: CHANGE, ...BY, ...members })

  const first = await order({ idempotency })
  for (let i = 1; i < SWEEPS_PER_TENANT; i++) await order()

  assert.deepEqual(await order(), { type: 'busy' })
  assert.deepEqual(await order({ idempotency }), { ...first, type: 'repeated' })
  assert.deepEqual(await order({ idempotency: { ...idempotency, bodyHash: 'cd' } }), { type: 'mismatch' })
  assert.equal((await order({ tenant: 'other' })).type, 'started')
})

test('the idempotency keys of orders are counted with those of everything else', async (t) => {
  const db = await openStore(t)
  const change = { ...CHANGE, room: { idempotencyKeys: 2 } }
  const order = (key: string) => startSweep(db, { id: newId('sweep'), tenant: TENANT, choice: {}, change, ...BY, idempotency: { key, bodyHash: 'ab', ttlMs: 60_000 } })

  const types = [(await order('one')).type, (await order('two')).type, (await order('one')).type]

  assert.deepEqual(types, ['started', 'started', 'repeated'])
  assert.deepEqual(await order('three'), { type: 'full', bound: 'idempotencyKeys', observed: 2, own: null })
})

test('with a key, why a letter is refused is encrypted as the options that it names', async (t) => {
  const [key, next, mark] = [{ id: 'k', key: randomBytes(32) }, { id: 'next', key: randomBytes(32) }, 'marker-of-a-user']
  const db = await openStore(t, [key])
  const both = openSameStore(t, db, [next, key])
  const jobId = await acceptJob(db, { webhook: { url: `https://${mark}.example.com/` } })
  await settle(db, (await beginJob(db, jobId)).run, settlement({ status: 'dead', error: buildFailure('USER_ERROR', 'no') }))

  const id = await start(db, { change: { ...CHANGE, bounds: { ...BOUNDS, webhooks: [] } } })
  await sweepAll(both, id)

  assert.partialDeepStrictEqual(await read(both, id), { refused: 1, refusal: `Cannot replay the job: host "${mark}.example.com" is beyond the API key's ceiling (ceilings.webhooks)` })
  assert.deepEqual((await dumpLines(db)).filter((line) => line.includes(mark)), [])
  assert.match((await read(db, id)).refusal ?? '', /^Cannot decrypt: the value was encrypted with key "next"/, 'the order goes on all the same')
  await renewEncryption(both)
  assert.match((await read(openSameStore(t, db, [next]), id)).refusal ?? '', new RegExp(mark))
})
