import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { FlowCall, FlowReply } from '../../src/core/flow.ts'
import { FlowReply as Reply, readFlowText, writeFlowText } from '../../src/core/flow.ts'
import { newId } from '../../src/core/ids.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import type { Db } from '../../src/store/db.ts'
import { lookAtCalls, postCall, readAnswer, readFlowState, withdrawCall } from '../../src/store/flow/calls.ts'
import { beat, work, type FlowWorker, type TakenCall } from '../../src/store/flow/work.ts'
import { createSubscriber } from '../../src/store/subscriber.ts'
import { allKeys, openStore } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const LIFE_MS = 60_000
const HASH = 'a'.repeat(64)
const WORKER: FlowWorker = { member: '2 w1', quarantineCrashes: 2, quarantineMs: LIFE_MS, runMs: LIFE_MS }
const CALL: FlowCall = { code: 'return 1', tools: [], limits: DEFAULT_LIMIT_POLICY.defaults, traceparent: null }
const REPLY: FlowReply = { error: null, wallMs: 1 }

/** Posts a call of a tenant and answers its id. */
async function post (db: Db, tenant = 'acme', { input = '1', lifeMs = LIFE_MS, caller = 'api' } = {}): Promise<string> {
  const id = newId('execution')
  await postCall(db, { id, tenant, codeHash: HASH, caller, text: writeFlowText(CALL, input), lifeMs })
  return id
}

function done ({ id, tenant, codeHash, caller }: TakenCall, { result = '42', hasCrashed }: { result?: string, hasCrashed?: boolean } = {}) {
  return { id, tenant, codeHash, caller, reply: REPLY, result, hasCrashed }
}

test('calls are taken in the order of their tenant, and tenants in turn', async (t) => {
  const db = await openStore(t)
  const [a1, a2, a3, b1] = [await post(db, 'a'), await post(db, 'a'), await post(db, 'a'), await post(db, 'b')]

  const first = await work(db, WORKER, 3)
  const second = await work(db, WORKER, 3)

  assert.deepEqual(first.map(({ id }) => id), [a1, b1, a2])
  assert.deepEqual(second.map(({ id }) => id), [a3])
  assert.deepEqual(first[0]?.open(), { call: CALL, input: '1' })
})

test('a tenant that is passed over keeps its calls, and others are taken in turn', async (t) => {
  const db = await openStore(t)
  const [a1, b1, c1, b2] = [await post(db, 'a'), await post(db, 'b'), await post(db, 'c'), await post(db, 'b')]

  const others = await work(db, WORKER, 4, { passOver: 'a' })
  const none = await work(db, WORKER, 1, { passOver: 'a' })
  const own = await work(db, WORKER, 1)

  assert.deepEqual(others.map(({ id }) => id), [b1, c1, b2])
  assert.deepEqual(none, [])
  assert.deepEqual(own.map(({ id }) => id), [a1])
})

test('whoever tells of a call takes the next, and the API that asked hears of it', async (t) => {
  const db = await openStore(t)
  const subscriber = createSubscriber(db, { onError: (error) => t.diagnostic(error.message) })
  t.after(() => subscriber.close())
  const heard: string[] = []
  await subscriber.listen(db.keys.flowAnswersChannel('api'), (message) => heard.push(message ?? '')).confirmed
  const [first, next] = [await post(db), await post(db)]
  const [taken] = await work(db, WORKER, 1)
  assert.ok(taken)

  const [other] = await work(db, WORKER, 1, { done: done(taken) })

  assert.equal(other?.id, next)
  await until('the answer comes', () => heard.length > 0)
  const answer = readAnswer(db, heard[0] ?? '')
  assert.equal(answer.id, first)
  assert.deepEqual(readFlowText(Reply, await answer.read('acme')), { head: REPLY, json: '42' })
})

