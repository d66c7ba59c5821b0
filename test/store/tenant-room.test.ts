import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as assertProperty, asyncProperty, constantFrom, nat, tuple } from 'fast-check'
import { sha256 } from '../../src/core/digest.ts'
import { newId } from '../../src/core/ids.ts'
import { archive } from '../../src/store/archive.ts'
import { addItems, type NewItem } from '../../src/store/batches/add-items.ts'
import { openBatch } from '../../src/store/batches/open.ts'
import { removeExpiredBatches } from '../../src/store/batches/remove.ts'
import { sealBatch } from '../../src/store/batches/seal.ts'
import { packPayload } from '../../src/store/codec.ts'
import type { Db } from '../../src/store/db.ts'
import { deleteJob } from '../../src/store/delete.ts'
import { accept } from '../../src/store/moves/accept.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { buildTemplate } from '../../src/store/moves/new-job.ts'
import { replay } from '../../src/store/moves/replay.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { removeExpired } from '../../src/store/reap.ts'
import type { RoomBounds } from '../../src/store/tenant-room.ts'
import { beginJob, openStore, request, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'

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

const REFUSED: NewItem = { type: 'refused', refusal: { code: 'INVALID', message: 'Cannot take the item: it is none' } }

async function postBatch (db: Db, items: NewItem[], { bounds = {}, key, retentionMs = 0 }: { bounds?: RoomBounds, key?: string, retentionMs?: number } = {}) {
  const opened = await openBatch(db, { id: newId('batch'), tenant: TENANT, retentionMs, bounds, ...(key ? { idempotency: { key, bodyHash: sha256(key), ttlMs: 60_000 } } : {}) })
  if (opened.type !== 'opened') return opened
  const { id } = opened
  const added = await addItems(db, id, { tenant: TENANT, first: 0, items, digest: 'd', traceparent: null, bounds })
  await sealBatch(db, id, { tenant: TENANT, total: items.length, digest: 'd' })
  return { ...added, id }
}

test('why items became no jobs takes room, too, and is taken off again with their batch', async (t) => {
  const db = await openStore(t)
  const refused = Array.from({ length: 100 }, () => REFUSED)

  const types = []
  for (let i = 0; i < 3; i++) types.push((await postBatch(db, refused, { bounds: { storedBytes: 10_000 } })).type)
  const { bytes } = await usageOf(db)
  while (await removeExpiredBatches(db, 10) > 0);

  assert.deepEqual(types, ['added', 'added', 'full'])
  assert.equal(bytes, 200 * JSON.stringify({ code: 'INVALID', message: 'Cannot take the item: it is none' }).length)
  assert.deepEqual(await usageOf(db), { bytes: 0, codes: 0 })
})

test('the idempotency keys of batches and of their items are counted, and a repeat goes on without room', async (t) => {
  const db = await openStore(t)
  const bounds = { idempotencyKeys: 2 }
  const keyed: NewItem = { type: 'job', template: await buildTemplate(request()), input: await packPayload('1'), idempotency: { key: 'item', bodyHash: sha256('item'), ttlMs: 60_000 } }

  const first = await postBatch(db, [keyed], { bounds, key: 'batch' })
  const other = await postBatch(db, [REFUSED], { bounds, key: 'other' })
  const items = await postBatch(db, [{ ...keyed, idempotency: { key: 'second', bodyHash: sha256('second'), ttlMs: 60_000 } }], { bounds })
  const repeat = await postBatch(db, [keyed], { bounds, key: 'batch' })

  assert.deepEqual([first, other, items, repeat].map(({ type }) => type), ['added', 'full', 'full', 'had'])
})

/** What a tenant has stored, by what there is. */
async function recount ({ redis, keys }: Db) {
  const records = [...(await redis.zrange(keys.jobs(TENANT), 0, '-1')).map(keys.job), ...(await redis.zrange(keys.batches(TENANT), 0, '-1')).map(keys.batch)]
  const bytes = await Promise.all(records.map(async (record) => Number(await redis.hget(record, 'bytes') ?? 0)))
  const codes = (await redis.keys('*')).filter((key) => key.startsWith(keys.code(TENANT, '')))
  const lengths = await Promise.all(codes.map(async (code) => await redis.hstrlen(code, 'bytes')))
  return { bytes: [...bytes, ...lengths].reduce((sum, each) => sum + each, 0), codes: codes.length }
}

test('whatever becomes of jobs and batches, what is counted is what is stored', async (t) => {
  const db = await openStore(t)
  const by = { actor: { keyId: 'operator', tokenHash: '' }, audit: { maxEntries: 10, maxAgeMs: 60_000 } }
  const spec = request()
  const template = await buildTemplate(request({ code: 'b' }))
  const jobs: string[] = []
  const acts = {
    async post (which: number) { jobs.push((await postTo(db)({ code: 'abc'[which % 3], input: 'x'.repeat(which * 500) }, which % 4 === 0 ? `key ${which}` : undefined)).id) },
    async run (which: number) { await beginJob(db, pick(which)).then(({ run }) => settle(db, run, settlement({ retentionMs: 0, result: JSON.stringify('r'.repeat(which * 900)) })), () => {}) },
    async retry (which: number) { await beginJob(db, pick(which)).then(({ run }) => settle(db, run, settlement({ next: { attempt: 2, delayMs: 0 }, retentionMs: 0 })), () => {}) },
    async cancel (which: number) { await cancel(db, TENANT, pick(which), RETENTION_MS) },
    async archive (which: number) { await Promise.all([archive(db, pick(which)), archive(db, pick(which))]) },
    async replay (which: number) { await replay(db, { id: newReplay(), tenant: TENANT, source: pick(which), spec, again: which % 2 === 0, traceparent: null }) },
    async remove (which: number) { await Promise.all([deleteJob(db, TENANT, pick(which), by), deleteJob(db, TENANT, pick(which), by)]) },
    async batch (which: number) { await postBatch(db, [REFUSED, { type: 'job', template, input: await packPayload(JSON.stringify('i'.repeat(which * 300))) }]) },
    async expire () { await Promise.all([removeExpiredBatches(db, 10), removeExpired(db, 10)]) },
  }
  const pick = (which: number) => jobs[which % Math.max(1, jobs.length)] ?? 'job_none'
  const names = Object.keys(acts) as (keyof typeof acts)[] // the keys of a closed table
  const newReplay = () => {
    const id = newId('job')
    jobs.push(id)
    return id
  }

  await assertProperty(asyncProperty(array(tuple(constantFrom(...names), nat(20)), { minLength: 10, maxLength: 40 }), async (steps) => {
    for (const [act, which] of steps) await acts[act](which)
    assert.deepEqual(await usageOf(db), await recount(db), JSON.stringify(steps))
  }), { numRuns: 20 })
})
