import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import { appendTrace, readTrace } from '../../src/store/trace.ts'
import { acceptJob, openStore } from '../helpers/store.ts'

test('spans are read back in the order they were added, from all that added some', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)

  for (const name of ['api', 'worker']) await appendTrace(db, id, { resourceSpans: [{ name }] }, { maxBytes: 10_000, ttlMs: 60_000 })

  assert.deepEqual(await readTrace(db, id), { resourceSpans: [{ name: 'api' }, { name: 'worker' }] })
  assert.ok(await db.redis.pttl(db.keys.trace(id)) > 0)
})

test('a trace that is full takes no more, and a job that is not there takes none', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const chunk = { resourceSpans: ['x'.repeat(100)] }
  const bounds = { maxBytes: 200, ttlMs: 60_000 }

  const kept = [await appendTrace(db, id, chunk, bounds), await appendTrace(db, id, chunk, bounds), await appendTrace(db, newId('job'), chunk, bounds)]

  assert.deepEqual(kept, [true, false, false])
  assert.deepEqual(await readTrace(db, id), chunk)
  assert.deepEqual(await readTrace(db, newId('job')), { resourceSpans: [] })
})
