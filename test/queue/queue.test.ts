import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createConsumer, type Consumer, type ConsumerOptions, type Verdict } from '../../src/queue/consumer.ts'
import { JOBS } from '../../src/queue/messages.ts'
import { createDispatcher, type Dispatcher } from '../../src/queue/dispatcher.ts'
import type { Db } from '../../src/store/db.ts'
import type { TurnRef } from '../../src/store/moves/begin.ts'
import { settle } from '../../src/store/moves/settle.ts'
import type { DispatchRef } from '../../src/store/deals.ts'
import { owedDispatches } from '../../src/store/reap.ts'
import { readJob } from '../../src/store/read.ts'
import { acceptJob, beginJob, openStore, settlement, TENANT } from '../helpers/store.ts'

const DONE: Verdict = { type: 'done' }
const SHORT = { lockMs: 400, stalledMs: 200 }

async function openQueue (t: TestContext): Promise<{ db: Db & { url: string }, dispatcher: Dispatcher }> {
  const db = await openStore(t)
  const dispatcher = createDispatcher(db, { onError: (error) => t.diagnostic(error.message) })
  t.after(() => dispatcher.close())
  return { db, dispatcher }
}

function startConsumer (t: TestContext, db: Db & { url: string }, options: Partial<ConsumerOptions<TurnRef>> & Pick<ConsumerOptions<TurnRef>, 'handle'>): Consumer {
  const consumer = createConsumer({
    channel: JOBS,
    url: db.url, prefix: db.keys.prefix, concurrency: 1, onError: (error) => t.diagnostic(error.message), ...options,
  })
  t.after(() => consumer.close({ force: true }))
  return consumer
}

function ref (jobId: string, more: Partial<DispatchRef> = {}): DispatchRef {
  return { jobId, turn: 1, priority: 'normal', runAtMs: 0, ...more }
}

/** A handler that notes what it is given and resolves `all` after that many. */
function collect (count: number) {
  const seen: TurnRef[] = []
  const all = Promise.withResolvers<TurnRef[]>()
  const note = (each: TurnRef) => {
    seen.push(each)
    if (seen.length === count) all.resolve(seen)
  }
  return { note, all: all.promise }
}

test('messages are delivered once each, the more urgent first, and nothing of them stays', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const { note, all } = collect(4)
  await dispatcher.dispatch([ref('a', { priority: 'low' }), ref('b'), ref('c', { priority: 'critical' }), ref('d', { priority: 'high', turn: 7 })])

  const consumer = startConsumer(t, db, { async handle (each) { note(each); return DONE } })
  const seen = await all
  await consumer.close()

  assert.deepEqual(seen, [{ jobId: 'c', turn: 1 }, { jobId: 'd', turn: 7 }, { jobId: 'b', turn: 1 }, { jobId: 'a', turn: 1 }])
  assert.deepEqual(await dispatcher.count(), { waiting: 0, scheduled: 0, active: 0 })
  assert.deepEqual(await db.redis.keys(`${db.keys.queue}:jobs:?-?*`), [])
})

test('a twin is refused while its message waits or is being handled, and taken once it is over', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const { note, all } = collect(2)
  const gate = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  await dispatcher.dispatch([ref('a')])
  await dispatcher.dispatch([ref('a')])
  const waiting = await dispatcher.count()
  startConsumer(t, db, { async handle (each) { started.resolve(); await gate.promise; note(each); return DONE } })
  await started.promise

  await dispatcher.dispatch([ref('a')])
  const handled = await dispatcher.count()
  await dispatcher.dispatch([ref('b', { priority: 'low' })])
  gate.resolve()

  assert.equal(waiting.waiting, 1)
  assert.deepEqual(handled, { waiting: 0, scheduled: 0, active: 1 })
  assert.deepEqual((await all).map(({ jobId }) => jobId), ['a', 'b'])
})

test('a message can be discarded while it waits', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const { note, all } = collect(1)

  await dispatcher.dispatch([ref('never', { priority: 'high' }), ref('now')])
  await dispatcher.discard({ jobId: 'never', turn: 1 })
  startConsumer(t, db, { async handle (each) { note(each); return DONE } })

  assert.deepEqual(await all, [{ jobId: 'now', turn: 1 }])
})

test('a message that is answered "back" is delivered again, as often as that happens', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const { note, all } = collect(5)
  let calls = 0
  await dispatcher.dispatch([ref('a')])

  startConsumer(t, db, { async handle (each) { note(each); calls += 1; return calls < 5 ? { type: 'back' } : DONE } })

  assert.equal((await all).length, 5)
})

test('a handler that throws loses no message: it is reported, and the message delivered again', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const { note, all } = collect(2)
  const errors: string[] = []
  await dispatcher.dispatch([ref('a')])

  startConsumer(t, db, {
    onError: (error) => errors.push(error.message),
    async handle (each) {
      note(each)
      if (errors.length === 0) throw new Error('store is away')
      return DONE
    },
  })

  assert.equal((await all).length, 2)
  assert.deepEqual(errors, ['store is away'])
})

