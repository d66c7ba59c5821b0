import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_USAGE, buildFailure } from '../../../src/core/outcome.ts'
import { newId } from '../../../src/core/ids.ts'
import { accept } from '../../../src/store/moves/accept.ts'
import { cancel } from '../../../src/store/moves/cancel.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { listJobs, readEvents, readJob, readResult } from '../../../src/store/read.ts'
import { acceptJob, beginJob, openStore, request, RETENTION_MS, settlement, TENANT } from '../../helpers/store.ts'

const ERROR = buildFailure('USER_ERROR', 'boom')

test('a settled job has its outcome, its terminal event, its retention, and owes its archive', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const usage = { ...EMPTY_USAGE, wallMs: 7 }

  const settled = await settle(db, run, settlement({ usage, result: '{"x":[1]}', events: [{ type: 'job.log', time: 5, payload: { message: 'last' } }] }))

  const job = await readJob(db, TENANT, id)
  const events = await readEvents(db, id, { after: 2, limit: 10 })
  assert.deepEqual(settled, { type: 'settled', status: 'succeeded', deals: [] })
  assert.equal(job?.status, 'succeeded')
  assert.deepEqual(job.result, { bytes: 9, json: '{"x":[1]}' })
  assert.deepEqual(job.usage, usage)
  assert.equal(job.expiresAt, (job.finishedAt ?? 0) + RETENTION_MS)
  assert.equal(job.deadlineAt, null)
  assert.deepEqual(job.attempts[0]?.usage, usage)
  assert.deepEqual(events.map(({ sequence, type }) => [sequence, type]), [[3, 'job.log'], [4, 'job.succeeded']])
  assert.equal(await db.redis.zcard(db.keys.running), 0)
  assert.deepEqual(await db.redis.zrange(db.keys.owedArchive, 0, '-1'), [id])
  assert.deepEqual(await db.redis.zrange(db.keys.expiring, 0, '-1'), [id])
})

test('the end of a job is published on its channel', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const listener = db.redis.duplicate()
  t.after(() => listener.disconnect())
  const word = Promise.withResolvers<string>()
  listener.on('message', (_channel, message) => word.resolve(message))
  await listener.subscribe(db.keys.endedChannel(id))

  await settle(db, run, settlement({ status: 'failed', error: ERROR }))

  assert.equal(await word.promise, 'failed')
})

test('of many settlements at once one is stored, and a settlement of a stale fence changes nothing', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const stale = await beginJob(db, id)
  const { run } = await beginJob(db, id)

  const answers = await Promise.all([
    settle(db, stale.run, settlement({ status: 'failed', error: ERROR })),
    settle(db, run, settlement({ result: '1' })),
    settle(db, run, settlement({ result: '2', status: 'failed', error: ERROR })),
    settle(db, stale.run, settlement({ result: '3' })),
  ])

  const job = await readJob(db, TENANT, id)
  const events = await readEvents(db, id, { after: 0, limit: 20 })
  assert.deepEqual(answers.map(({ type }) => type), ['fenced', 'settled', 'settled', 'fenced'])
  assert.deepEqual(answers[2], { type: 'settled', status: 'succeeded', deals: [] })
  assert.equal(job?.result?.json, '1')
  assert.equal(events.filter(({ type }) => type === 'job.succeeded' || type === 'job.failed').length, 1)
})

test('a next attempt after a delay is scheduled and its dispatch owed; without one it is queued at once', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db, { retry: { attempts: 3 } })

  const later = await settle(db, (await beginJob(db, id)).run, settlement({ status: 'failed', error: ERROR, next: { attempt: 2, delayMs: 60_000 } }))

  const job = await readJob(db, TENANT, id)
  assert.equal(job?.status, 'scheduled')
  assert.equal(job.attempt, 2)
  assert.deepEqual(later, { type: 'settled', status: 'scheduled', deals: [] })
  assert.deepEqual(job.attempts.map(({ number, error }) => [number, error?.code]), [[1, 'USER_ERROR']])
  assert.equal(job.error, null)
  assert.deepEqual(await db.redis.zrange(db.keys.scheduled, 0, '-1', 'WITHSCORES'), [`${id} 2`, String(job.runAt)])
  assert.deepEqual((await listJobs(db, TENANT, { status: 'scheduled', limit: 5 })).jobs.map((each) => each.id), [id])
  const retrying = (await readEvents(db, id, { after: 2, limit: 5 }))[0]
  assert.equal(retrying?.type, 'job.retrying')
  assert.deepEqual(retrying.payload, { error: ERROR, attempt: 2, delayMs: 60_000, charged: null })
})

