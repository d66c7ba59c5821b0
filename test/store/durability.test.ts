import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openDb } from '../../src/store/db.ts'
import { createDurability, type DurabilityOptions } from '../../src/store/durability.ts'
import { startProxy } from '../helpers/proxy.ts'
import { startReplicatedRedis } from '../helpers/replicated-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'

const isThere = async () => true
const OPTIONS = { replicas: 1, fsync: false, timeoutMs: 3000 }

async function start (t: TestContext, options: Partial<DurabilityOptions> = {}) {
  const scope = lastInFirstOut(t)
  const redis = await startReplicatedRedis(scope)
  const db = openDb({ url: redis.url, failFast: false, onError () {} })
  scope.after(() => db.close())
  const durability = createDurability(db, { ...OPTIONS, onError () {}, ...options })
  scope.after(() => durability.close())
  return { redis, db, durability }
}

test('a write is confirmed once the replica has it, and not while it has none', async (t) => {
  const { redis, db, durability } = await start(t)
  await db.redis.set('a', '1')

  await durability.confirm(isThere)
  await redis.killReplica()
  await db.redis.set('b', '1')

  await assert.rejects(durability.confirm(isThere), /Cannot confirm the write: 0 of 1 replicas had it within 3000 ms/)
})

test('those who ask together share a round', async (t) => {
  const { db, durability } = await start(t)
  const rounds = async () => Number(/cmdstat_wait:calls=(\d+)/.exec(await db.redis.info('commandstats'))?.[1] ?? 0)
  await durability.confirm(isThere)
  const before = await rounds()

  await Promise.all(Array.from({ length: 100 }, () => durability.confirm(isThere)))

  const taken = await rounds() - before
  assert.ok(taken >= 1 && taken <= 2, `${taken} rounds`)
})

test('where nothing is asked for, nothing is waited for', async (t) => {
  const { redis, durability } = await start(t, { replicas: 0 })
  await redis.killReplica()

  await durability.confirm(isThere)
})

test('a write that was lost with its server is not confirmed by the one that took its place', async (t) => {
  const scope = lastInFirstOut(t)
  const [before, after] = [await startReplicatedRedis(scope), await startReplicatedRedis(scope)]
  const proxy = await startProxy(scope, Number(new URL(before.url).port))
  const db = openDb({ url: `redis://127.0.0.1:${proxy.port}`, failFast: false, onError () {} })
  scope.after(() => db.close())
  const durability = createDurability(db, { ...OPTIONS, onError () {} })
  scope.after(() => durability.close())
  await db.redis.set('a', '1')

  proxy.point(Number(new URL(after.url).port))
  proxy.cut()

  // The first may meet the break itself.
  await assert.rejects(durability.confirm(async (redis) => await redis.exists('a') === 1), /Redis has lost it|max retries/)
  await assert.rejects(durability.confirm(async (redis) => await redis.exists('a') === 1), /Redis has lost it/)
  await durability.confirm(isThere)
})
