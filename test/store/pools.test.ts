import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPools, reportPool } from '../../src/store/pools.ts'
import { openStore } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const ALIVE_MS = 60_000
const FIGURES = { least: 2, most: 5, starting: 1, idle: 1, busy: 2, retiring: 0 }
const NONE = { least: 0, most: 0, starting: 0, idle: 0, busy: 0, retiring: 0 }

test('runners of all workers are added up, each as it was told last', async (t) => {
  const db = await openStore(t)
  const nobody = await readPools(db)

  await reportPool(db, 'a', NONE, ALIVE_MS)
  await reportPool(db, 'a', FIGURES, ALIVE_MS)
  await reportPool(db, 'b', { ...FIGURES, busy: 3 }, ALIVE_MS)

  assert.deepEqual(nobody, { workers: 0, runners: NONE })
  assert.deepEqual(await readPools(db), { workers: 2, runners: { least: 4, most: 10, starting: 2, idle: 2, busy: 5, retiring: 0 } })
})

test('a worker that leaves or says nothing any more is not counted, and leaves nothing behind', async (t) => {
  const db = await openStore(t)
  await reportPool(db, 'left', FIGURES, ALIVE_MS)
  await reportPool(db, 'silent', FIGURES, 50)
  await reportPool(db, 'here', FIGURES, ALIVE_MS)

  await reportPool(db, 'left', FIGURES, 0)
  await until('the silent one is forgotten', async () => (await readPools(db)).workers === 1)
  await reportPool(db, 'here', FIGURES, ALIVE_MS)

  assert.deepEqual(await db.redis.hkeys(db.keys.pools), ['here'])
})

test('a worker of another version, which tells of its runners in another way, is counted', async (t) => {
  const db = await openStore(t)
  await reportPool(db, 'known', FIGURES, ALIVE_MS)

  await reportPool(db, 'newer', { ...FIGURES, idle: undefined } as never, ALIVE_MS)

  assert.deepEqual(await readPools(db), { workers: 2, runners: FIGURES })
})
