import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import { buildFailure } from '../../src/core/outcome.ts'
import { archive } from '../../src/store/archive.ts'
import { OPERATOR } from '../../src/store/audit.ts'
import { addItems } from '../../src/store/batches/add-items.ts'
import { openBatch } from '../../src/store/batches/open.ts'
import { readBatch, readFirstExceptions } from '../../src/store/batches/read.ts'
import type { Db } from '../../src/store/db.ts'
import { countKeys, renewEncryption } from '../../src/store/encryption/renew.ts'
import { buildKv } from '../../src/store/kv/kv.ts'
import { readCheckpoint, saveCheckpoint } from '../../src/store/moves/checkpoint.ts'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { removeExpired } from '../../src/store/reap.ts'
import { readEvents, readJob, readResult } from '../../src/store/read.ts'
import { buildSecrets, putSecret } from '../../src/store/secrets/secrets.ts'
import { appendTrace, readTrace } from '../../src/store/trace.ts'
import { readDelivery } from '../../src/store/webhooks/deliveries.ts'
import { createEndpoint, readEndpoint } from '../../src/store/webhooks/endpoints.ts'
import { readSecrets } from '../../src/store/webhooks/secrets.ts'
import { beginTry, settleTry, stepWebhooks } from '../../src/store/webhooks/tries.ts'
import { packSealed, placeOf, unpackSealed } from '../../src/store/sealing.ts'
import { dumpLines } from '../helpers/dump.ts'
import { acceptJob, beginJob, openSameStore, openStore, settlement, TENANT } from '../helpers/store.ts'

const [OLD, NEW] = [{ id: 'old', key: randomBytes(32) }, { id: 'new', key: randomBytes(32) }]
const MARK = 'marker-of-a-user'
const BIG = JSON.stringify(`${MARK} ${'z'.repeat(40_000)}`)
const AUDIT = { maxEntries: 10, maxAgeMs: 60_000 }

/** Stores something of every kind; answers what reads all of it. */
async function furnish (db: Db) {
  const kv = (each: Db) => buildKv(each, each)
  const [ended, waiting, running] = [await acceptJob(db, { input: BIG, code: `// ${MARK}\nexport default 1` }), await acceptJob(db, { input: MARK, delayMs: 3_600_000 }), await acceptJob(db, { retry: { attempts: 2 }, tags: { a: MARK } })]
  const first = await beginJob(db, ended)
  await append(db, first.run, Array.from({ length: 30 }, (_, at) => ({ type: 'job.log' as const, time: at, payload: { level: 'log', message: `${MARK} ${randomBytes(80).toString('hex')}` } })))
  await appendTrace(db, ended, { resourceSpans: [{ name: MARK }] }, { maxBytes: 10_000, ttlMs: 60_000 })
  await settle(db, first.run, settlement({ result: BIG }))
  await archive(db, ended)
  const second = await beginJob(db, running)
  await saveCheckpoint(db, second.run, { save: 1, json: `"${MARK}"` })
  await settle(db, second.run, settlement({ error: buildFailure('USER_ERROR', MARK), next: { attempt: 2, delayMs: 0 } }))
  const third = await beginJob(db, running)
  await append(db, third.run, [], { value: 1, message: MARK })
  await kv(db).set(third.run, { key: 'k', value: JSON.stringify(MARK), ttlMs: 60_000, maxEntries: 10, maxBytes: 10_000 })
  const { endpoint } = await createEndpoint(db, { tenant: TENANT, url: `https://example.com/?token=${MARK}`, events: ['job.dead'], headers: {}, description: '', enabled: true }, { actor: OPERATOR, audit: AUDIT, maxEndpoints: 10 })
  await readSecrets(db, TENANT, null)
  const batch = newId('batch')
  await openBatch(db, { id: batch, tenant: TENANT, retentionMs: 60_000, webhook: { url: `https://example.com/${MARK}`, headers: {} } })
  await addItems(db, batch, { tenant: TENANT, first: 0, digest: 'd', traceparent: null, items: [{ type: 'refused', refusal: { code: 'INVALID', message: MARK } }] })
  const readAll = async (each: Db) => {
    const jobs = await Promise.all([ended, waiting, running].map((id) => readJob(each, TENANT, id)))
    const exceptions = await readFirstExceptions(each, await readBatch(each, TENANT, batch) ?? assert.fail(), 10)
    const webhooks = [await readEndpoint(each, TENANT, endpoint.id), await readSecrets(each, TENANT, endpoint.id), await readSecrets(each, TENANT, null), (await readBatch(each, TENANT, batch))?.webhook]
    return [webhooks, jobs, String(await readResult(each, TENANT, ended)), await readEvents(each, ended, { after: 0, limit: 100 }), await readTrace(each, ended), (await readCheckpoint(each, running))?.json, await kv(each).get(TENANT, 'k'), exceptions]
  }
  return { ended, waiting, running, run: third.run, readAll }
}

