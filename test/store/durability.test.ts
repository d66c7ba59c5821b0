import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openDb } from '../../src/store/db.ts'
import { createDurability, type DurabilityOptions } from '../../src/store/durability.ts'
import { startReplicatedRedis } from '../helpers/replicated-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'

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

  await durability.confirm()
  await redis.killReplica()
  await db.redis.set('b', '1')

  await assert.rejects(durability.confirm(), /Cannot confirm the write: 0 of 1 replicas had it within 3000 ms/)
})

test('those who ask together share a round', async (t) => {
  const { db, durability } = await start(t)
  const rounds = async () => Number(/cmdstat_wait:calls=(\d+)/.exec(await db.redis.info('commandstats'))?.[1] ?? 0)
  await durability.confirm()
  const before = await rounds()

  await Promise.all(Array.from({ length: 100 }, () => durability.confirm()))

  const taken = await rounds() - before
  assert.ok(taken >= 1 && taken <= 2, `${taken} rounds`)
})

test('where nothing is asked for, nothing is waited for', async (t) => {
  const { redis, durability } = await start(t, { replicas: 0 })
  await redis.killReplica()

  await durability.confirm()
})
