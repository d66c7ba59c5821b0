import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../src/core/ids.ts'
import { addItems } from '../../../src/store/batches/add-items.ts'
import { cancelBatch, stopItems } from '../../../src/store/batches/cancel.ts'
import { openBatch } from '../../../src/store/batches/open.ts'
import { sealAbandoned, sealBatch } from '../../../src/store/batches/seal.ts'
import { packPayload } from '../../../src/store/codec.ts'
import { deleteJob } from '../../../src/store/delete.ts'
import { begin } from '../../../src/store/moves/begin.ts'
import { cancel } from '../../../src/store/moves/cancel.ts'
import { giveBack } from '../../../src/store/moves/give-back.ts'
import { buildTemplate } from '../../../src/store/moves/new-job.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { loseRun } from '../../../src/store/reap.ts'
import { reconcile } from '../../../src/store/reconcile/reconcile.ts'
import { saveWebhookBounds } from '../../../src/store/webhooks/bounds.ts'
import { expireDeliveries } from '../../../src/store/webhooks/deliveries.ts'
import { deleteEndpoint, updateEndpoint } from '../../../src/store/webhooks/endpoints.ts'
import { acceptJob, allKeys, beginJob, openStore, request, RETENTION_MS, settlement, TENANT } from '../../helpers/store.ts'
import { addEndpoint, CHANGE, endJob, listAll } from '../../helpers/webhooks.ts'

const URL = 'https://example.com/hook'
const BOUNDS = { owedBytes: 1_000_000, logEntries: 100, retentionMs: 60_000, giveUpMs: 60_000, endpointTries: 4, tenantTries: 16 }

test('an event owes one delivery to each target that wants it, however often its move is made', async (t) => {
  const db = await openStore(t)
  const { endpoint: ends } = await addEndpoint(db, URL, { events: ['job.succeeded'] })
  const { endpoint: all } = await addEndpoint(db, URL)
  const { endpoint: stopped } = await addEndpoint(db, URL)
  await updateEndpoint(db, TENANT, stopped.id, { enabled: false }, CHANGE)
  const id = await acceptJob(db, { webhook: { url: URL, events: ['job.started', 'job.retrying'] } })
  const first = await beginJob(db, id)
  const retrying = settlement({ next: { attempt: 2, delayMs: 0 } })
  await settle(db, first.run, retrying)
  await settle(db, first.run, retrying)
  const second = await beginJob(db, id)
  await settle(db, second.run, settlement())
  await settle(db, second.run, settlement())
  await cancel(db, TENANT, id, RETENTION_MS)

  const owed = await listAll(db, 'pending')

  const told = (target: string) => owed.filter((each) => each.target === target).map(({ type }) => type).toSorted()
  assert.deepEqual(told(ends.id), ['job.succeeded'])
  assert.deepEqual(told(all.id), ['job.retrying', 'job.started', 'job.started', 'job.succeeded'])
  assert.deepEqual(told(stopped.id), [])
  assert.deepEqual(told('own'), ['job.retrying', 'job.started', 'job.started'])
  assert.equal(new Set(owed.map((each) => each.id)).size, owed.length)
  assert.deepEqual([...new Set(owed.filter(({ type }) => type === 'job.succeeded').map(({ eventId }) => eventId))], [`${id}-5`])
})

