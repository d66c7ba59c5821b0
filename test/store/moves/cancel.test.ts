import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../src/core/ids.ts'
import { createWorkerListener } from '../../../src/store/worker-listener.ts'
import { begin } from '../../../src/store/moves/begin.ts'
import { cancel } from '../../../src/store/moves/cancel.ts'
import { append, check } from '../../../src/store/moves/progress.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { listJobs, readEvents, readJob } from '../../../src/store/read.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../../helpers/store.ts'

for (const [state, members] of [['queued', {}], ['scheduled', { delayMs: 60_000 }]] as const) {
  test(`a ${state} job is cancelled at once, owes no dispatch, and never runs`, async (t) => {
    const db = await openStore(t)
    const id = await acceptJob(db, members)

    const cancelled = await cancel(db, TENANT, id, RETENTION_MS)

    const job = await readJob(db, TENANT, id)
    assert.deepEqual(cancelled, { type: 'cancelled' })
    assert.equal(job?.status, 'cancelled')
    assert.equal(job.error?.code, 'CANCELLED')
    assert.equal(await db.redis.zcard(db.keys.owedDispatch) + await db.redis.zcard(db.keys.scheduled), 0)
    assert.equal((await readEvents(db, id, { after: 0, limit: 9 })).at(-1)?.type, 'job.cancelled')
    assert.equal((await listJobs(db, TENANT, { status: state, limit: 5 })).jobs.length, 0)
    assert.equal((await begin(db, { jobId: id, turn: 1 }, { worker: 'w', retentionMs: 1 })).type, 'drop')
  })
}

test('cancelling a running job says so to its worker, by word and by flag, and the worker settles', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const word = Promise.withResolvers<string>()
  const listener = await createWorkerListener(db, { onCancel: word.resolve, onWebhooks () {}, onError: word.reject })
  t.after(() => listener.close())

  const asked = await cancel(db, TENANT, id, RETENTION_MS)

  assert.deepEqual(asked, { type: 'asked' })
  assert.equal(await word.promise, id)
  assert.deepEqual(await append(db, run, []), { type: 'kept', cancelled: true })
  assert.deepEqual([...await check(db, [run])], [[run, 'cancelled']])
  await settle(db, run, settlement({ status: 'cancelled' }))
  assert.equal((await readJob(db, TENANT, id))?.error?.code, 'CANCELLED')
  assert.deepEqual(await cancel(db, TENANT, id, RETENTION_MS), { type: 'ended', status: 'cancelled' })
})

test('an ended job stays as it ended, and another tenant finds no job to cancel', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)

  assert.deepEqual(await cancel(db, 'other', id, RETENTION_MS), { type: 'missing' })
  assert.deepEqual(await cancel(db, TENANT, newId('job'), RETENTION_MS), { type: 'missing' })
  await settle(db, (await beginJob(db, id)).run, settlement())
  assert.deepEqual(await cancel(db, TENANT, id, RETENTION_MS), { type: 'ended', status: 'succeeded' })
})

test('a cancel that races with a begin either wins, or is seen by the run', async (t) => {
  const db = await openStore(t)
  const ids = await Promise.all(Array.from({ length: 20 }, () => acceptJob(db)))

  await Promise.all(ids.map(async (id, index) => {
    const starting = index % 2 ? begin(db, { jobId: id, turn: 1 }, { worker: 'w', retentionMs: 1000 }) : undefined
    const cancelled = await cancel(db, TENANT, id, RETENTION_MS)
    const begun = await (starting ?? begin(db, { jobId: id, turn: 1 }, { worker: 'w', retentionMs: 1000 }))
    if (cancelled.type === 'cancelled') assert.equal(begun.type, 'drop')
    else assert.deepEqual(begun.type === 'run' && await append(db, begun.run, []), { type: 'kept', cancelled: true })
  }))
})
