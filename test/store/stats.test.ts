import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FailureCode } from '../../src/core/failures.ts'
import { buildFailure } from '../../src/core/outcome.ts'
import type { Db } from '../../src/store/db.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { readStats } from '../../src/store/stats.ts'
import { readTime } from '../../src/store/time.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'

const HOUR_MS = 3_600_000

async function endJob (db: Db, { code, tookMs = 0 }: { code?: FailureCode, tookMs?: number } = {}): Promise<string> {
  const id = await acceptJob(db)
  const failure = code && buildFailure(code, '{"code":"TIMEOUT"}')
  const { run } = await beginJob(db, id)
  await db.redis.hset(db.keys.job(id), 'startedAt', await readTime(db) - tookMs)
  await settle(db, run, settlement(failure ? { status: 'failed', error: failure } : {}))
  return id
}

test('a tenant is told what its jobs came to in the last hour and the last day, what it has, and what took longest', async (t) => {
  const db = await openStore(t)
  const slow = [await endJob(db, { code: 'USER_ERROR', tookMs: 9000 }), await endJob(db, { tookMs: 5000 })]
  await endJob(db, { code: 'USER_ERROR' })
  await endJob(db, { code: 'MEMORY_LIMIT' })
  await cancel(db, TENANT, await acceptJob(db), RETENTION_MS)
  await acceptJob(db, { delayMs: 60_000 })

  const { depths, lastHour, lastDay } = await readStats(db, TENANT)

  assert.deepEqual(depths, { scheduled: 1, queued: 0, running: 0, succeeded: 1, failed: 3, cancelled: 1, expired: 0, dead: 0 })
  for (const { accepted, ended, slowest } of [lastHour, lastDay]) {
    assert.equal(accepted, 6)
    assert.deepEqual(ended.map(({ status, code, count }) => `${status} ${code} ${count}`).sort(), ['cancelled CANCELLED 1', 'failed MEMORY_LIMIT 1', 'failed USER_ERROR 2', 'succeeded null 1'])
    assert.deepEqual(slowest.map(({ id, status }) => [id, status]), [[slow[0], 'failed'], [slow[1], 'succeeded']])
    assert.ok(slowest.every(({ durationMs }) => durationMs >= 5000))
  }
  assert.deepEqual((await readStats(db, 'other')).lastDay.ended, [])
})

test('what ended before the last hour counts for the day, and what ended before the day for neither', async (t) => {
  const db = await openStore(t)
  const now = await readTime(db)
  const hour = Math.floor(now / HOUR_MS)
  const put = async (hoursAgo: number, seconds: number) => {
    const endedAt = now - hoursAgo * HOUR_MS
    await db.redis.hset(db.keys.stats(TENANT, hour - hoursAgo, 'ends'), `${Math.floor(endedAt / 300_000)}:succeeded:`, 1)
    await db.redis.zadd(db.keys.stats(TENANT, hour - hoursAgo, 'slow'), seconds * 1000, `job_${hoursAgo} succeeded ${endedAt}`)
  }
  for (const [hoursAgo, seconds] of [[0, 1], [1, 2], [23, 3], [24, 4]] as const) await put(hoursAgo, seconds)

  const { lastHour, lastDay } = await readStats(db, TENANT)

  assert.deepEqual([lastHour.ended[0]?.count, lastDay.ended[0]?.count], [1, 3])
  assert.deepEqual(lastHour.slowest.map(({ id }) => id), ['job_0'])
  assert.deepEqual(lastDay.slowest.map(({ id }) => id), ['job_23', 'job_1', 'job_0'])
})

test('what a tenant keeps of it is bounded and ends by itself', async (t) => {
  const db = await openStore(t)
  for (let i = 0; i < 13; i++) await endJob(db, { tookMs: 1000 + i })

  const keys = (await db.redis.keys('*')).filter((key) => key.startsWith(`${db.keys.prefix}:stats:`))

  assert.ok(keys.length >= 2)
  for (const key of keys) assert.ok(await db.redis.ttl(key) > 80_000, key)
  for (const key of keys.filter((key) => key.endsWith(':slow'))) assert.ok(await db.redis.zcard(key) <= 10)
})

test('names that no state or code has are left out', async (t) => {
  const db = await openStore(t)
  await endJob(db)
  const hour = Math.floor(await readTime(db) / HOUR_MS)
  await db.redis.hset(db.keys.stats(TENANT, hour, 'ends'), { '1:evil:TIMEOUT': 5, '2:failed:EVIL': 5, 'x': 5 })

  assert.deepEqual((await readStats(db, TENANT)).lastDay.ended, [{ status: 'succeeded', code: null, count: 1 }])
})
