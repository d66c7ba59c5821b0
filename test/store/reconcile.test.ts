import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import { archive } from '../../src/store/archive.ts'
import { OPERATOR } from '../../src/store/audit.ts'
import type { Db } from '../../src/store/db.ts'
import { createKey, findKey } from '../../src/store/keys.ts'
import { cancelSweep, startSweep } from '../../src/store/dead-letters/sweeps.ts'
import { accept } from '../../src/store/moves/accept.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { listJobs } from '../../src/store/read.ts'
import { releaseDue } from '../../src/store/reap.ts'
import { claimPass, reconcile } from '../../src/store/reconcile/reconcile.ts'
import { appendTrace } from '../../src/store/trace.ts'
import { takePulse } from '../../src/store/pulse.ts'
import { acceptDead } from '../helpers/dead-letters.ts'
import { acceptJob, allKeys, beginJob, openStore, request, settlement, TENANT } from '../helpers/store.ts'

const BIG = 'z'.repeat(50_000)
const FAR = 9_999_999_999_999

/** Passes over everything; answers how many things were put right. */
async function pass (db: Db, t?: TestContext): Promise<number> {
  let repairs = 0
  for await (const count of reconcile(db, { onError: (error) => { if (t) t.diagnostic(String(error)); else throw error } })) repairs += count
  return repairs
}

/** One job in each state, with everything that a job may have. */
async function fillStore (db: Db) {
  const end = async (id: string, members = {}) => { await settle(db, (await beginJob(db, id)).run, settlement(members)) }
  const [queued, running, streamed, archived, retried] = await Promise.all([1, 2, 3, 4, 5].map(() => acceptJob(db, { input: BIG })))
  assert.ok(queued && running && streamed && archived && retried)
  const scheduled = await acceptJob(db, { delayMs: 60_000 })
  await beginJob(db, running)
  await end(streamed, { result: JSON.stringify(BIG) })
  await end(archived, { status: 'failed' })
  await archive(db, archived)
  await end(retried, { next: { attempt: 2, delayMs: 60_000 } })
  await appendTrace(db, archived, { resourceSpans: [{ a: 1 }] }, { maxBytes: 10_000, ttlMs: 60_000 })
  await accept(db, { id: newId('job'), tenant: 'other', request: request(), traceparent: null, idempotency: { key: 'k', bodyHash: 'ab', ttlMs: 60_000 } })
  await takePulse(db, undefined)
  return { queued, running, streamed, archived, retried, scheduled }
}

async function dumpStore (db: Db): Promise<Record<string, unknown>> {
  const names = (await allKeys(db)).filter((name) => !name.startsWith('queue') && !name.startsWith('pulse'))
  return Object.fromEntries(await Promise.all(names.map(async (name) => {
    const key = `${db.keys.prefix}:${name}`
    switch (await db.redis.type(key)) {
      case 'hash': return [name, { ...await db.redis.hgetall(key), used: '' }]
      case 'zset': return [name, await db.redis.zrange(key, 0, '-1', 'WITHSCORES')]
      case 'stream': return [name, await db.redis.xlen(key)]
      case 'set': return [name, (await db.redis.smembers(key)).toSorted()]
      default: return [name, await db.redis.get(key)]
    }
  })))
}

test('nothing that lives is touched, whatever state its job is in', async (t) => {
  const db = await openStore(t)
  await fillStore(db)
  const before = await dumpStore(db)

  const repairs = [await pass(db), await pass(db)]

  assert.deepEqual(repairs, [0, 0])
  assert.deepEqual(await dumpStore(db), before)
})

