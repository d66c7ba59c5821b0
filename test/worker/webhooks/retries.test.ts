import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redeliver, redeliverMany } from '../../../src/store/webhooks/deliveries.ts'
import { readEndpoint, updateEndpoint } from '../../../src/store/webhooks/endpoints.ts'
import { readCircuit } from '../../../src/store/webhooks/trial.ts'
import { planNext, readRetryAfter } from '../../../src/worker/webhooks/schedule.ts'
import { openStore, TENANT } from '../../helpers/store.ts'
import { until } from '../../helpers/until.ts'
import { addEndpoint, CHANGE, endJob, listAll, startReceiver, startWebhooks, whenAll } from '../../helpers/webhooks.ts'

const ENDS = { events: ['job.succeeded' as const] }

test('what a receiver refuses is sent again, the same under the same id, and given up after the last try; what was given up can be made once more', async (t) => {
  const db = await openStore(t)
  let status = 500
  const receiver = await startReceiver(t, (_, response) => { response.writeHead(status).end('no'.repeat(1000)) })
  await startWebhooks(t, db, { BATCHBOX_WEBHOOK_DELAYS_MS: '0,10,10' })
  await addEndpoint(db, receiver.url(), ENDS)
  const id = await endJob(db)

  const [given] = await whenAll(db, 'dead', 1)
  status = 200
  const again = await redeliver(db, TENANT, given?.id ?? '')
  const [made] = await whenAll(db, 'succeeded', 1)

  assert.deepEqual([given?.reason, given?.subject, given?.tries.map((each) => [each.number, each.status, each.answer])], ['exhausted', id, [1, 2, 3].map((number) => [number, 500, 'no'.repeat(512)])])
  assert.match(given?.tries[0]?.error ?? '', /answer was 500/)
  assert.equal(new Set(receiver.received.slice(0, 3).map(({ body }) => body)).size, 1)
  assert.deepEqual(receiver.received.map(({ headers }) => headers['webhook-id']), Array.from({ length: 4 }, () => `${id}-3`))
  assert.equal(again, 'redelivered')
  assert.deepEqual([made?.id, made?.reason, made?.tries.length], [given?.id, null, 4])
})

test('what cannot be read, since it was damaged, is a failed try, and keeps nothing else from its receiver', async (t) => {
  const db = await openStore(t)
  const receiver = await startReceiver(t)
  const damaged = await endJob(db, { webhook: { url: receiver.url() } })
  const sound = await endJob(db, { webhook: { url: receiver.url() } })
  await db.redis.hset(db.keys.job(damaged), 'spec', '{')
  await startWebhooks(t, db, { BATCHBOX_WEBHOOK_DELAYS_MS: '0,10' })

  const [dead] = await whenAll(db, 'dead', 1)
  const [told] = await whenAll(db, 'succeeded', 1)

  assert.deepEqual([dead?.subject, dead?.reason, told?.subject], [damaged, 'exhausted', sound])
  assert.match(dead?.tries[0]?.error ?? '', /^Cannot deliver: what is stored of it cannot be read/)
})

test('a receiver that answers 410 is sent nothing more, until its endpoint is enabled again', async (t) => {
  const db = await openStore(t)
  let status = 410
  const receiver = await startReceiver(t, (_, response) => { response.writeHead(status).end() })
  await startWebhooks(t, db)
  const { endpoint } = await addEndpoint(db, receiver.url(), ENDS)
  await endJob(db)
  const [gone] = await whenAll(db, 'dead', 1)
  const disabled = await readEndpoint(db, TENANT, endpoint.id)

  await endJob(db)
  status = 200
  await updateEndpoint(db, TENANT, endpoint.id, { enabled: true }, CHANGE)
  await endJob(db)
  await whenAll(db, 'succeeded', 1)

  assert.deepEqual([gone?.reason, disabled?.enabled, disabled?.disabledReason], ['gone', false, 'gone'])
  assert.equal(receiver.received.length, 2)
  assert.deepEqual(await redeliverMany(db, TENANT, { status: 'dead', limit: 10 }), { redelivered: 1, skipped: 0, isFull: false, nextCursor: null })
})

test('a redirect is not followed, and counts as a failure', async (t) => {
  const db = await openStore(t)
  const receiver = await startReceiver(t, (_, response) => { response.writeHead(307, { location: '/other' }).end() })
  await startWebhooks(t, db, { BATCHBOX_WEBHOOK_DELAYS_MS: '0' })
  await addEndpoint(db, receiver.url(), ENDS)
  await endJob(db)

  const [given] = await whenAll(db, 'dead', 1)

  assert.match(given?.tries[0]?.error ?? '', /redirects are not followed/)
  assert.deepEqual(receiver.requests, ['POST /hook'])
})