test('what an old key encrypts, and what none does, is encrypted anew with the first; the old key is counted no more, and may go', async (t) => {
  const plain = await openStore(t)
  const old = openSameStore(t, plain, [OLD])
  const both = openSameStore(t, plain, [NEW, OLD])
  const stored = [await furnish(plain), await furnish(old)]
  await putSecret(old, MARK, { tenant: TENANT, name: 'TOKEN', actor: OPERATOR, audit: AUDIT, maxSecrets: 10 })
  const expected = await Promise.all(stored.map(({ readAll }) => readAll(both)))
  const ttlMs = await plain.redis.pttl(plain.keys.trace(stored[1]?.ended ?? ''))

  const [before, renewed, after, again] = [await countKeys(both), await renewEncryption(both), await countKeys(both), await renewEncryption(both)]

  const alone = openSameStore(t, plain, [NEW])
  assert.ok((before.get('old') ?? 0) > 10 && (before.get('') ?? 0) > 5, JSON.stringify([...before]))
  assert.deepEqual([[...after.keys()], renewed.renewed, renewed.missed, renewed.unreadable], [['new'], (before.get('old') ?? 0) + (before.get('') ?? 0), 0, 0])
  assert.equal(again.renewed, 0)
  assert.deepEqual(await Promise.all(stored.map(({ readAll }) => readAll(alone))), expected)
  assert.equal(await buildSecrets(alone).read(TENANT, 'TOKEN'), MARK)
  assert.ok(ttlMs > 0 && await plain.redis.pttl(plain.keys.trace(stored[1]?.ended ?? '')) > 0)
  for (const { run, ended, running } of stored) {
    await settle(alone, run, settlement())
    await archive(alone, running)
    for (const id of [ended, running]) await plain.redis.zadd(plain.keys.expiring, 0, id)
  }
  assert.deepEqual((await dumpLines(plain)).filter((line) => line.includes(MARK) && !line.startsWith('events:')), [], 'but for what live events from before hold')
  await removeExpired(alone, 100)
  const left = await Promise.all(stored.map(async ({ waiting }) => Number(await plain.redis.hget(plain.keys.job(waiting), 'bytes'))))
  const code = await plain.redis.keys(`${plain.keys.code(TENANT, '*')}`)
  const codeBytes = await Promise.all(code.map((key) => plain.redis.hstrlen(key, 'bytes')))
  assert.equal(Number(await plain.redis.hget(plain.keys.usage(TENANT), 'bytes')), [...left, ...codeBytes].reduce((sum, bytes) => sum + bytes, await batchBytes(plain)), 'what is counted of the tenant is what it has')
})

async function batchBytes ({ redis, keys }: Db): Promise<number> {
  const ids = await redis.zrange(keys.batches(TENANT), 0, '-1')
  const bytes = await Promise.all(ids.map((id) => redis.hget(keys.batch(id), 'bytes')))
  return bytes.reduce((sum, each) => sum + Number(each), 0)
}

test('a value whose key is not there is left as it is, and counted; without a key nothing can be renewed', async (t) => {
  const old = await openStore(t, [OLD])
  const id = await acceptJob(old, { input: 1 })
  const before = await old.redis.hgetall(old.keys.job(id))

  const renewed = await renewEncryption(openSameStore(t, old, [NEW]))

  assert.deepEqual(renewed, { renewed: 0, unreadable: 3, missed: 0 })
  assert.deepEqual(await old.redis.hgetall(old.keys.job(id)), before)
  await assert.rejects(renewEncryption(openSameStore(t, old, [])), { code: 'UNAVAILABLE', message: 'Cannot renew the encryption: BATCHBOX_ENCRYPTION_KEYS is empty' })
})