test('orphans of every kind go, and nothing that lives', async (t) => {
  const db = await openStore(t)
  await fillStore(db)
  const before = await dumpStore(db)
  const ghost = newId('job')
  const { redis, keys } = db
  await Promise.all([
    redis.xadd(keys.events(ghost), '1-0', 't', 'job.log'),
    redis.set(keys.history(ghost), 'x'),
    redis.set(keys.trace(ghost), 'x'),
    redis.set(keys.payload(ghost, 'input'), 'x'),
    redis.set(keys.payload(newId('job'), 'result'), 'x'),
    redis.hset(keys.job(newId('job')), 'seq', 3),
    redis.zadd(keys.running, FAR, ghost),
    redis.zadd(keys.expiring, FAR, ghost),
    redis.zadd(keys.owedArchive, 1, ghost),
    redis.zadd(keys.owedDispatch, FAR, `${ghost} 1`),
    redis.zadd(keys.scheduled, FAR, `${ghost} 1`),
    redis.zadd(keys.jobs(TENANT), 1, ghost),
    redis.zadd(keys.jobs(TENANT, 'queued'), 1, ghost),
    redis.zadd(keys.jobs('nobody'), 1, ghost),
    redis.sadd(keys.tenants, 'nobody'),
    redis.hset(keys.code(TENANT, 'abc'), { bytes: 'x', refs: 7, used: 1 }),
    redis.hincrby(keys.usage(TENANT), 'bytes', 1),
    redis.hincrby(keys.usage(TENANT), 'codes', 1),
    redis.hset(keys.code('nobody', 'abc'), { bytes: 'x', refs: 7, used: 1 }),
  ])

  const repairs = [await pass(db), await pass(db), await pass(db)]

  assert.ok(repairs[0]! >= 15, `${repairs[0]}`) // there are three
  assert.equal(repairs[2], 0)
  assert.deepEqual(await dumpStore(db), before)
})

test('entries of jobs in another state go, and so do keys that live on without an end', async (t) => {
  const db = await openStore(t)
  const { queued, running, archived, streamed, retried } = await fillStore(db)
  const before = await dumpStore(db)
  const { redis, keys } = db
  await Promise.all([
    redis.zadd(keys.running, FAR, queued, FAR, archived),
    redis.zadd(keys.expiring, FAR, running),
    redis.zadd(keys.owedArchive, 1, queued, 1, archived),
    redis.zadd(keys.owedDispatch, FAR, `${running} 1`, FAR, `${archived} 1`, FAR, `${retried} 1`),
    redis.zadd(keys.jobs(TENANT, 'running'), 1, queued),
    redis.zadd(keys.jobs('other'), 1, streamed),
    redis.set(keys.history(running), 'x'),
    redis.set(keys.payload(running, 'result'), 'x'),
  ])
  await redis.set(keys.gone('job_x'), TENANT)

  await pass(db)

  assert.ok(await redis.pttl(keys.gone('job_x')) > 0)
  await redis.del(keys.gone('job_x'))
  assert.deepEqual(await dumpStore(db), before)
})

test('a job that is missing from an index is put there again', async (t) => {
  const db = await openStore(t)
  const { scheduled, queued } = await fillStore(db)
  const before = await dumpStore(db)
  const { redis, keys } = db
  const indexes = [keys.running, keys.expiring, keys.owedArchive, keys.scheduled, keys.tenants, keys.jobs(TENANT), ...['queued', 'failed', 'running'].map((status) => keys.jobs(TENANT, status))]
  await redis.del(...indexes)

  await pass(db)
  const owedAgain = await redis.zscore(keys.owedDispatch, `${queued} 1`)
  await redis.zrem(keys.owedDispatch, `${queued} 1`)
  await pass(db)
  const waitsAgain = await redis.zscore(keys.waiting(TENANT, 'normal'), `${queued} 1`)
  await releaseDue(db, 1)

  assert.ok(owedAgain !== null && waitsAgain !== null && await redis.zscore(keys.owedDispatch, `${queued} 1`) !== null)
  const scoreless = (dump: Record<string, unknown>) => ({ ...dump, 'owed:archive': null, 'owed:dispatch': null })
  assert.deepEqual(scoreless(await dumpStore(db)), scoreless(before))
  assert.deepEqual((await listJobs(db, TENANT, { status: 'scheduled', limit: 5 })).jobs.map(({ id }) => id).includes(scheduled), true)
})

test('code stays while a job needs it, whatever its count says, and while a pass could not look at every job', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const code = (await allKeys(db)).find((name) => name.startsWith('code:'))
  assert.ok(code)
  await db.redis.hset(`${db.keys.prefix}:${code}`, { refs: 0, used: 1 })
  await db.redis.hset(db.keys.code(TENANT, 'unused'), { bytes: 'x', used: 1 })
  const broken = newId('job')
  await db.redis.hset(db.keys.job(broken), 'status', 'queued')

  await pass(db, t)
  const whileBroken = await db.redis.exists(db.keys.code(TENANT, 'unused'))
  await db.redis.del(db.keys.job(broken))
  await pass(db)

  assert.deepEqual([whileBroken, await db.redis.exists(db.keys.code(TENANT, 'unused'))], [1, 0])
  assert.equal((await beginJob(db, id)).job.code, 'export default (x) => x')
})