test('addresses that nobody allowed are not reached', async (t) => {
  const db = await openStore(t)
  const receiver = await startReceiver(t)
  await startWebhooks(t, db, { BATCHBOX_WEBHOOK_DELAYS_MS: '0', BATCHBOX_WEBHOOK_ALLOW_RANGES: '' })
  await addEndpoint(db, receiver.url(), ENDS)
  await addEndpoint(db, receiver.url().replace('127.0.0.1', 'localhost'), ENDS)
  await endJob(db)

  const given = await whenAll(db, 'dead', 2)

  for (const { tries } of given) assert.match(tries[0]?.error ?? '', /address is loopback; the operator would have to allow it \(BATCHBOX_WEBHOOK_ALLOW_RANGES\)/)
  assert.deepEqual(receiver.requests, [])
})

test('a receiver that asks for time is asked again no sooner', async (t) => {
  const db = await openStore(t)
  const receiver = await startReceiver(t, (_, response) => { response.writeHead(receiver.received.length === 1 ? 429 : 200, { 'retry-after': '1' }).end() })
  await startWebhooks(t, db)
  await addEndpoint(db, receiver.url(), ENDS)
  await endJob(db)

  await whenAll(db, 'succeeded', 1)

  const [first, second] = receiver.received
  assert.ok(first && second && second.atMs - first.atMs >= 990)
})

test('whoever asks for years has the next try a day later, and all others an hour, however the years are written', () => {
  for (const years of ['31536000', '9'.repeat(400), 'Wed, 21 Oct 2099 07:28:00 GMT']) assert.deepEqual(planNext([0, 5000], 0, readRetryAfter(years, Date.now())), { delayMs: 86_400_000, restMs: 3_600_000 }, years)
  for (const nothing of ['', '-1', '1.5', 'soon', 'Wed, 21 Oct 1999 07:28:00 GMT']) assert.equal(readRetryAfter(nothing, Date.now()), 0, nothing)
})

test('a try ends when its time is over, also where the body of the answer never does', async (t) => {
  const db = await openStore(t)
  const receiver = await startReceiver(t, (_, response) => { response.writeHead(200).write('x') })
  await startWebhooks(t, db, { BATCHBOX_WEBHOOK_DELAYS_MS: '0', BATCHBOX_WEBHOOK_TIMEOUT_MS: '1000' })
  await addEndpoint(db, receiver.url(), ENDS)
  await endJob(db)

  const [given] = await whenAll(db, 'dead', 1)

  assert.match(given?.tries[0]?.error ?? '', /took longer than 1000 ms, body included/)
  assert.equal(given?.tries[0]?.status, 200)
})

test('the circuit of a receiver that fails opens, so that what else is owed to it waits untried; a probe that succeeds closes it', async (t) => {
  const db = await openStore(t)
  let status = 500
  const receiver = await startReceiver(t, (_, response) => { response.writeHead(status).end() })
  await startWebhooks(t, db, { BATCHBOX_WEBHOOK_DELAYS_MS: '0,60000', BATCHBOX_WEBHOOK_CIRCUIT_FAILURES: '3', BATCHBOX_WEBHOOK_CIRCUIT_MS: '300', BATCHBOX_WEBHOOK_PER_RECEIVER: '1' })
  const { endpoint } = await addEndpoint(db, receiver.url(), ENDS)
  for (let i = 0; i < 8; i++) await endJob(db)
  await until('the circuit is open', async () => (await readCircuit(db, TENANT, endpoint.id)).state === 'open')
  const open = await readCircuit(db, TENANT, endpoint.id)

  status = 200
  await until('nothing waits any more', async () => {
    const { waiting, sending } = await readCircuit(db, TENANT, endpoint.id)
    return waiting + sending === 0
  })
  const failed = await listAll(db, 'pending')
  await whenAll(db, 'succeeded', 8 - failed.length)

  assert.ok(open.failures >= 3 && open.waiting > 0, JSON.stringify(open))
  assert.ok(failed.length < 8 && failed.every(({ tries }) => tries.length === 1))
  assert.equal((await readCircuit(db, TENANT, endpoint.id)).state, 'closed')
})
