import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { trace } from '@opentelemetry/api'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { writeFlowText } from '../../src/core/flow.ts'
import { openDb } from '../../src/store/db.ts'
import { postCall, withdrawCall } from '../../src/store/flow/calls.ts'
import { createFlowLanes } from '../../src/worker/flow/lanes.ts'
import { redisForTest } from '../helpers/redis.ts'
import { until } from '../helpers/until.ts'

const CALLS = 300

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
  const lanes = await createFlowLanes({ store, worker: 'w1', lanes: 2, quarantineCrashes: 0, quarantineMs: 1000, engine, tracer: trace.getTracer('test'), onError () {} })
  after(async () => {
    await lanes.close(0)
    await db.close()
  })
  const ids = Array.from({ length: CALLS }, (_, i) => `exe_${i}`)
  const text = writeFlowText({ code: '', tools: [], limits: DEFAULT_LIMIT_POLICY.defaults, traceparent: null }, 'null')
  for (const id of ids) await postCall(db, { id, tenant: 't1', codeHash: 'c', caller: 'a', text, lifeMs: 60_000 })
  await until('both lanes have a call', () => lanes.active === 2)

  for (const id of ids) await withdrawCall(db, id) // in turn: each that is stopped has the next one taken, whose caller leaves at that time

  await until('no call runs', () => lanes.active === 0, 10_000)
  assert.equal(await db.redis.exists(db.keys.flowBell), 0)
})
