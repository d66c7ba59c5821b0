import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openDb, type Db } from '../../src/store/db.ts'
import { deleteJob } from '../../src/store/delete.ts'
import { readErasure, startErasure } from '../../src/store/erasure/erasures.ts'
import { stepErasure } from '../../src/store/erasure/step.ts'
import { createKey, findKey, listKeys, revokeKey, rotateKey } from '../../src/store/keys.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { isGone } from '../../src/store/read.ts'
import { removeExpired } from '../../src/store/reap.ts'
import { until } from '../helpers/until.ts'
import { acceptJob, allKeys, beginJob, openStore, settlement, TENANT } from '../helpers/store.ts'

const CHANGE = { actor: { keyId: 'operator', tokenHash: '' }, audit: { maxEntries: 100, maxAgeMs: 60_000 } }
const FULL = /OOM command not allowed/

/** A connection as the API has it: what is refused is not tried again. */
async function openFailFast (t: TestContext): Promise<Db> {
  const { url, keys } = await openStore(t)
  const db = openDb({ url, prefix: keys.prefix, failFast: true, onError: (error) => t.diagnostic(error.message) })
  t.after(() => db.close())
  await new Promise((resolve) => { db.redis.once('ready', resolve) })
  return db
}

async function whileFull<T> ({ redis }: Db, act: () => Promise<T>): Promise<T> {
  await redis.config('SET', 'maxmemory', '1')
  try {
    return await act()
  } finally {
    await redis.config('SET', 'maxmemory', '0')
  }
}

async function endJob (db: Db, retentionMs: number): Promise<string> {
  const id = await acceptJob(db)
  await settle(db, (await beginJob(db, id)).run, settlement({ retentionMs }))
  return id
}

test('what makes room is done while Redis is full: jobs are removed after their retention, and when asked', async (t) => {
  const db = await openFailFast(t)
  const [expired, asked] = [await endJob(db, 0), await endJob(db, 60_000)]

  const [removed, deleted] = await whileFull(db, async () => [await removeExpired(db, 10), await deleteJob(db, TENANT, asked, CHANGE)] as const)

  assert.deepEqual([removed, deleted.type], [1, 'deleted'])
  assert.deepEqual(await Promise.all([expired, asked].map((id) => isGone(db, TENANT, id))), [true, true])
  assert.deepEqual((await allKeys(db)).filter((name) => /^(?:job|events|code|payload|jobs):/.test(name)), [])
})

test('a key is revoked while Redis is full, and none is made or rotated by half', async (t) => {
  const db = await openFailFast(t)
  const [leaked, other] = [await createKey(db, { tenant: TENANT, scopes: [] }), await createKey(db, { tenant: TENANT, scopes: [] })]

  const revoked = await whileFull(db, async () => {
    await assert.rejects(rotateKey(db, other, { ...CHANGE, graceMs: 1000 }), FULL)
    await assert.rejects(createKey(db, { tenant: TENANT, scopes: [] }), FULL)
    return revokeKey(db, leaked, CHANGE)
  })

  assert.equal(revoked, true)
  assert.equal(await findKey(db, leaked.token), undefined)
  assert.deepEqual((await findKey(db, other.token))?.leftMs, null)
  assert.deepEqual((await listKeys(db, TENANT, { limit: 10 })).keys.map(({ id }) => id), [other.id])
})

test('a tenant is erased while Redis is full, its running job included once that has ended', async (t) => {
  const db = await openFailFast(t)
  await createKey(db, { tenant: TENANT, scopes: [] })
  const [running] = [await acceptJob(db), await acceptJob(db), await acceptJob(db, { delayMs: 60_000 }), await endJob(db, 60_000)]
  const { run } = await beginJob(db, running)
  const erasure = () => readErasure(db, TENANT)
  const step = (what: string, check: () => Promise<boolean>) => until(what, async () => {
    await stepErasure(db, 0)
    return check()
  })

  await whileFull(db, async () => {
    await startErasure(db, TENANT, { by: 'default', ...CHANGE })
    await step('one is left', async () => (await erasure())?.running === 1)
  })
  await settle(db, run, settlement())
  await whileFull(db, () => step('it is done', async () => (await erasure())?.status === 'done'))

  assert.partialDeepStrictEqual(await erasure(), { removed: { keys: 1, jobs: 4 } })
  assert.deepEqual((await allKeys(db)).map((name) => name.split(':')[0]), ['audit', 'erasure'])
})
