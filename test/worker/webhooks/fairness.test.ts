import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { newId } from '../../../src/core/ids.ts'
import { createDispatcher } from '../../../src/queue/dispatcher.ts'
import { accept } from '../../../src/store/moves/accept.ts'
import { readJob } from '../../../src/store/read.ts'
import { readCircuit } from '../../../src/store/webhooks/trial.ts'
import { beginTry, settleTry, stepWebhooks, type TryRef } from '../../../src/store/webhooks/tries.ts'
import { INHERITED } from '../../helpers/inherited.ts'
import { SMALL, startPart } from '../../helpers/service.ts'
import { openStore, request, TENANT } from '../../helpers/store.ts'
import { until } from '../../helpers/until.ts'
import { addEndpoint, endJob, listAll, startReceiver, startWebhooks, whenAll } from '../../helpers/webhooks.ts'

const ENDS = { events: ['job.succeeded' as const] }
const WORKER = {
  ...SMALL, ...INHERITED, BATCHBOX_WEBHOOK_ALLOW_RANGES: '127.0.0.1', BATCHBOX_WEBHOOK_DELAYS_MS: '0,50', BATCHBOX_WEBHOOK_TIMEOUT_MS: '60000', BATCHBOX_LOCK_MS: '1000', BATCHBOX_STALLED_MS: '500', BATCHBOX_REAP_EVERY_MS: '500',
}

test('what a killed worker was delivering is delivered again with the same id, and a receiver that does not answer delays neither others nor jobs', async (t) => {
  const db = await openStore(t)
  const held: ServerResponse[] = []
  let isHeld = true
  const slow = await startReceiver(t, (_, response) => { if (isHeld) held.push(response); else response.writeHead(204).end() })
  const fast = await startReceiver(t)
  const first = await startPart(t, 'worker', { ...WORKER, REDIS_URL: db.url, BATCHBOX_PREFIX: db.keys.prefix })
  await addEndpoint(db, slow.url(), ENDS)
  await addEndpoint(db, fast.url(), ENDS)
  for (let i = 0; i < 12; i++) await endJob(db)
  await until('the fast one was told everything', () => fast.received.length === 12)
  const sentToSlow = held.length
  const dispatcher = createDispatcher(db, { onError: (error) => t.diagnostic(error.message) })
  t.after(() => dispatcher.close())
  const jobId = newId('job')
  const accepted = await accept(db, { id: jobId, tenant: TENANT, request: request(), traceparent: null })
  await dispatcher.dispatch(accepted.type === 'accepted' ? accepted.deals : [])
  await until('a job ran', async () => (await readJob(db, TENANT, jobId))?.status === 'succeeded')
  const cut = slow.received.map(({ headers }) => headers['webhook-id'])

  process.kill(first.pid, 'SIGKILL')
  isHeld = false
  await startWebhooks(t, db)
  const told = await whenAll(db, 'succeeded', 26)

  assert.equal(sentToSlow, 1, 'it is sent one at a time until one succeeds')
  const ids = slow.received.map(({ headers }) => headers['webhook-id'])
  for (const id of cut) assert.equal(ids.filter((each) => each === id).length, 2)
  assert.equal(new Set(ids).size, 13)
  assert.ok(told.every(({ tries }) => tries.length === 1))
  assert.deepEqual(told.filter(({ url, lost }) => url === slow.url() && lost === 1).map(({ eventId }) => eventId).toSorted(), cut.toSorted())
})

test('a receiver that was down gets everything once it is back, each event at least once and with one id', async (t) => {
  const db = await openStore(t)
  let isDown = true
  const receiver = await startReceiver(t, (_, response) => { if (isDown) response.destroy(); else response.writeHead(200).end() })
  await startWebhooks(t, db, { BATCHBOX_WEBHOOK_DELAYS_MS: '0,50,50,50,50,50,50,50,50,50', BATCHBOX_WEBHOOK_CIRCUIT_FAILURES: '3', BATCHBOX_WEBHOOK_CIRCUIT_MS: '50' })
  const { endpoint } = await addEndpoint(db, receiver.url(), ENDS)
  const ids = await Promise.all(Array.from({ length: 30 }, () => endJob(db)))
  await until('it is left alone', async () => (await readCircuit(db, TENANT, endpoint.id)).failures >= 3)

  isDown = false
  const before = receiver.received.length
  await whenAll(db, 'succeeded', 30)

  const told = new Set(receiver.received.slice(before).map(({ headers }) => headers['webhook-id']))
  assert.deepEqual([...told].toSorted(), ids.map((id) => `${id}-3`).toSorted())
})

test('ten thousand deliveries to a receiver that is dead delay nobody: others are dealt in turn, and it is asked once in a while', async (t) => {
  const db = await openStore(t)
  const { keys, redis } = db
  const { endpoint: dead } = await addEndpoint(db, 'https://dead.example.com/', ENDS)
  await endJob(db)
  const [one] = await redis.zrange(keys.deliveries(TENANT), 0, '0')
  const lane = `${TENANT}:${dead.id}`
  const fields = await redis.hgetall(keys.delivery(one ?? ''))
  const copies = Array.from({ length: 10_000 }, (_, index) => `whd_${index.toString(16).padStart(32, '0')}`)
  for (const id of copies) void redis.hset(keys.delivery(id), fields)
  await redis.zadd(keys.lane(lane), ...copies.flatMap((id) => [1, id]))
  const { endpoint: living } = await addEndpoint(db, 'https://living.example.com/', ENDS)
  for (let i = 0; i < 5; i++) await endJob(db)

  const tried = new Map([[dead.id, 0], [living.id, 0]])
  const queue: TryRef[] = (await stepWebhooks(db, 100)).deals
  for (let ref = queue.shift(); ref; ref = queue.shift()) {
    const begun = await beginTry(db, ref, { leaseMs: 60_000 })
    queue.push(...begun.deals)
    if (begun.type === 'drop') continue
    const { target } = begun.begun
    tried.set(target, (tried.get(target) ?? 0) + 1)
    const outcome = target === dead.id ? 'failed' : 'succeeded'
    const settled = await settleTry(db, begun.begun, { outcome, entry: { startedAt: 1, latencyMs: 1, status: 500, error: null, answer: null }, url: '', delayMs: 60_000, restMs: 0, body: null }, { failures: 10, openMs: 60_000, openMaxMs: 60_000 })
    if (settled.type === 'settled') queue.push(...settled.deals)
  }

  assert.equal(tried.get(living.id), 5)
  assert.ok((tried.get(dead.id) ?? 0) <= 14, String(tried.get(dead.id)))
  assert.equal((await readCircuit(db, TENANT, dead.id)).state, 'open')
  assert.equal((await listAll(db, 'succeeded')).length, 5)
  assert.deepEqual((await stepWebhooks(db, 100)).deals, [])
})