test('passes at the same time, beside jobs that come and go, do no harm', async (t) => {
  const db = await openStore(t)
  const work = async () => {
    for (let i = 0; i < 40; i++) {
      const id = await acceptJob(db, { input: BIG, code: `export default () => ${i % 3}` })
      await settle(db, (await beginJob(db, id)).run, settlement())
      await archive(db, id)
    }
  }
  let over = false
  const passes = [1, 2].map(async () => { while (!over) await pass(db) })

  await Promise.all([work(), work(), work()]).finally(() => { over = true })
  await Promise.all(passes)

  assert.equal(await pass(db), 0)
  assert.equal((await listJobs(db, TENANT, { status: 'succeeded', limit: 500 })).jobs.length, 120)
})

test('of many workers, one takes a pass, and nobody for a while after', async (t) => {
  const db = await openStore(t)

  const claims = await Promise.all([1, 2, 3].map(() => claimPass(db, 60_000)))

  assert.deepEqual(claims.toSorted(), [false, false, true])
  assert.equal(await claimPass(db, 0), true)
})

test('a key that is gone is taken out of its tenant\'s list, and others stay', async (t) => {
  const db = await openStore(t)
  const [gone, kept] = [await createKey(db, { tenant: TENANT, scopes: [] }), await createKey(db, { tenant: TENANT, scopes: [] })]
  await db.redis.del(db.keys.apiKey(gone.id)) // as when it expires

  assert.equal(await pass(db), 1)
  assert.deepEqual(await db.redis.zrange(db.keys.apiKeys(TENANT), 0, '-1'), [kept.id])
  assert.equal((await findKey(db, kept.token))?.id, kept.id)
  assert.equal(await findKey(db, gone.token), undefined, 'what a token names without a record is nothing')
})

test('indexes of dead letters and orders about them are put right, also for jobs that died before there were any', async (t) => {
  const db = await openStore(t)
  const { redis, keys } = db
  const [dead, old, replayed] = [await acceptDead(db), await acceptDead(db, {}, 'TIMEOUT'), await acceptDead(db)]
  const order = { tenant: TENANT, choice: {}, change: null, actor: OPERATOR, audit: { maxEntries: 10, maxAgeMs: 60_000 } }
  const [under, over] = [newId('sweep'), newId('sweep')]
  for (const id of [under, over]) await startSweep(db, { ...order, id })
  await cancelSweep(db, { tenant: TENANT, action: 'purge', id: over })
  const before = await dumpStore(db)
  await redis.hdel(keys.job(old), 'diedOf')
  await redis.del(keys.dead(TENANT, 'WORKER_CRASHED'), keys.dead(TENANT, 'TIMEOUT'), keys.sweeps())
  await redis.zadd(keys.dead(TENANT, 'CPU_LIMIT'), 1, dead, 1, newId('job'))
  await redis.zadd(keys.dead('other', 'TIMEOUT'), 1, replayed)
  await redis.zadd(keys.sweeps(TENANT), 1, over, 1, newId('sweep'))
  await redis.sadd(keys.sweepFlight(over), dead)
  await redis.persist(keys.sweep(over))

  const repairs = [await pass(db), await pass(db), await pass(db)]

  assert.ok(repairs[0]! > 0) // there are three
  assert.equal(repairs[2], 0)
  assert.ok(await redis.pttl(keys.sweep(over)) > 0)
  const scoreless = (dump: Record<string, unknown>) => ({ ...dump, sweeps: null })
  assert.deepEqual(scoreless(await dumpStore(db)), scoreless(before))
  assert.deepEqual(await redis.zrange(keys.sweeps(), 0, '-1'), [under])
})

test('a tenant that waits because it has as many runs as it may have is nothing to put right', async (t) => {
  const db = await openStore(t)
  await db.redis.hset(db.keys.maxRunning, TENANT, 1)
  const [first] = [await acceptJob(db), await acceptJob(db)]
  await beginJob(db, first)
  await releaseDue(db, 10)

  assert.equal(await pass(db), 0)
  assert.equal(await db.redis.zcard(db.keys.dealing), 0)
})