test('what a webhook is owed, and how its tries went, is encrypted anew as well', async (t) => {
  const old = await openStore(t, [OLD])
  const { deliveryId, place } = await failDelivery(old)
  const both = openSameStore(t, old, [NEW, OLD])

  const [before, renewed, after] = [await countKeys(both), await renewEncryption(both), await countKeys(both)]

  const alone = openSameStore(t, old, [NEW])
  const body = await alone.redis.hgetBuffer(alone.keys.delivery(deliveryId), 'body') ?? assert.fail()
  assert.deepEqual([renewed.renewed, [...after.keys()]], [before.get('old'), ['new']])
  assert.partialDeepStrictEqual(await readDelivery(alone, TENANT, deliveryId), { url: `https://example.com/${MARK}`, tries: [{ answer: MARK, status: 500 }] })
  assert.equal(String(await unpackSealed(alone, body, place)), MARK)
})

/** Has a first try of a delivery fail, which keeps what it sent. */
async function failDelivery (db: Db) {
  const { endpoint } = await createEndpoint(db, { tenant: TENANT, url: `https://example.com/${MARK}`, events: ['job.succeeded'], headers: {}, description: '', enabled: true }, { actor: OPERATOR, audit: AUDIT, maxEndpoints: 10 })
  await settle(db, (await beginJob(db, await acceptJob(db))).run, settlement())
  const [ref] = (await stepWebhooks(db, 10)).deals
  const answer = await beginTry(db, ref ?? assert.fail(), { leaseMs: 60_000 })
  assert.ok(answer.type === 'try' && answer.begun.target === endpoint.id)
  const { deliveryId } = answer.begun
  const place = placeOf('delivery', TENANT, deliveryId)
  const entry = { startedAt: 1, latencyMs: 1, status: 500, error: MARK, answer: MARK }
  await settleTry(db, answer.begun, { outcome: 'failed', entry, url: `https://example.com/${MARK}`, delayMs: 60_000, restMs: 0, body: await packSealed(db, MARK, place) }, { failures: 10, openMs: 1000, openMaxMs: 1000 })
  return { deliveryId, place }
}

test('what was archived without its key counts for that key, and is encrypted anew like the rest', async (t) => {
  const old = await openStore(t, [OLD])
  const id = await acceptJob(old, { tags: { a: MARK } })
  const { run } = await beginJob(old, id)
  await append(old, run, [{ type: 'job.log', time: 1, payload: { level: 'log', message: MARK } }])
  await settle(old, run, settlement({ result: BIG }))
  const both = openSameStore(t, old, [NEW, OLD])
  const read = async (db: Db) => [await readJob(db, TENANT, id), await readEvents(db, id, { after: 0, limit: 100 })]
  const expected = await read(both)
  const alone = openSameStore(t, old, [NEW])
  await archive(alone, id)

  const before = await countKeys(both)
  const tooEarly = await renewEncryption(alone)
  const renewed = await renewEncryption(both)

  assert.ok((before.get('old') ?? 0) >= 3, JSON.stringify([...before])) // the options, an event and more, beside code and result
  assert.ok(tooEarly.unreadable > 0 && renewed.unreadable === 0, JSON.stringify([tooEarly, renewed]))
  assert.deepEqual([...(await countKeys(both)).keys()], ['new'])
  assert.deepEqual(await read(alone), expected)
})

test('a damaged value is left as it is, and keeps no other from being renewed', async (t) => {
  const old = await openStore(t, [OLD])
  const stored = await furnish(old)
  const damaged = await acceptJob(old)
  const damage = { spec: '{"sealed":', error: '{', history: Buffer.of(1, 0, 0, 255, 255, 0, 0, 0, 9, 4) }
  await old.redis.hset(old.keys.job(damaged), damage)
  const both = openSameStore(t, old, [NEW, OLD])
  const expected = await stored.readAll(both)

  const { unreadable } = await renewEncryption(both)

  assert.equal(unreadable, 2)
  assert.deepEqual(await stored.readAll(openSameStore(t, old, [NEW])), expected)
  assert.deepEqual([...(await countKeys(both)).keys()].filter(Boolean), ['new'])
  assert.partialDeepStrictEqual(await old.redis.hgetall(old.keys.job(damaged)), { spec: damage.spec, error: damage.error })
})
