import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { saveWebhookBounds } from '../../../src/store/webhooks/bounds.ts'
import { expireDeliveries, readDelivery } from '../../../src/store/webhooks/deliveries.ts'
import { deleteEndpoint, listEndpoints, readEndpoint, updateEndpoint } from '../../../src/store/webhooks/endpoints.ts'
import { readSecrets, rotateSecret } from '../../../src/store/webhooks/secrets.ts'
import { readCircuit } from '../../../src/store/webhooks/trial.ts'
import { beginTry, settleTry, stepWebhooks, type TryEnd, type TryRef, type WebhookTry } from '../../../src/store/webhooks/tries.ts'
import { dumpLines } from '../../helpers/dump.ts'
import { openSameStore, openStore, TENANT } from '../../helpers/store.ts'
import { addEndpoint, CHANGE, endJob } from '../../helpers/webhooks.ts'

type Db = Awaited<ReturnType<typeof openStore>>

const ENDS = { events: ['job.succeeded' as const] }
const LEASE = { leaseMs: 60_000 }
const CIRCUIT = { failures: 2, openMs: 60_000, openMaxMs: 60_000 }
const END: TryEnd = { outcome: 'succeeded', entry: { startedAt: 1, latencyMs: 2, status: 200, error: null, answer: 'thanks' }, url: 'https://example.com/?token=of-the-receiver', delayMs: null, restMs: 0, body: null }
const FAILED: TryEnd = { ...END, outcome: 'failed', delayMs: 60_000 }
const BOUNDS = { owedBytes: 1_000_000, logEntries: 100, retentionMs: 60_000, giveUpMs: 60_000, endpointTries: 4, tenantTries: 16 }

async function begin (db: Db, ref: TryRef | undefined, lease = LEASE): Promise<WebhookTry> {
  assert.ok(ref)
  const answer = await beginTry(db, ref, lease)
  assert.ok(answer.type === 'try')
  return answer.begun
}

async function deal (db: Db): Promise<TryRef[]> {
  return (await stepWebhooks(db, 100)).deals
}

/** Deals when nobody sent what was handed out so far, and has not for a while. */
async function dealUnsent (db: Db): Promise<TryRef[]> {
  for (const id of await db.redis.zrange(db.keys.webhookOwed, 0, '-1')) await db.redis.zadd(db.keys.webhookOwed, 1, id)
  return deal(db)
}

/** Has all receivers take an event. */
async function prove (db: Db): Promise<void> {
  await endJob(db)
  for (const ref of await deal(db)) await settleTry(db, await begin(db, ref), END, CIRCUIT)
}

test('a try is of whoever has its message last, is settled once, and is begun no more afterwards', async (t) => {
  const db = await openStore(t)
  await addEndpoint(db, 'https://example.com/', ENDS)
  await endJob(db)
  const [ref] = await deal(db)

  const first = await begin(db, ref)
  const second = await begin(db, ref)
  const fenced = await settleTry(db, first, FAILED, CIRCUIT)
  const settled = await settleTry(db, second, END, CIRCUIT)
  const again = await settleTry(db, second, END, CIRCUIT)
  const dropped = await beginTry(db, ref as TryRef, LEASE)

  assert.deepEqual([fenced.type, dropped.type], ['fenced', 'drop'])
  assert.partialDeepStrictEqual([settled, again], [{ type: 'settled', status: 'succeeded' }, { type: 'settled', status: 'succeeded' }])
  assert.partialDeepStrictEqual(await readDelivery(db, TENANT, first.deliveryId), { status: 'succeeded', lost: 1, tries: [{ number: 1, status: 200, answer: 'thanks' }] })
})

test('a message that nobody sends is handed out again until its try begins, and a try that says nothing is dealt again when its lease is over', async (t) => {
  const db = await openStore(t)
  await addEndpoint(db, 'https://example.com/', ENDS)
  await endJob(db)
  const dealt = await deal(db)

  const unsent = await dealUnsent(db)
  const begun = await begin(db, unsent[0], { leaseMs: 60_000 })
  const unsentAfter = await dealUnsent(db)
  await db.redis.zadd(db.keys.webhookLeases, 1, begun.deliveryId)
  const dealtAgain = await deal(db)
  const late = await settleTry(db, begun, END, CIRCUIT)

  assert.deepEqual([unsent, dealtAgain], [dealt, dealt])
  assert.deepEqual(unsentAfter, [])
  assert.equal(late.type, 'settled', 'nobody has begun it anew')
})

test('a receiver and a tenant have no more tries under way than they may; when one is over, another goes on', async (t) => {
  const db = await openStore(t)
  await saveWebhookBounds(db, { ...BOUNDS, endpointTries: 2, tenantTries: 3 })
  for (const name of ['a', 'b', 'c', 'd']) await addEndpoint(db, `https://${name}.example.com/`, ENDS)
  await endJob(db)
  await endJob(db)
  await endJob(db)

  const under: TryRef[] = await deal(db)
  let done = 0
  for (let ref = under.shift(); ref; ref = under.shift()) {
    const settled = await settleTry(db, await begin(db, ref), END, CIRCUIT)
    assert.ok(settled.type === 'settled')
    under.push(...settled.deals)
    assert.ok(under.length <= 3, String(under.length))
    done += 1
  }

  assert.equal(done, 12)
})