for (const [form, encryptionKeys, result] of [
  ['short and encrypted', [{ id: 'k1', key: randomBytes(32) }], '"secret"'],
  ['long', [], JSON.stringify('secret'.repeat(20_000))],
  ['long and encrypted', [{ id: 'k1', key: randomBytes(32) }], JSON.stringify('secret'.repeat(20_000))],
] as const) {
  test(`an answer that is ${form} comes whole, and is read once`, async (t) => {
    const db = await openStore(t, encryptionKeys)
    const subscriber = createSubscriber(db, { onError: (error) => t.diagnostic(error.message) })
    t.after(() => subscriber.close())
    const heard: string[] = []
    await subscriber.listen(db.keys.flowAnswersChannel('api'), (message) => heard.push(message ?? '')).confirmed
    await post(db, 'acme', { input: '"secret"' })
    const stored = await Promise.all((await allKeys(db)).filter((key) => key.startsWith('flow:call')).map((key) => db.redis.get(`${db.keys.prefix}:${key}`)))
    const [taken] = await work(db, WORKER, 1)
    assert.ok(taken)

    await work(db, WORKER, 0, { done: done(taken, { result }) })

    await until('the answer comes', () => heard.length > 0)
    assert.equal(encryptionKeys.length > 0 && [...stored, ...heard].some((text) => text?.includes('secret')), false)
    assert.equal(readFlowText(Reply, await readAnswer(db, heard[0] ?? '').read('acme')).json, result)
    assert.deepEqual(taken.open().input, '"secret"')
    assert.deepEqual(await allKeys(db), ['flow:caller:api'])
  })
}

test('a call that was taken back, or whose time has passed, is never run', async (t) => {
  const db = await openStore(t)
  const [back, kept, late] = [await post(db), await post(db), await post(db, 'acme', { lifeMs: 1 })]
  await until('its time has passed', async () => await db.redis.exists(db.keys.flowCall(late)) === 0)

  const wasWaiting = await withdrawCall(db, back)
  const taken = await work(db, WORKER, 5)

  assert.equal(wasWaiting, true)
  assert.deepEqual(taken.map(({ id }) => id), [kept])
  assert.equal(await withdrawCall(db, kept), false)
})

test('calls of a process that is gone are not run', async (t) => {
  const db = await openStore(t)
  const [gone, kept] = [await post(db, 'acme', { caller: 'gone' }), await post(db)]
  await db.redis.del(db.keys.flowCaller('gone')) // its time has passed

  const taken = await work(db, WORKER, 5)

  assert.deepEqual(taken.map(({ id }) => id), [kept])
  assert.deepEqual(await lookAtCalls(db, 'api', [gone]), ['unknown'])
})

test('calls that nobody takes do not pile up', async (t) => {
  const db = await openStore(t)
  for (let i = 0; i < 20; i++) await withdrawCall(db, await post(db))

  await post(db)

  assert.ok((await readFlowState(db, 'acme')).waiting < 5)
})

test('a look tells calls that wait from those that run, whose worker is gone, and that nobody knows', async (t) => {
  const db = await openStore(t)
  await beat(db, WORKER, LIFE_MS)
  const [running, lost] = [await post(db), await post(db)]
  await work(db, WORKER, 1)
  await work(db, { ...WORKER, member: '2 w2' }, 1)
  const waiting = await post(db)

  const states = await lookAtCalls(db, 'api', [waiting, running, lost, newId('execution')])

  assert.deepEqual(states, ['waiting', 'running', 'lost', 'unknown'])
  assert.deepEqual(await readFlowState(db, 'acme'), { workers: 1, lanes: 2, waiting: 1 })
  await beat(db, WORKER, 0)
  assert.deepEqual(await lookAtCalls(db, 'api', [running]), ['lost'])
})

test('code that kills runners is not run for a while, and every run that ends well takes one off', async (t) => {
  const db = await openStore(t)
  const next = async (hasCrashed: boolean) => {
    await post(db)
    const [taken] = await work(db, WORKER, 1)
    assert.ok(taken)
    await work(db, WORKER, 0, { done: done(taken, taken.isQuarantined ? {} : { hasCrashed }) })
    return taken.isQuarantined
  }

  const seen = [await next(true), await next(false), await next(true), await next(true), await next(true), await next(false)]

  assert.deepEqual(seen, [false, false, false, false, true, true])
})

test('the bell rings for each call, and is still when none waits', async (t) => {
  const db = await openStore(t)
  await post(db)
  await post(db)
  assert.equal(await db.redis.llen(db.keys.flowBell), 2)

  await work(db, WORKER, 3)

  assert.deepEqual((await allKeys(db)).filter((key) => !key.startsWith('flow:run')), ['flow:caller:api'])
})
