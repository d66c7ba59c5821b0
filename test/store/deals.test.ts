import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { Db } from '../../src/store/db.ts'
import { accept } from '../../src/store/moves/accept.ts'
import { begin } from '../../src/store/moves/begin.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { recountDealt, releaseDue } from '../../src/store/reap.ts'
import { NO_CEILINGS } from '../../src/core/api-key.ts'
import { setTenantBounds } from '../../src/store/tenant-bounds.ts'
import { openStore, request, RETENTION_MS, settlement } from '../helpers/store.ts'

/** What the queue may hold while nothing runs. */
const ROOM = 16

type Deals = { jobId: string, turn: number }[]

/** Jobs by name, the messages that were handed out, and a worker that does with each what workers do. */
function play (db: Db) {
  const names = new Map<string, string>()
  const queue: Deals = []
  const owed = (name: string) => {
    const id = newId('job')
    names.set(id, name)
    return id
  }
  return {
    /** Names of what the queue has, in the order that it was handed out. */
    queued: () => queue.map(({ jobId }) => names.get(jobId)),
    take: (deals: Deals) => { queue.push(...deals) },
    async post (tenant: string, name: string, members: Record<string, unknown> = {}) {
      const id = owed(name)
      const accepted = await accept(db, { id, tenant, request: request(members), traceparent: null })
      if (accepted.type === 'accepted') queue.push(...accepted.deals)
      return id
    },
    async begin () {
      const ref = queue.shift()
      assert.ok(ref, 'nothing was handed out')
      const begun = await begin(db, ref, { worker: 'w1', retentionMs: RETENTION_MS })
      queue.push(...begun.deals)
      assert.ok(begun.type === 'run')
      return {
        name: names.get(ref.jobId),
        async end () {
          const settled = await settle(db, begun.run, settlement())
          assert.ok(settled.type === 'settled')
          queue.push(...settled.deals)
        },
      }
    },
    async work (count: number) {
      const order: (string | undefined)[] = []
      for (let i = 0; i < count; i++) {
        const { name, end } = await this.begin()
        await end()
        order.push(name)
      }
      return order
    },
  }
}

test('the queue holds what can begin soon; what else is due waits, and is handed out as runs begin', async (t) => {
  const db = await openStore(t)
  const { post, queued, begin } = play(db)

  for (let i = 0; i < 30; i++) await post('acme', `${i}`)
  const before = queued().length
  await begin()

  assert.equal(before, ROOM)
  assert.equal(await db.redis.zcard(db.keys.waiting('acme', 'normal')), 12)
  assert.deepEqual(queued(), Array.from({ length: ROOM + 1 }, (_, index) => `${index + 1}`), 'one for the place that it left, one beside its run')
})

test('tenants are dealt to in turn: a few jobs wait for no thousand of another', async (t) => {
  const db = await openStore(t)
  const jobs = play(db)
  for (let i = 0; i < 200; i++) await jobs.post('large', 'large')
  for (let i = 0; i < 10; i++) await jobs.post('small', 'small')

  const order = await jobs.work(ROOM + 21)

  assert.equal(order.filter((name) => name === 'small').length, 10)
})

test('a tenant that comes back is dealt to no more than those that stayed', async (t) => {
  const db = await openStore(t)
  const jobs = play(db)
  for (let i = 0; i < 100; i++) await jobs.post('stayed', 'stayed')
  await jobs.work(50)
  for (let i = 0; i < 50; i++) await jobs.post('came', 'came')
  await jobs.work(ROOM)

  const order = await jobs.work(20)

  assert.ok(Math.abs(order.filter((name) => name === 'came').length - 10) <= 1, order.join(' '))
})

test('of a tenant the highest priority is dealt first, and one turn of eight goes to what is due for longest', async (t) => {
  const db = await openStore(t)
  const jobs = play(db)
  for (let i = 0; i < ROOM; i++) await jobs.post('acme', 'first')
  for (let i = 0; i < 3; i++) await jobs.post('acme', 'low', { priority: 'low' })
  for (let i = 0; i < 40; i++) await jobs.post('acme', 'high', { priority: 'high' })
  await jobs.post('acme', 'critical', { priority: 'critical' })
  await jobs.work(ROOM)

  const order = await jobs.work(25)

  assert.equal(order.indexOf('critical'), 0)
  assert.deepEqual(order.flatMap((name, index) => name === 'low' ? [index] : []), [7, 15, 23])
})