test('receivers that have taken nothing yet are sent one at a time, and leave half of what their tenant may send to those that have', async (t) => {
  const db = await openStore(t)
  await saveWebhookBounds(db, { ...BOUNDS, endpointTries: 3, tenantTries: 6 })
  const { endpoint: good } = await addEndpoint(db, 'https://good.example.com/', ENDS)
  await prove(db)
  for (let i = 0; i < 10; i++) await addEndpoint(db, `https://bad-${i}.example.com/`, ENDS)
  for (let i = 0; i < 8; i++) await endJob(db)

  const dealt: TryRef[] = await deal(db)
  const targets = async (refs: readonly TryRef[]) => Promise.all(refs.map(async ({ deliveryId }) => (await readDelivery(db, TENANT, deliveryId))?.target ?? ''))
  const bad = (await targets(dealt)).filter((target) => target !== good.id)
  const sent: TryRef[] = []
  for (let refs = dealt; refs.length > 0;) {
    const own = await Promise.all(refs.map(async (ref) => (await targets([ref]))[0] === good.id))
    const mine = refs.filter((_, index) => own[index])
    refs = []
    for (const ref of mine) { // the others never end
      const settled = await settleTry(db, await begin(db, ref), END, CIRCUIT)
      sent.push(ref)
      if (settled.type === 'settled') refs.push(...settled.deals)
    }
  }

  assert.equal(dealt.length, 6)
  assert.deepEqual([bad.length, new Set(bad).size], [3, 3])
  assert.equal(sent.length, 8, 'whoever takes what it is sent gets everything')
})

test('a receiver that asks for a rest has all that is owed to it wait, and is asked by one try at a time once its circuit was open', async (t) => {
  const db = await openStore(t)
  const { endpoint } = await addEndpoint(db, 'https://example.com/', ENDS)
  await prove(db)
  for (let i = 0; i < 3; i++) await endJob(db)
  const [first, second, third] = await deal(db)

  await begin(db, third)
  await settleTry(db, await begin(db, first), { ...FAILED, restMs: 50_000 }, CIRCUIT)
  const resting = await readCircuit(db, TENANT, endpoint.id)
  await settleTry(db, await begin(db, second), FAILED, CIRCUIT)
  await db.redis.zadd(db.keys.webhookHeld, 1, `${TENANT}:${endpoint.id}`)
  await endJob(db)

  assert.ok((resting.openUntil ?? 0) > 0)
  assert.equal((await deal(db)).length, 0, 'the third one is under way, which is as much as may be')
})

test('a message of a try that is over takes nothing from the one that is owed', async (t) => {
  const db = await openStore(t)
  await addEndpoint(db, 'https://example.com/', ENDS)
  await endJob(db)
  const [first] = await deal(db)
  await settleTry(db, await begin(db, first), { ...FAILED, delayMs: 0 }, { ...CIRCUIT, failures: 9 })
  const [second] = await dealUnsent(db)

  const stale = await beginTry(db, first as TryRef, LEASE)

  assert.deepEqual([stale.type, second?.number], ['drop', 2])
  assert.deepEqual(await dealUnsent(db), [second])
})

test('a try whose lease was over is settled as any other: the next one waits for its time', async (t) => {
  const db = await openStore(t)
  const { endpoint } = await addEndpoint(db, 'https://example.com/', ENDS)
  await endJob(db)
  const slow = await begin(db, (await deal(db))[0], { leaseMs: 0 })
  await db.redis.zadd(db.keys.webhookHeld, '+inf', `${TENANT}:${endpoint.id}`)
  await deal(db)

  await settleTry(db, slow, FAILED, CIRCUIT)
  await db.redis.zadd(db.keys.webhookHeld, 1, `${TENANT}:${endpoint.id}`)

  assert.deepEqual(await deal(db), [])
})

test('a place that a receiver does not take after all, as it is held by then, is for the next that waits', async (t) => {
  const db = await openStore(t)
  await saveWebhookBounds(db, { ...BOUNDS, tenantTries: 1 })
  for (const name of ['a', 'b', 'c']) await addEndpoint(db, `https://${name}.example.com/`, ENDS)
  await endJob(db)
  const [first] = await deal(db)
  await db.redis.zadd(db.keys.webhookPending, 1, first?.deliveryId ?? '')
  await expireDeliveries(db, 1)
  for (const lane of await db.redis.zrange(db.keys.webhookRing, 0, '-1')) {
    const id = lane.slice(TENANT.length + 1)
    if (id !== (await readDelivery(db, TENANT, first?.deliveryId ?? ''))?.target) await updateEndpoint(db, TENANT, id, { enabled: false }, CHANGE)
  }

  assert.equal((await deal(db)).length, 1)
})

