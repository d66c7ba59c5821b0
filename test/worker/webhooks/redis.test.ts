import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDb } from '../../../src/store/db.ts'
import { stepWebhooks } from '../../../src/store/webhooks/tries.ts'
import { startRestartableRedis } from '../../helpers/restartable-redis.ts'
import { lastInFirstOut } from '../../helpers/scope.ts'
import { openStore } from '../../helpers/store.ts'
import { until } from '../../helpers/until.ts'
import { addEndpoint, endJob, startReceiver, startWebhooks, whenAll } from '../../helpers/webhooks.ts'

test('deliveries go on after Redis was killed in the middle of them, each at least once and with one id', async (t) => {
  const scope = { ...lastInFirstOut(t), diagnostic: (message: string) => t.diagnostic(message) } // what uses Redis ends before it
  const redis = await startRestartableRedis(scope)
  const { url } = redis
  const db = { ...openDb({ url, prefix: '{killed}', failFast: false, onError: () => {} }), url }
  scope.after(() => db.close())
  const receiver = await startReceiver(t)
  await startWebhooks(scope, db, { BATCHBOX_WEBHOOK_PER_RECEIVER: '2', BATCHBOX_LOCK_MS: '1000' })
  await addEndpoint(db, receiver.url(), { events: ['job.succeeded'] })
  const ids: string[] = []
  for (let i = 0; i < 60; i++) ids.push(await endJob(db))
  await until('some were delivered', () => receiver.received.length > 5)

  await redis.kill()
  await redis.restart()
  await whenAll(db, 'succeeded', 60)

  assert.deepEqual([...new Set(receiver.received.map(({ headers }) => headers['webhook-id']))].toSorted(), ids.map((id) => `${id}-3`).toSorted())
})

test('a delivery whose message was handed out in an answer that came to nobody is made soon, and once', async (t) => {
  const db = await openStore(t)
  const receiver = await startReceiver(t)
  await addEndpoint(db, receiver.url(), { events: ['job.succeeded'] })
  await endJob(db)
  const lost = await stepWebhooks(db, 100)

  await startWebhooks(t, db)
  await whenAll(db, 'succeeded', 1)

  assert.deepEqual([lost.deals.length, receiver.received.length], [1, 1])
})
