import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createEpochWatch } from '../../src/worker/epoch-watch.ts'
import { openStore } from '../helpers/store.ts'

const EVERY_MS = 1000

async function openWatch (t: TestContext) {
  const db = await openStore(t)
  const lines: string[] = []
  const errors: unknown[] = []
  const reconciled: (() => void)[] = []
  let onReconcile = Promise.withResolvers<void>()
  t.mock.timers.enable({ apis: ['setInterval'] })
  const watch = await createEpochWatch({
    db,
    logger: createLogger({ name: 'worker', level: 'info', destination: { write: (line) => { lines.push(line) } } }),
    reconcile: () => new Promise((resolve) => { reconciled.push(resolve); onReconcile.resolve(); onReconcile = Promise.withResolvers() }),
    onError: (error) => errors.push(error),
  })
  t.after(() => watch.close())
  const isTrusted = () => Promise.race([watch.whenTrusted().then(() => true), new Promise((resolve) => { setImmediate(resolve, false) })])
  return { db, watch, lines, errors, reconciled, isTrusted, tick: () => t.mock.timers.tick(EVERY_MS), nextReconcile: () => onReconcile.promise }
}

test('Redis is trusted from the first pulse on, and nothing is compared while all is well', async (t) => {
  const { db, reconciled, isTrusted, tick } = await openWatch(t)

  tick()
  await db.redis.ping()
  await db.redis.ping()

  assert.deepEqual([await isTrusted(), reconciled.length], [true, 0])
})

test('writes that were lost are found; nobody goes on until what is held was compared', async (t) => {
  const { db, watch, lines, reconciled, isTrusted, tick, nextReconcile } = await openWatch(t)
  await db.redis.del(...await db.redis.keys(`${db.keys.prefix}:pulse:*`))

  const comparing = nextReconcile()
  tick()
  await comparing
  const between = await isTrusted()
  reconciled[0]?.()
  await watch.whenTrusted()

  assert.deepEqual([between, await isTrusted()], [false, true])
  assert.match(lines.join(''), /Redis lost writes/)
})

test('a connection that breaks is a reason to compare, also where nothing was lost', async (t) => {
  const { db, watch, lines, reconciled, isTrusted, nextReconcile } = await openWatch(t)

  const comparing = nextReconcile()
  const closed = once(db.redis, 'close')
  db.redis.disconnect(true)
  await closed
  const between = await isTrusted()
  await comparing
  reconciled[0]?.()
  await watch.whenTrusted()

  assert.equal(between, false)
  assert.deepEqual(lines, [])
})

test('a look that fails is reported and leaves the doubt', async (t) => {
  const { db, errors, isTrusted, tick } = await openWatch(t)
  await db.redis.del(...await db.redis.keys(`${db.keys.prefix}:pulse:*`))
  await db.redis.set(db.keys.epoch, 'another')
  t.mock.method(db.redis, 'info', () => Promise.reject(new Error('no')))

  db.redis.emit('close')
  tick()
  while (errors.length === 0) await new Promise(setImmediate)

  assert.equal(await isTrusted(), false)
})

test('after an outage, what is begun anew is let in one after another', async (t) => {
  const { db, watch, reconciled, nextReconcile } = await openWatch(t)
  await watch.whenAdmitted()

  const comparing = nextReconcile()
  db.redis.disconnect(true)
  await once(db.redis, 'close')
  const admitted = Promise.all([1, 2, 3].map(() => watch.whenAdmitted().then(() => performance.now())))
  await comparing
  reconciled[0]?.()
  const from = performance.now()

  const [, second = 0, third = 0] = await admitted
  assert.ok(second - from >= 23 && third - from >= 48, `${second - from} and ${third - from} ms`) // the least steps, and timers round
})