test('a tenant that retries more than its budget waits for each retry, and no other tenant does', async (t) => {
  const db = await openStore(t)
  const retry = async (tenant: string) => {
    const id = newId('job')
    await accept(db, { id, tenant, request: request({ retry: { attempts: 2 } }), traceparent: null })
    await settle(db, (await beginJob(db, id)).run, settlement({ status: 'failed', error: ERROR, next: { attempt: 2, delayMs: 0 }, retryEveryMs: 5000 }))
    const job = await readJob(db, tenant, id)
    return { status: job?.status, waitsMs: (job?.runAt ?? 0) - (job?.attempts[0]?.finishedAt ? Date.parse(job.attempts[0].finishedAt) : 0), event: (await readEvents(db, id, { after: 2, limit: 1 }))[0] }
  }

  const retries = [await retry(TENANT), await retry(TENANT), await retry(TENANT), await retry(TENANT)]
  const other = await retry('other')

  assert.deepEqual(retries.map(({ status }) => status), ['queued', 'queued', 'queued', 'scheduled'])
  assert.ok(retries[3]!.waitsMs > 4000 && retries[3]!.waitsMs <= 5000, 'four of them') // there are four
  assert.equal(retries[3]?.event?.payload['heldForMs'], retries[3]?.waitsMs)
  assert.equal(other.status, 'queued')
})

test('a crash is counted on its own budget and its attempt runs again', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await settle(db, (await beginJob(db, id)).run, settlement({ status: 'queued', next: { attempt: 1, delayMs: 0 }, charge: 'crash' }))

  const { job, run } = await beginJob(db, id)

  assert.equal(job.crashes, 1)
  assert.equal(job.lost, 0)
  await settle(db, run, settlement())
  assert.deepEqual((await readJob(db, TENANT, id))?.attempts.map(({ number, runs }) => ({ number, runs: runs.length })), [{ number: 1, runs: 2 }])
})

test('a job that was to be cancelled is cancelled instead of tried again, but an outcome that ended it stands', async (t) => {
  const db = await openStore(t)
  const retried = await acceptJob(db)
  const finished = await acceptJob(db)
  const one = await beginJob(db, retried)
  const two = await beginJob(db, finished)
  await cancel(db, TENANT, retried, RETENTION_MS)
  await cancel(db, TENANT, finished, RETENTION_MS)

  const first = await settle(db, one.run, settlement({ status: 'failed', error: ERROR, next: { attempt: 2, delayMs: 0 } }))
  const second = await settle(db, two.run, settlement())

  assert.deepEqual(first, { type: 'settled', status: 'cancelled', deals: [] })
  assert.equal((await readJob(db, TENANT, retried))?.error?.code, 'CANCELLED')
  assert.equal((await readEvents(db, retried, { after: 0, limit: 9 })).at(-1)?.type, 'job.cancelled')
  assert.equal(await db.redis.zcard(db.keys.owedDispatch), 0)
  assert.deepEqual(second, { type: 'settled', status: 'succeeded', deals: [] })
})

test('a repeat of a settlement that led to another run is answered as the first was, also once that run has begun', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const again = settlement({ next: { attempt: 2, delayMs: 0 } })
  const first = await settle(db, run, again)
  await beginJob(db, id, 2)

  const second = await settle(db, run, again)

  assert.deepEqual(second, first)
  assert.equal((await readJob(db, TENANT, id))?.status, 'running')
})

test('a result above 16 KB has a key of its own and reads back as it was', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const result = JSON.stringify('y'.repeat(200_000))

  await settle(db, (await beginJob(db, id)).run, settlement({ result }))

  assert.deepEqual((await readJob(db, TENANT, id))?.result, { bytes: result.length, json: null })
  assert.equal((await readResult(db, TENANT, id))?.toString(), result)
  assert.equal(await readResult(db, 'other', id), undefined)
  assert.equal(await db.redis.exists(db.keys.payload(id, 'result')), 1)
})

test('a settlement that neither ends the job nor has a next run is a mistake', async (t) => {
  const db = await openStore(t)
  const { run } = await beginJob(db, await acceptJob(db))

  await assert.rejects(settle(db, run, settlement({ status: 'queued' })), RangeError)
})
