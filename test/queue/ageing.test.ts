import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createConsumer } from '../../src/queue/consumer.ts'
import { JOBS } from '../../src/queue/messages.ts'
import { createDispatcher } from '../../src/queue/dispatcher.ts'
import { readTime } from '../../src/store/time.ts'
import { openStore } from '../helpers/store.ts'

const MINUTE_MS = 60_000

async function openQueue (t: TestContext) {
  const db = await openStore(t)
  const dispatcher = createDispatcher(db, { onError: (error) => t.diagnostic(error.message) })
  t.after(() => dispatcher.close())
  const send = (jobId: string, priority: 'low' | 'normal' | 'high' | 'critical', runAtMs = 1) => dispatcher.dispatch([{ jobId, turn: 1, priority, runAtMs }])
  /** The order in which a worker would be given the messages. */
  const drain = async (count: number) => {
    const order: string[] = []
    const all = Promise.withResolvers<void>()
    const consumer = createConsumer({
    channel: JOBS,
      url: db.url, prefix: db.keys.prefix, concurrency: 1, onError: (error) => t.diagnostic(error.message),
      async handle ({ jobId }) {
        if (order.push(jobId) === count) all.resolve()
        return { type: 'done' }
      },
    })
    await all.promise
    await consumer.close()
    return order
  }
  return { db, dispatcher, send, drain }
}

test('a message that waited long is served before what came later with the next priority', async (t) => {
  const { dispatcher, send, drain } = await openQueue(t)
  await send('old', 'low')

  const raised = await dispatcher.raiseOld(0, 100)
  await send('new normal', 'normal')
  await send('new high', 'high')

  assert.equal(raised, 1)
  assert.deepEqual(await drain(3), ['new high', 'old', 'new normal'])
})

test('it rises one level for each time that it waited, up to the top, and no further', async (t) => {
  const { dispatcher, send, drain } = await openQueue(t)
  await send('old', 'low')

  const raised = [await dispatcher.raiseOld(0, 100), await dispatcher.raiseOld(0, 100), await dispatcher.raiseOld(0, 100), await dispatcher.raiseOld(0, 100)]
  await send('new critical', 'critical')
  await send('new high', 'high')

  assert.deepEqual(raised, [1, 1, 1, 0])
  assert.deepEqual(await drain(3), ['old', 'new critical', 'new high'])
})

test('what did not wait long enough stays where it is, also on its way up', async (t) => {
  const { db, dispatcher, send } = await openQueue(t)
  const now = await readTime(db)
  await send('young', 'low', now)
  await send('older', 'low', now - 1.5 * MINUTE_MS)

  const raised = [await dispatcher.raiseOld(MINUTE_MS, 100), await dispatcher.raiseOld(MINUTE_MS, 100)]

  assert.deepEqual(raised, [1, 0])
})

test('of many, the oldest rise first', async (t) => {
  const { dispatcher, send, drain } = await openQueue(t)
  for (const id of ['a', 'b', 'c']) await send(id, 'low')

  await dispatcher.raiseOld(0, 2)
  await send('new', 'normal')

  assert.deepEqual(await drain(4), ['a', 'b', 'new', 'c'])
})