test('a 410 is of the endpoint that was asked: not of one that was deleted or changed meanwhile', async (t) => {
  const db = await openStore(t)
  const { endpoint: deleted } = await addEndpoint(db, 'https://deleted.example.com/', ENDS)
  const { endpoint: changed } = await addEndpoint(db, 'https://changed.example.com/', ENDS)
  await endJob(db)
  await endJob(db)
  const begun = await Promise.all((await deal(db)).map((ref) => begin(db, ref)))
  for (const { deliveryId } of begun) await db.redis.hset(db.keys.delivery(deliveryId), 'begunAt', 1)
  await deleteEndpoint(db, TENANT, deleted.id, CHANGE)
  await updateEndpoint(db, TENANT, changed.id, { url: 'https://new.example.com/' }, CHANGE)

  const refs: TryRef[] = []
  for (const each of begun) {
    const settled = await settleTry(db, each, { ...END, outcome: 'gone' }, CIRCUIT)
    if (settled.type === 'settled') refs.push(...settled.deals)
  }
  refs.push(...await deal(db))
  const answers = await Promise.all(refs.map(async (ref) => (await beginTry(db, ref, LEASE)).type))

  assert.deepEqual(answers.toSorted(), ['drop', 'try'], 'what is owed to a deleted one is given up')
  assert.equal(await db.redis.exists(db.keys.webhook(deleted.id)), 0)
  assert.equal((await readEndpoint(db, TENANT, changed.id))?.enabled, true)
})

test('an endpoint that is given another address, or other headers, is asked again at once', async (t) => {
  const db = await openStore(t)
  const { endpoint } = await addEndpoint(db, 'https://wrong.example.com/', ENDS)
  const fail = async (refs: readonly TryRef[]) => settleTry(db, await begin(db, refs[0]), { ...FAILED, delayMs: 0 }, { ...CIRCUIT, failures: 1 })
  await endJob(db)
  await fail(await deal(db))

  const alone = await deal(db)
  await updateEndpoint(db, TENANT, endpoint.id, { url: 'https://right.example.com/' }, CHANGE)
  const afterUrl = await deal(db)
  await fail(afterUrl)
  await updateEndpoint(db, TENANT, endpoint.id, { headers: { authorization: 'Bearer a' } }, CHANGE)
  const afterHeaders = await deal(db)

  assert.deepEqual([alone.length, afterUrl.length, afterHeaders.length], [0, 1, 1])
  assert.partialDeepStrictEqual(await readCircuit(db, TENANT, endpoint.id), { state: 'closed', failures: 0 })
})

test('with a key, what webhooks keep of others is not found in Redis, and is read as it was', async (t) => {
  const db = await openStore(t, [{ id: 'k', key: randomBytes(32) }])
  const { endpoint, secret } = await addEndpoint(db, 'https://example.com/?token=of-the-receiver', { ...ENDS, headers: { authorization: 'Bearer swordfish' } })
  await endJob(db)
  const [ref] = await deal(db)
  await settleTry(db, await begin(db, ref), FAILED, CIRCUIT)

  const lines = (await dumpLines(db)).join('\n')
  for (const text of ['of-the-receiver', 'swordfish', 'thanks', secret.secret, secret.secret.slice(6)]) assert.ok(!lines.includes(text), text)
  assert.deepEqual(await readEndpoint(db, TENANT, endpoint.id), endpoint)
  assert.deepEqual((await listEndpoints(db, TENANT, { limit: 10 })).endpoints, [endpoint])
  assert.deepEqual(await readSecrets(db, TENANT, endpoint.id), [secret])
  assert.partialDeepStrictEqual(await readDelivery(db, TENANT, ref?.deliveryId ?? ''), { url: FAILED.url, tries: [{ answer: 'thanks' }] })
})

test('a secret whose key is lost is rotated as any other: the new one signs, alone', async (t) => {
  const before = await openStore(t, [{ id: 'lost', key: randomBytes(32) }])
  const { endpoint } = await addEndpoint(before, 'https://example.com/', ENDS)
  const db = openSameStore(t, before, [{ id: 'new', key: randomBytes(32) }])

  await assert.rejects(readSecrets(db, TENANT, endpoint.id), { code: 'UNAVAILABLE' })
  const rotated = await rotateSecret(db, TENANT, endpoint.id, { ...CHANGE, graceMs: 60_000 })

  assert.equal(rotated?.length, 1)
  assert.deepEqual(await readSecrets(db, TENANT, endpoint.id), rotated)
})

test('a delivery that a newer version wrote waits for a worker that knows it, and keeps nothing from its receiver', async (t) => {
  const db = await openStore(t)
  await addEndpoint(db, 'https://example.com/', ENDS)
  await endJob(db)
  await endJob(db)
  const [newer] = await deal(db)
  await db.redis.hset(db.keys.delivery(newer?.deliveryId ?? ''), 'v', 99)

  const dropped = await beginTry(db, newer as TryRef, LEASE)

  assert.deepEqual([dropped.type, dropped.deals.length], ['drop', 1])
  assert.notEqual(dropped.deals[0]?.deliveryId, newer?.deliveryId)
  assert.notEqual(await db.redis.zscore(db.keys.webhookScheduled, newer?.deliveryId ?? ''), null)
})
