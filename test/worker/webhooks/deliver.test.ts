import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { readSecrets } from '../../../src/store/webhooks/secrets.ts'
import { openStore, TENANT } from '../../helpers/store.ts'
import { until } from '../../helpers/until.ts'
import { addEndpoint, endJob, startReceiver, startWebhooks, whenAll, type Received } from '../../helpers/webhooks.ts'

function verify (received: Received, secret: string): unknown {
  return new Webhook(secret).verify(received.body, received.headers as Record<string, string>) // each of these is there once
}

test('the end of a job is told to an endpoint and to the webhook of the job, signed, with the result', async (t) => {
  const db = await openStore(t)
  const receiver = await startReceiver(t)
  await startWebhooks(t, db)
  const { secret } = await addEndpoint(db, receiver.url('/endpoint'), { events: ['job.succeeded'], headers: { 'x-from': 'batchbox' } })

  const id = await endJob(db, { tags: { a: 'b' }, webhook: { url: receiver.url('/own') } }, { result: '{"x":[1]}' })
  await until('both were told', () => receiver.received.length === 2)

  const [own] = await readSecrets(db, TENANT, null)
  const [toEndpoint, toOwn] = receiver.received.toSorted((a, b) => a.path < b.path ? -1 : 1)
  assert.ok(toEndpoint && toOwn && own)
  const body = verify(toEndpoint, secret.secret) as { type: string, version: number, data: Record<string, unknown> }
  assert.deepEqual(verify(toOwn, own.secret), body)
  assert.equal(body.type, 'job.succeeded')
  assert.deepEqual([body.data['id'], body.data['status'], body.data['result'], body.data['tags']], [id, 'succeeded', { x: [1] }, { a: 'b' }])
  assert.equal(toEndpoint.headers['x-from'], 'batchbox')
  assert.deepEqual([toEndpoint, toOwn].map(({ headers }) => headers['webhook-id']), [`${id}-3`, `${id}-3`])
  const deliveries = await whenAll(db, 'succeeded', 2)
  assert.deepEqual(deliveries.map(({ tries }) => tries.map(({ number, status, error }) => [number, status, error])), [[[1, 204, null]], [[1, 204, null]]])
})
