import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDb } from '../../../src/store/db.ts'
import { startRestartableRedis } from '../../helpers/restartable-redis.ts'
import { lastInFirstOut } from '../../helpers/scope.ts'
import { until } from '../../helpers/until.ts'
import { addEndpoint, endJob, startReceiver, startWebhooks, whenAll } from '../../helpers/webhooks.ts'

test('deliveries go on after Redis was killed in the middle of them, each at least once and with one id', async (t) => {
  const scope = { ...lastInFirstOut(t), diagnostic: (message: string) => t.diagnostic(message) } // what uses Redis ends before it
  const redis = await startRestartableRedis(scope)
  const { url } = redis
  const db = { ...openDb({ url, prefix: '{killed}', failFast: false, onError: () => {} }), url }
  scope.after(() => db.close())
  const receiver = await startReceiver(t)
  await startWebhooks(scope, db, { BATCHBOX_WEBHOOK_PER_RECEIVER: '2' })
  await addEndpoint(db, receiver.url(), { events: ['job.succeeded'] })
  const ids: string[] = []
  for (let i = 0; i < 60; i++) ids.push(await endJob(db))
  await until('some were delivered', () => receiver.received.length > 5)

  await redis.kill()
  await redis.restart()
  await whenAll(db, 'succeeded', 60)

  assert.deepEqual([...new Set(receiver.received.map(({ headers }) => headers['webhook-id']))].toSorted(), ids.map((id) => `${id}-3`).toSorted())
})