test('whatever ends a job owes it, once', async (t) => {
  const db = await openStore(t)
  await addEndpoint(db, URL, { events: ['job.succeeded', 'job.failed', 'job.dead', 'job.cancelled', 'job.expired'] })
  const ends = new Map<string, string>()
  const add = async (end: string, members: Record<string, unknown> = {}) => {
    const id = await acceptJob(db, members)
    ends.set(id, end)
    return id
  }
  const options = { worker: 'w', retentionMs: RETENTION_MS }
  const lose = { graceMs: 0, retentionMs: RETENTION_MS }
  const overdue = async (id: string) => {
    const { run } = await beginJob(db, id)
    await db.redis.zadd(db.keys.running, 1, id)
    return run
  }
  const ask = (id: string) => cancel(db, TENANT, id, RETENTION_MS)
  const error = { name: 'Error', message: 'no', code: 'USER_ERROR', retryable: false } as const

  for (const status of ['succeeded', 'failed', 'dead', 'cancelled'] as const) {
    await settle(db, (await beginJob(db, await add(`job.${status}`))).run, settlement(status === 'succeeded' ? {} : { status, error }))
  }
  await ask(await add('job.cancelled'))
  await ask(await add('job.cancelled', { delayMs: 60_000 }))
  const retried = await beginJob(db, await add('job.cancelled'))
  await ask(retried.run.jobId)
  await settle(db, retried.run, settlement({ status: 'failed', error, next: { attempt: 2, delayMs: 0 } }))
  const given = await beginJob(db, await add('job.cancelled'))
  await ask(given.run.jobId)
  await giveBack(db, given.run, { retentionMs: RETENTION_MS })
  const late = await add('job.expired', { ttlMs: 1000 })
  await db.redis.hset(db.keys.job(late), 'ttlAt', 1)
  await begin(db, { jobId: late, turn: 1 }, options)
  const lost = await overdue(await add('job.dead'))
  await db.redis.hset(db.keys.job(lost.jobId), 'lost', 1000)
  await loseRun(db, lost, lose)
  const stopped = await overdue(await add('job.cancelled'))
  await ask(stopped.jobId)
  await loseRun(db, stopped, lose)
  const again = await beginJob(db, await add('job.dead'))
  await db.redis.hset(db.keys.job(again.run.jobId), 'lost', 1000)
  await begin(db, { jobId: again.run.jobId, turn: 1 }, options)
  const againStopped = await beginJob(db, await add('job.cancelled'))
  await ask(againStopped.run.jobId)
  await begin(db, { jobId: againStopped.run.jobId, turn: 1 }, options)
  const quarantined = await add('job.dead')
  await db.redis.set(`${db.keys.prefix}:crashes:${TENANT}:${await db.redis.hget(db.keys.job(quarantined), 'code')}`, 9)
  await begin(db, { jobId: quarantined, turn: 1 }, { ...options, quarantineCrashes: 1 })

  assert.deepEqual(Object.fromEntries((await listAll(db, 'pending')).map(({ subject, type }) => [subject, type])), Object.fromEntries(ends))
  assert.equal((await listAll(db, 'pending')).length, ends.size)
})

test('a batch that stayed empty, one that is cancelled before its items ran, and their items, owe their ends', async (t) => {
  const db = await openStore(t)
  await addEndpoint(db, URL, { events: ['job.cancelled', 'batch.completed'] })
  const [empty, cancelled] = [newId('batch'), newId('batch')]
  await openBatch(db, { id: empty, tenant: TENANT, retentionMs: RETENTION_MS })
  await sealAbandoned(db, 0, 1)
  await openBatch(db, { id: cancelled, tenant: TENANT, retentionMs: RETENTION_MS })
  const template = await buildTemplate(request())
  await addItems(db, cancelled, { tenant: TENANT, first: 0, items: [{ type: 'job', template, input: await packPayload('1') }], digest: 'd', traceparent: null })

  await sealBatch(db, cancelled, { tenant: TENANT, total: 1, digest: 'd' })
  await cancelBatch(db, TENANT, cancelled)
  while (await stopItems(db, cancelled, RETENTION_MS)) { /* there are more */ }

  const [jobId = ''] = await db.redis.zrange(db.keys.jobs(TENANT), 0, '-1')
  assert.deepEqual((await listAll(db, 'pending')).map(({ subject, type }) => [subject, type]).toSorted(), [[empty, 'batch.completed'], [cancelled, 'batch.completed'], [jobId, 'job.cancelled']].toSorted())
})

test('however many endpoints are to be told of the items of a cancelled batch, a step owes so many and leaves the rest to the next', async (t) => {
  const db = await openStore(t)
  for (let i = 0; i < 10; i++) await addEndpoint(db, URL, { events: ['job.cancelled'] })
  const id = newId('batch')
  await openBatch(db, { id, tenant: TENANT, retentionMs: RETENTION_MS })
  const [template, input] = [await buildTemplate(request()), await packPayload('1')]
  await addItems(db, id, { tenant: TENANT, first: 0, items: Array.from({ length: 90 }, () => ({ type: 'job' as const, template, input })), digest: 'd', traceparent: null })
  await cancelBatch(db, TENANT, id)

  const owed = [0]
  for (let more = true; more;) {
    more = await stopItems(db, id, RETENTION_MS)
    owed.push(await db.redis.zcard(db.keys.webhookPending))
  }

  assert.equal(owed.at(-1), 900)
  assert.ok(owed.every((count, index) => count - (owed[index - 1] ?? 0) <= 200), owed.join())
})

test('the end of a batch is owed once, to its own webhook and to endpoints', async (t) => {
  const db = await openStore(t)
  const { endpoint } = await addEndpoint(db, URL, { events: ['batch.completed'] })
  const id = newId('batch')
  await openBatch(db, { id, tenant: TENANT, retentionMs: RETENTION_MS, webhook: { url: URL, headers: {} } })
  const template = await buildTemplate(request({ webhook: { url: URL } }))
  await addItems(db, id, { tenant: TENANT, first: 0, items: [{ type: 'job', template, input: await packPayload('1') }], digest: 'd', traceparent: null })
  await sealBatch(db, id, { tenant: TENANT, total: 1, digest: 'd' })
  const [jobId] = await db.redis.zrange(db.keys.jobs(TENANT), 0, '-1')
  await settle(db, (await beginJob(db, jobId ?? '')).run, settlement())
  await sealBatch(db, id, { tenant: TENANT, total: 1, digest: 'd' })

  const owed = await listAll(db, 'pending')

  assert.deepEqual(owed.map(({ type, target, subject }) => [type, target, subject]).toSorted(), [['batch.completed', 'own', id], ['batch.completed', endpoint.id, id], ['job.succeeded', 'own', jobId]].toSorted())
})

