import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../../src/core/digest.ts'
import { newId } from '../../src/core/ids.ts'
import { archive } from '../../src/store/archive.ts'
import type { Db } from '../../src/store/db.ts'
import { accept } from '../../src/store/moves/accept.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { removeExpired } from '../../src/store/reap.ts'
import type { RoomBounds } from '../../src/store/tenant-room.ts'
import { beginJob, openStore, request, settlement, TENANT } from '../helpers/store.ts'

async function usageOf (db: Db) {
  const { bytes = '0', codes = '0' } = await db.redis.hgetall(db.keys.usage(TENANT))
  return { bytes: Number(bytes), codes: Number(codes) }
}

function postTo (db: Db, bounds: RoomBounds = {}) {
  return async (members: Record<string, unknown> = {}, key?: string) => {
    const id = newId('job')
    const accepted = await accept(db, { id, tenant: TENANT, request: request(members), traceparent: null, bounds, ...(key ? { idempotency: { key, bodyHash: sha256(key), ttlMs: 60_000 } } : {}) })
    return { id, ...accepted }
  }
}

test('what a tenant has stored is counted, and taken off again when its jobs are removed', async (t) => {
  const db = await openStore(t)
  const post = postTo(db)
  const { id } = await post({ code: 'export default () => 1', input: 'x'.repeat(100_000) })
  const posted = await usageOf(db)
  const { run } = await beginJob(db, id)
  await settle(db, run, settlement({ result: JSON.stringify([...Array(20_000).keys()]), retentionMs: 0 }))
  const settled = await usageOf(db)
  await archive(db, id)
  const archived = await usageOf(db)

  while (await removeExpired(db, 10) === 0);

  assert.equal(posted.codes, 1)
  assert.ok(posted.bytes > 300 && posted.bytes < 2000, 'as stored, which is compressed')
  assert.ok(settled.bytes > posted.bytes && archived.bytes > settled.bytes)
  assert.deepEqual(await usageOf(db), { bytes: 0, codes: 0 })
})

test('a tenant that has stored as much as it may is full, and again has room when something is removed', async (t) => {
  const db = await openStore(t)
  const post = postTo(db, { storedBytes: 1000 })
  const { id } = await post()
  await post()
  const third = await post()
  const { bytes } = await usageOf(db)
  const refused = await post()

  const { run } = await beginJob(db, id)
  await settle(db, run, settlement({ retentionMs: 0 }))
  while (await removeExpired(db, 10) === 0);

  assert.equal(third.type, 'accepted')
  assert.deepEqual(refused, { id: refused.id, type: 'full', bound: 'storedBytes', observed: bytes, own: null })
  assert.equal((await post()).type, 'accepted')
})

test('code is counted once, however many jobs have it', async (t) => {
  const db = await openStore(t)
  const post = postTo(db, { codes: 2 })

  const types = []
  for (const code of ['a', 'a', 'b', 'a', 'c']) types.push((await post({ code })).type)

  assert.deepEqual(types, ['accepted', 'accepted', 'accepted', 'accepted', 'full'])
})

test('idempotency keys are counted for as long as they are remembered; a repeat needs no room', async (t) => {
  const db = await openStore(t)
  const post = postTo(db, { idempotencyKeys: 2 })
  await post({}, 'one')
  await post({}, 'two')

  const third = await post({}, 'three')
  const repeat = await post({}, 'one')
  const without = await post()

  assert.deepEqual([third.type, third.type === 'full' && [third.bound, third.observed]], ['full', ['idempotencyKeys', 2]])
  assert.equal(repeat.type, 'repeated')
  assert.equal(without.type, 'accepted')
})
