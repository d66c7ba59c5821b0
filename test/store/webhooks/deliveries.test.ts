import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Db } from '../../../src/store/db.ts'
import { listDeliveries, readDelivery, redeliver, redeliverMany, type DeliveryFilter } from '../../../src/store/webhooks/deliveries.ts'
import { updateEndpoint } from '../../../src/store/webhooks/endpoints.ts'
import { readCircuit, testEndpoint } from '../../../src/store/webhooks/trial.ts'
import { beginTry, stepWebhooks } from '../../../src/store/webhooks/tries.ts'
import { CHANGE, makeEndpoint, playDeliveries } from '../../helpers/play-webhooks.ts'
import { playWorker } from '../../helpers/play-worker.ts'
import { acceptJob, openStore, TENANT } from '../../helpers/store.ts'

const FAILED = { outcome: 'failed', entry: { startedAt: 1, latencyMs: 1, status: 500, error: 'no', answer: '' } } as const

async function open (t: TestContext) {
  const db = await openStore(t)
  const end = async (members: Record<string, unknown> = {}) => {
    const id = await acceptJob(db, members)
    await playWorker(db, id)
    return id
  }
  return { db, end }
}

/** All pages of a list. */
async function listAll (db: Db, filter: DeliveryFilter, limit: number): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await listDeliveries(db, TENANT, { ...filter, limit, cursor })
    assert.ok(page.deliveries.length <= limit)
    ids.push(...page.deliveries.map(({ id }) => id))
    cursor = page.nextCursor
  }
  return ids
}

test('pages have every delivery that fits once, newest first, whatever they are chosen by', async (t) => {
  const { db, end } = await open(t)
  const [one, other] = [await makeEndpoint(db), await makeEndpoint(db)]
  const jobs: string[] = []
  for (let i = 0; i < 12; i++) jobs.push(await end())

  const all = await listAll(db, {}, 5)
  const times = await Promise.all(all.map(async (id) => (await readDelivery(db, TENANT, id))?.createdAt ?? 0))

  assert.equal(new Set(all).size, 24)
  assert.deepEqual(times, times.toSorted((a, b) => b - a))
  for (const limit of [1, 4, 12, 13]) {
    assert.equal(new Set(await listAll(db, { target: one.id }, limit)).size, 12)
    assert.deepEqual(await listAll(db, { status: 'pending' }, limit), all)
    assert.equal((await listAll(db, { subject: jobs[3] as string }, limit)).length, 2)
    assert.equal((await listAll(db, { subject: jobs[3] as string, target: other.id, type: 'job.succeeded', status: 'pending' }, limit)).length, 1)
  }
  assert.deepEqual([await listAll(db, { type: 'job.dead' }, 5), await listAll(db, { status: 'dead' }, 5), await listAll(db, { since: Date.now() + 60_000 }, 5), await listAll(db, { subject: jobs[3] as string, until: 1 }, 5)], [[], [], [], []])
  assert.deepEqual([await readDelivery(db, 'other', all[0] as string), (await listDeliveries(db, 'other', { subject: jobs[3] as string, limit: 5 })).deliveries], [undefined, []])
  await assert.rejects(listDeliveries(db, TENANT, { limit: 5, cursor: 'tomorrow' }), { code: 'INVALID' })
})

test('a delivery that ended is made once more under the same id; its tries go on counting', async (t) => {
  const { db, end } = await open(t)
  await end({ webhook: { url: 'https://example.com' } })
  const [id] = await playDeliveries(db, FAILED)
  assert.ok(id)
  const dead = await readDelivery(db, TENANT, id)

  assert.deepEqual([await redeliver(db, TENANT, id), await redeliver(db, 'other', id), await redeliver(db, TENANT, `whd_${'0'.repeat(32)}`)], ['redelivered', 'missing', 'missing'])
  const pending = await readDelivery(db, TENANT, id)
  await playDeliveries(db)
  const delivered = await readDelivery(db, TENANT, id)

  assert.partialDeepStrictEqual(dead, { status: 'dead', reason: 'exhausted', tries: [{ number: 1, status: 500 }] })
  assert.partialDeepStrictEqual(pending, { status: 'pending', reason: null, finishedAt: null, expiresAt: null, eventId: dead?.eventId })
  assert.partialDeepStrictEqual(delivered, { status: 'succeeded', reason: null, tries: [{ number: 1 }, { number: 2, status: 204 }] })
  assert.deepEqual(await listAll(db, { status: 'dead' }, 5), [])
})

