import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Lease } from '../../src/queue/consumer.ts'
import { readJob } from '../../src/store/read.ts'
import { releaseDue } from '../../src/store/reap.ts'
import { ActiveRuns } from '../../src/worker/active-runs.ts'
import { createRunLease, type RunLeaseOptions } from '../../src/worker/run-lease.ts'
import { acceptJob, beginJob, openStore, TENANT } from '../helpers/store.ts'
import { openBench, typesOf } from '../helpers/worker.ts'

const HELD: Lease = { isFresh: () => true, confirm: () => Promise.resolve(true) }
const LOST: Lease = { isFresh: () => false, confirm: () => Promise.resolve(false) }

async function openLease (t: TestContext, members: Partial<RunLeaseOptions> = {}) {
  const db = await openStore(t)
  const jobId = await acceptJob(db)
  const { run } = await beginJob(db, jobId)
  const active = new ActiveRuns().add(jobId)
  const lease = createRunLease({ db, run, active, message: HELD, beganAt: performance.now(), deadlineMs: 1000, whenTrusted: () => Promise.resolve(), ...members })
  return { db, jobId, active, lease }
}

test('a run whose message is its own may act, until somebody tells it to stop', async (t) => {
  const { active, lease } = await openLease(t)

  const before = await lease.mayAct()
  active.stop('cancel')

  assert.deepEqual([before, await lease.mayAct(), lease.hasRefused], [true, false, false])
})

test('a run that lost its message may not act, and is stopped', async (t) => {
  const { active, lease } = await openLease(t, { message: LOST })

  assert.equal(await lease.mayAct(), false)
  assert.deepEqual([active.reason, lease.hasRefused], ['fenced', true])
})

test('a run whose claim Redis cannot confirm may not act, and is given to another', async (t) => {
  const message: Lease = { isFresh: () => false, confirm: () => Promise.reject(new Error('READONLY')) }
  const { active, lease } = await openLease(t, { message })

  assert.equal(await lease.mayAct(), false)
  assert.deepEqual([active.reason, lease.hasRefused], ['fenced', true])
})

test('a run that the reaper may take by now may not act, however long its lock', async (t) => {
  const { lease } = await openLease(t, { beganAt: performance.now() - 10_500 })

  assert.equal(await lease.mayAct(), false)
})

test('no run acts while Redis may have lost writes', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { active, lease } = await openLease(t, { whenTrusted: () => promise })

  const asked = lease.mayAct()
  active.stop('fenced') // it was found to have lost its job
  resolve()

  assert.equal(await asked, false)
})

test('a run that cannot show its claim asks the store before it hands over: another has the job, or it goes on', async (t) => {
  const { db, jobId, lease } = await openLease(t, { message: LOST })

  const alone = await lease.isOvertaken()
  await beginJob(db, jobId)

  assert.deepEqual([alone, await lease.isOvertaken()], [false, true])
})

test('a run that has its job keeps its outcome though Redis refuses to confirm the message', async (t) => {
  const { lease } = await openLease(t, { message: { isFresh: () => false, confirm: () => Promise.reject(new Error('MISCONF')) } })

  assert.equal(await lease.isOvertaken(), false)
})

test('what code makes of a refused call is no outcome: the run is lost, and the job runs again', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db)

  const verdict = run(id, { lease: LOST })
  const { hooks, end } = await engine.next()
  assert.equal(await hooks.mayAct?.(), false)
  end({ type: 'succeeded' })

  assert.deepEqual(await verdict, { type: 'done' })
  const job = await readJob(db, TENANT, id)
  assert.deepEqual([job?.status, job?.lost, job?.result], ['queued', 1, null])
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.started', 'job.lost', 'job.retrying'])
  assert.deepEqual((await releaseDue(db, 10)).deals.map(({ turn }) => turn), [2])
})