test('a handler that lost the lock of its message is told so, and the message is delivered again', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const started = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<void>()
  const again = Promise.withResolvers<void>()
  let calls = 0
  startConsumer(t, db, {
    ...SHORT,
    onError: () => {}, // BullMQ tells of the lost lock here too
    async handle (_ref, { signal }) {
      calls += 1
      if (calls > 1) {
        again.resolve()
        return DONE
      }
      started.resolve()
      await new Promise<void>((resolve) => { signal.addEventListener('abort', () => resolve()) })
      aborted.resolve()
      return DONE
    },
  })
  await dispatcher.dispatch([ref('a')])
  await started.promise

  await db.redis.del(`${db.keys.queue}:jobs:a-1:lock`)

  await aborted.promise
  await again.promise
})

test('a worker that dies loses no job: another gets its message, the lost run is counted, and the job succeeds', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const id = await acceptJob(db)
  const started = Promise.withResolvers<void>()
  const settled = Promise.withResolvers<void>()
  const dying = startConsumer(t, db, {
    ...SHORT,
    async handle (each) {
      await beginJob(db, each.jobId)
      started.resolve()
      return new Promise<Verdict>(() => {})
    },
  })
  await dispatcher.dispatch(await owedDispatches(db, 0, 10))
  await started.promise

  await dying.close({ force: true })
  startConsumer(t, db, {
    ...SHORT,
    async handle (each) {
      const { run } = await beginJob(db, each.jobId, each.turn)
      await settle(db, run, settlement())
      settled.resolve()
      return DONE
    },
  })
  await settled.promise

  const job = await readJob(db, TENANT, id)
  assert.equal(job?.status, 'succeeded')
  assert.equal(job.lost, 1)
  assert.equal(job.attempts[0]?.runs.length, 2)
})

test('a debt that a crash left between accept and dispatch is paid from what the store owes', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const { note, all } = collect(1)
  const id = await acceptJob(db)
  startConsumer(t, db, { async handle (each) { note(each); return DONE } })

  await dispatcher.dispatch(await owedDispatches(db, 0, 10))

  assert.deepEqual(await all, [{ jobId: id, turn: 1 }])
  assert.deepEqual(await owedDispatches(db, 0, 10), [])
})

test('a graceful close takes nothing more and waits for what is being handled', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const started = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const handled: string[] = []
  await dispatcher.dispatch([ref('a', { priority: 'high' }), ref('b')])
  const consumer = startConsumer(t, db, { async handle ({ jobId }) { started.resolve(); await gate.promise; handled.push(jobId); return DONE } })
  await started.promise

  const closed = consumer.close()
  gate.resolve()
  await closed

  assert.deepEqual(handled, ['a'])
  assert.deepEqual(await dispatcher.count(), { waiting: 1, scheduled: 0, active: 0 })
})

test('a message handed back during a graceful close waits for another worker', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const started = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  await dispatcher.dispatch([ref('a')])
  const consumer = startConsumer(t, db, { async handle () { started.resolve(); await gate.promise; return { type: 'back' } } })
  await started.promise

  const closed = consumer.close()
  gate.resolve()
  await closed

  assert.deepEqual(await dispatcher.count(), { waiting: 1, scheduled: 0, active: 0 })
})

test('a close that is forced while a graceful one waits aborts the handlers and ends', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const started = Promise.withResolvers<AbortSignal>()
  await dispatcher.dispatch([ref('a')])
  const consumer = startConsumer(t, db, { async handle (_ref, { signal }) { started.resolve(signal); return new Promise<Verdict>(() => {}) } })
  const signal = await started.promise

  void consumer.close()
  await consumer.close({ force: true })

  assert.equal(signal.aborted, true)
})

test('a message that comes back to the process that still handles it waits for the first handler to end', async (t) => {
  const { db, dispatcher } = await openQueue(t)
  const started = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  let atOnce = 0
  let most = 0
  let calls = 0
  startConsumer(t, db, {
    ...SHORT,
    concurrency: 3,
    onError: () => {}, // BullMQ tells of the lost lock here too
    async handle (_ref, { signal }) {
      calls += 1
      atOnce += 1
      most = Math.max(most, atOnce)
      if (calls === 1) {
        started.resolve()
        await new Promise<void>((resolve) => { signal.addEventListener('abort', () => resolve()) })
        await waitForRedelivery(db)
      }
      atOnce -= 1
      if (calls > 1) over.resolve()
      return DONE
    },
  })
  await dispatcher.dispatch([ref('a')])
  await started.promise

  await db.redis.del(`${db.keys.queue}:jobs:a-1:lock`)
  await over.promise

  assert.equal(most, 1)
  assert.equal(calls, 2)
})

/** Polls, since BullMQ signals it to nobody: the message is locked again once it was delivered. */
async function waitForRedelivery (db: Db): Promise<void> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline && await db.redis.exists(`${db.keys.queue}:jobs:a-1:lock`) === 0);
}