test('beyond the bytes that a tenant may have undelivered, deliveries are given up, and the log says so', async (t) => {
  const db = await openStore(t)
  await saveWebhookBounds(db, { ...BOUNDS, owedBytes: 3000 })
  await addEndpoint(db, URL, { events: ['job.succeeded'] })

  for (let i = 0; i < 4; i++) await endJob(db)

  assert.deepEqual((await listAll(db, 'dead')).map(({ reason, tries }) => [reason, tries.length]), [['full', 0], ['full', 0]])
  assert.equal((await listAll(db, 'pending')).length, 2)
  assert.equal(await db.redis.hget(db.keys.webhookBytes, TENANT), '2800')
})

test('a delivery that is too old is given up, and goes from the log when its time there is over', async (t) => {
  const db = await openStore(t)
  await saveWebhookBounds(db, { ...BOUNDS, giveUpMs: 0, retentionMs: 0 })
  await addEndpoint(db, URL, { events: ['job.succeeded'] })
  await endJob(db)

  const givenUp = await expireDeliveries(db, 10)
  const [dead] = await listAll(db, 'dead')
  const removed = await expireDeliveries(db, 10)

  assert.deepEqual([givenUp, dead?.reason, removed], [1, 'expired', 1])
  assert.deepEqual((await allKeys(db)).filter((key) => /deliver|lane|hooked|webhook-(?:bytes|until|owed|scheduled)/.test(key)), [])
})

test('the log of a tenant keeps no more than so many', async (t) => {
  const db = await openStore(t)
  await saveWebhookBounds(db, { ...BOUNDS, owedBytes: 1, logEntries: 2 })
  await addEndpoint(db, URL, { events: ['job.succeeded'] })

  const ids = [await endJob(db), await endJob(db), await endJob(db)]

  assert.deepEqual((await listAll(db, 'dead')).map(({ subject }) => subject).toSorted(), ids.slice(1).toSorted())
})

test('with its job, all that was owed of it goes', async (t) => {
  const db = await openStore(t)
  await addEndpoint(db, URL)
  const id = await endJob(db, { webhook: { url: URL } })

  const deleted = await deleteJob(db, TENANT, id, CHANGE)

  assert.equal(deleted.type, 'deleted')
  assert.deepEqual((await allKeys(db)).filter((key) => /deliver|lane|hooked|webhook-(?:bytes|until|owed|scheduled)/.test(key)), [])
})

test('a pass over everything leaves webhooks alone that are sound, and puts right what crashes and lost writes left', async (t) => {
  const db = await openStore(t)
  const { keys, redis } = db
  const pass = async () => (await Array.fromAsync(reconcile(db, { onError: (error) => { throw error } }))).reduce((sum, count) => sum + count, 0)
  const { endpoint } = await addEndpoint(db, URL)
  const { endpoint: deleted } = await addEndpoint(db, URL)
  const id = await endJob(db)
  const other = await endJob(db)
  const sound = await pass()
  const before = await listAll(db, 'pending')
  const lane = `${TENANT}:${endpoint.id}`

  await deleteEndpoint(db, TENANT, deleted.id, CHANGE)
  await redis.unlink(keys.lane(lane), keys.webhookRing, keys.webhookFilters(TENANT), keys.webhooks(TENANT), keys.hooked(id))
  await redis.zadd(keys.webhookOwed, 1, `whd_${'0'.repeat(32)}`)
  await redis.sadd(keys.laneFlight(lane), `whd_${'0'.repeat(32)}`)
  await redis.unlink(keys.job(other))
  const repairs = await pass()

  assert.equal(sound, 0)
  assert.ok(repairs > 6, String(repairs))
  assert.deepEqual((await listAll(db, 'pending')).map((each) => each.id), before.filter(({ subject }) => subject === id).map((each) => each.id))
  assert.equal(await redis.zcard(keys.lane(lane)), 2)
  assert.deepEqual(await redis.zrange(keys.webhookRing, 0, '-1').then((lanes) => lanes.includes(lane)), true)
  assert.deepEqual(await redis.hkeys(keys.webhookFilters(TENANT)), [endpoint.id])
  assert.deepEqual([await redis.zcard(keys.webhookOwed), await redis.scard(keys.laneFlight(lane)), await redis.scard(keys.hooked(id))], [0, 0, 4])
  assert.equal(await pass(), 0)
})