test('a tenant that may have so many runs at one time is handed out no more, and keeps no other from its own', async (t) => {
  const db = await openStore(t)
  await db.redis.hset(db.keys.maxRunning, 'bound', 2)
  const jobs = play(db)
  for (let i = 0; i < 5; i++) await jobs.post('bound', 'bound')
  for (let i = 0; i < 5; i++) await jobs.post('free', 'free')

  const handedOut = jobs.queued()
  const first = await jobs.begin()
  jobs.take((await releaseDue(db, 10)).deals)
  const whileItRuns = jobs.queued().filter((name) => name === 'bound').length
  await first.end()
  jobs.take((await releaseDue(db, 10)).deals)

  assert.deepEqual(handedOut, ['bound', 'bound', 'free', 'free', 'free', 'free', 'free'])
  assert.equal(first.name, 'bound')
  assert.equal(whileItRuns, 1)
  assert.equal(jobs.queued().filter((name) => name === 'bound').length, 2)
})

test('the end of a run hands out the next one of a tenant that had as many as it may have', async (t) => {
  const db = await openStore(t)
  await db.redis.hset(db.keys.maxRunning, 'bound', 1)
  const jobs = play(db)
  for (let i = 0; i < 3; i++) await jobs.post('bound', `${i}`)

  const first = await jobs.begin()
  const whileItRuns = jobs.queued()
  await first.end()

  // Which of the two it is depends on their ids, where they were posted in the same millisecond.
  assert.deepEqual([whileItRuns.length, jobs.queued().length], [0, 1])
})

test('tenants that have as many runs as they may have keep nobody waiting, however many they are, and go on when they may have more', async (t) => {
  const db = await openStore(t)
  const jobs = play(db)
  const bound = Array.from({ length: 200 }, (_, index) => `bound${index}`)
  for (const tenant of bound) {
    await db.redis.hset(db.keys.maxRunning, tenant, 0)
    await jobs.post(tenant, tenant)
  }

  for (let i = 0; i < ROOM; i++) await jobs.post('free', 'free')
  const before = jobs.queued()
  await jobs.work(ROOM)
  await setTenantBounds(db, 'bound7', { jobsWaiting: null, jobsRunning: null, ceilings: NO_CEILINGS }, { actor: { keyId: 'operator', tokenHash: '' }, audit: { maxEntries: 1, maxAgeMs: 1000 } })
  jobs.take((await releaseDue(db, 10)).deals)

  assert.deepEqual(before, Array.from({ length: ROOM }, () => 'free'))
  assert.deepEqual(jobs.queued(), ['bound7'])
})

test('a turn that was handed out and is cancelled makes room for the next one of its tenant', async (t) => {
  const db = await openStore(t)
  await db.redis.hset(db.keys.maxRunning, 'bound', 1)
  const jobs = play(db)
  const first = await jobs.post('bound', 'first')
  await jobs.post('bound', 'second')

  await cancel(db, 'bound', first, RETENTION_MS)
  const { deals } = await releaseDue(db, 10)
  jobs.take(deals)

  assert.deepEqual(jobs.queued(), ['first', 'second'])
})

test('a job that is cancelled while it waits leaves the list, and its place in the queue where it had one', async (t) => {
  const db = await openStore(t)
  const jobs = play(db)
  const ids: string[] = []
  for (let i = 0; i < ROOM + 3; i++) ids.push(await jobs.post('acme', `${i}`))

  for (const id of [ids[0]!, ids.at(-1)!]) await cancel(db, 'acme', id, RETENTION_MS) // there are many
  const { deals } = await releaseDue(db, 10)

  assert.equal(await db.redis.zscore(db.keys.waiting('acme', 'normal'), `${ids.at(-1)} 1`), null)
  assert.equal(deals.length, 1)
  assert.ok(ids.slice(ROOM, -1).includes(deals[0]?.jobId ?? ''))
  assert.equal(await db.redis.hget(db.keys.dealt, 'acme'), String(ROOM))
})

test('a tenant of which too many turns were counted as handed out is dealt to again', async (t) => {
  const db = await openStore(t)
  await db.redis.hset(db.keys.maxRunning, 'bound', 1)
  await db.redis.hset(db.keys.dealt, { bound: 1, gone: 3 })
  const jobs = play(db)
  await jobs.post('bound', 'bound')
  await jobs.post('free', 'free')
  await db.redis.hdel(db.keys.dealt, 'free')

  const repairs = [await recountDealt(db), await recountDealt(db)]
  jobs.take((await releaseDue(db, 10)).deals)

  assert.deepEqual(repairs, [3, 0])
  assert.deepEqual(jobs.queued(), ['free', 'bound'])
  assert.deepEqual(await db.redis.hgetall(db.keys.dealt), { free: '1', bound: '1' })
})
