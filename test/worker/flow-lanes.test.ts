import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { writeFlowText } from '../../src/core/flow.ts'
import { openDb } from '../../src/store/db.ts'
import { postCall, withdrawCall } from '../../src/store/flow/calls.ts'
import type { RunRequest } from '../../src/engine/engine.ts'
import { createFlowLanes } from '../../src/worker/flow/lanes.ts'
import { redisForTest } from '../helpers/redis.ts'
import { until } from '../helpers/until.ts'

const CALLS = 300
const TEXT = writeFlowText({ code: '', tools: [], limits: DEFAULT_LIMIT_POLICY.defaults, traceparent: null }, 'null')

test('while one tenant holds every lane, one call at a time of others is run beside them', async () => {
  const { url, prefix } = await redisForTest({ after })
  const store = { url, prefix, encryptionKeys: EncryptionKeys.parse(''), onError () {} }
  const db = openDb({ ...store, failFast: false })
  const running = new Map<string, () => void>()
  const begun: string[] = []
  const engine = {
    execute: async ({ context: { jobId } }: RunRequest) => {
      begun.push(jobId)
      await new Promise<void>((resolve) => { running.set(jobId, resolve) })
      running.delete(jobId)
      throw new Error('stopped')
    },
  }
  const lanes = await createFlowLanes({ store, worker: 'w1', lanes: 2, quarantineCrashes: 0, quarantineMs: 1000, engine, tracer: undefined, onError () {} })
  after(async () => {
    for (const end of running.values()) end()
    await lanes.close(0)
    await db.close()
  })
  const post = async (tenant: string, id: string) => { await postCall(db, { id, tenant, codeHash: 'c', caller: 'a', text: TEXT, lifeMs: 60_000 }) }
  for (const id of ['a1', 'a2', 'a3', 'a4']) await post('a', id)
  await until('both lanes are of one tenant', () => running.size === 2)

  for (const id of ['b1', 'b2']) await post('b', id)
  await until('a call of the other runs beside them', () => running.has('b1'))
  assert.deepEqual([...running.keys()], ['a1', 'a2', 'b1'])
  running.get('b1')?.()
  await until('the next one of the other follows', () => running.has('b2'))
  running.get('a1')?.()
  await until('a lane is over', () => running.size === 2)
  running.get('b2')?.()
  await until('calls go on in turn', () => running.has('a3'))

  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'b2', 'a3'])
})

test('no lane goes on with a call whose caller left while it was taken', async () => {
  const { url, prefix } = await redisForTest({ after })
  const store = { url, prefix, encryptionKeys: EncryptionKeys.parse(''), onError () {} }
  const db = openDb({ ...store, failFast: false })
  const engine = {
    /** Code without an end. */
    execute: async (_request: unknown, { signal }: { signal: AbortSignal }) => {
      if (!signal.aborted) await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
      throw new Error('stopped')
    },
  }
  const lanes = await createFlowLanes({ store, worker: 'w1', lanes: 2, quarantineCrashes: 0, quarantineMs: 1000, engine, tracer: undefined, onError () {} })
  after(async () => {
    await lanes.close(0)
    await db.close()
  })
  const ids = Array.from({ length: CALLS }, (_, i) => `exe_${i}`)
  for (const id of ids) await postCall(db, { id, tenant: 't1', codeHash: 'c', caller: 'a', text: TEXT, lifeMs: 60_000 })
  await until('both lanes have a call', () => lanes.active === 2)

  for (const id of ids) await withdrawCall(db, id) // in turn: each that is stopped has the next one taken, whose caller leaves at that time

  await until('no call runs', () => lanes.active === 0, 10_000)
  assert.equal(await db.redis.exists(db.keys.flowBell), 0)
})