test('one that waits for its next try is due at once; one under way is left alone', async (t) => {
  const { db, end } = await open(t)
  await end({ webhook: { url: 'https://example.com' } })
  const [id] = await playDeliveries(db, { ...FAILED, delayMs: 3_600_000 })
  assert.ok(id)
  assert.deepEqual(await playDeliveries(db), [])

  assert.equal(await redeliver(db, TENANT, id), 'redelivered')
  const [ref] = (await stepWebhooks(db, 10)).deals
  assert.ok(ref)
  await beginTry(db, ref, { leaseMs: 60_000 })

  assert.deepEqual(ref, { deliveryId: id, number: 2 })
  assert.equal(await redeliver(db, TENANT, id), 'pending')
})

test('what can come to nothing stays as it was: of an endpoint that is disabled, and where too much is undelivered', async (t) => {
  const { db, end } = await open(t)
  const { id: endpoint } = await makeEndpoint(db)
  for (let i = 0; i < 4; i++) await end()
  const ids = await playDeliveries(db)

  await updateEndpoint(db, TENANT, endpoint, { enabled: false }, CHANGE)
  const disabled = await redeliver(db, TENANT, ids[0] as string)
  await updateEndpoint(db, TENANT, endpoint, { enabled: true }, CHANGE)
  await db.redis.hset(db.keys.webhookBounds, 'owedBytes', 3000)
  const some = await redeliverMany(db, TENANT, { status: 'succeeded', limit: 10 })
  const none = await redeliverMany(db, TENANT, { status: 'succeeded', limit: 10, cursor: some.nextCursor ?? undefined })
  const left = await listAll(db, { status: 'succeeded' }, 10)
  await playDeliveries(db)
  const rest = await redeliverMany(db, TENANT, { status: 'succeeded', limit: 10, cursor: some.nextCursor ?? undefined })

  assert.equal(disabled, 'deleted')
  assert.partialDeepStrictEqual(some, { redelivered: 2, skipped: 0, isFull: true })
  assert.partialDeepStrictEqual(none, { redelivered: 0, skipped: 0, isFull: true, nextCursor: some.nextCursor })
  assert.equal(left.length, 2)
  assert.deepEqual(rest, { redelivered: 2, skipped: 0, isFull: false, nextCursor: null })
})

test('a test goes out whatever waits, and to an endpoint that is disabled or left alone', async (t) => {
  const { db, end } = await open(t)
  const { id } = await makeEndpoint(db)
  const circuit = { failures: 1, openMs: 60_000, openMaxMs: 60_000 }
  await end()
  await playDeliveries(db, { ...FAILED, delayMs: 3_600_000 }, circuit)
  await end()
  const alone = await readCircuit(db, TENANT, id)

  const first = await testEndpoint(db, TENANT, id)
  const failed = await playDeliveries(db, FAILED, circuit)
  await updateEndpoint(db, TENANT, id, { enabled: false }, CHANGE)
  const second = await testEndpoint(db, TENANT, id)
  const passed = await playDeliveries(db)

  assert.partialDeepStrictEqual(alone, { state: 'open', failures: 1, waiting: 1, sending: 0 })
  assert.deepEqual([failed, passed], [[first], [second]])
  assert.deepEqual([await testEndpoint(db, 'other', id), await testEndpoint(db, TENANT, 'whk_x')], [undefined, undefined])
})
