import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../../../src/core/digest.ts'
import { newId } from '../../../src/core/ids.ts'
import { DELAY_MAX_MS } from '../../../src/core/job-request.ts'
import { accept } from '../../../src/store/moves/accept.ts'
import { listJobs, readEvents, readJob } from '../../../src/store/read.ts'
import { readTime } from '../../../src/store/time.ts'
import { beginJob, openStore, request, TENANT } from '../../helpers/store.ts'

const TTL_MS = 86_400_000

test('an accepted job is queued, has its first event, and its dispatch is owed', async (t) => {
  const db = await openStore(t)
  const id = newId('job')

  const accepted = await accept(db, { id, tenant: TENANT, request: request({ tags: { a: 'b' } }), traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` })

  const job = await readJob(db, TENANT, id)
  assert.equal(accepted.type, 'accepted')
  assert.equal(job?.status, 'queued')
  assert.equal(job.spec.tags['a'], 'b')
  assert.equal(job.traceId, '1'.repeat(32))
  assert.deepEqual(await readEvents(db, id, { after: 0, limit: 10 }), [{ sequence: 1, type: 'job.queued', time: job.createdAt, attempt: 0, payload: {} }])
  assert.deepEqual(await db.redis.zrange(db.keys.owedDispatch, 0, '-1'), [`${id} 1`])
})

test('a delayed job is scheduled, and its dispatch is due when its delay is over', async (t) => {
  const db = await openStore(t)
  const id = newId('job')

  await accept(db, { id, tenant: TENANT, request: request({ delayMs: 5000 }), traceparent: null })

  const job = await readJob(db, TENANT, id)
  assert.equal(job?.status, 'scheduled')
  assert.equal(job.runAt, job.createdAt + 5000)
  assert.equal(await db.redis.zscore(db.keys.scheduled, `${id} 1`), String(job.runAt))
})

test('a job that is to run at a time is scheduled until then by the clock of Redis; a time that has passed means at once, one too far ahead is refused', async (t) => {
  const db = await openStore(t)
  const at = async (ms: number) => {
    const id = newId('job')
    const accepted = await accept(db, { id, tenant: TENANT, request: request({ runAt: new Date(ms).toISOString() }), traceparent: null })
    return { accepted, job: await readJob(db, TENANT, id) }
  }
  const now = await readTime(db)

  const [later, past, late] = await Promise.all([at(now + 3_600_000), at(now - 1000), at(now + DELAY_MAX_MS + 60_000)])

  assert.deepEqual([later.job?.status, later.job?.runAt], ['scheduled', now + 3_600_000])
  assert.equal(await db.redis.zscore(db.keys.scheduled, `${later.job?.id} 1`), String(now + 3_600_000))
  assert.deepEqual([past.job?.status, past.job?.runAt], ['queued', null])
  assert.deepEqual([late.accepted, late.job], [{ type: 'late' }, undefined])
})

test('accepting the same id again changes nothing', async (t) => {
  const db = await openStore(t)
  const job = { id: newId('job'), tenant: TENANT, request: request(), traceparent: null }

  const first = await accept(db, job)
  const second = await accept(db, job)

  assert.deepEqual(second, first)
  assert.equal((await readEvents(db, job.id, { after: 0, limit: 10 })).length, 1)
  assert.equal(await db.redis.hget(db.keys.code(TENANT, sha256(job.request.code)), 'refs'), '1')
})

test('code is stored once for a tenant, and apart for another', async (t) => {
  const db = await openStore(t)
  const hash = sha256(request().code)

  for (const tenant of [TENANT, TENANT, 'other']) await accept(db, { id: newId('job'), tenant, request: request(), traceparent: null })

  assert.equal(await db.redis.hget(db.keys.code(TENANT, hash), 'refs'), '2')
  assert.equal(await db.redis.hget(db.keys.code('other', hash), 'refs'), '1')
})

test('input above 16 KB has a key of its own, compressed, and begins a run as it was', async (t) => {
  const db = await openStore(t)
  const id = newId('job')
  const input = 'x'.repeat(100_000)

  await accept(db, { id, tenant: TENANT, request: request({ input }), traceparent: null })

  assert.ok(await db.redis.strlen(db.keys.payload(id, 'input')) < 1000)
  const { job } = await beginJob(db, id)
  assert.equal(job.input, JSON.stringify(input))
})

test('one Idempotency-Key used fifty times at once makes one job, which all are told of', async (t) => {
  const db = await openStore(t)
  const idempotency = { key: 'order 1', bodyHash: sha256('body'), ttlMs: TTL_MS }
  const ids = Array.from({ length: 50 }, () => newId('job'))

  const answers = await Promise.all(ids.map((id) => accept(db, { id, tenant: TENANT, request: request(), traceparent: null, idempotency })))

  const { jobs } = await listJobs(db, TENANT, { limit: 100 })
  assert.equal(jobs.length, 1)
  assert.equal(answers.filter(({ type }) => type === 'accepted').length, 1)
  assert.ok(answers.every((answer) => answer.type === 'accepted' || (answer.type === 'repeated' && answer.jobId === jobs[0]?.id)))
})

test('an Idempotency-Key with another body is a mismatch and makes nothing; another tenant may use the same key', async (t) => {
  const db = await openStore(t)
  const job = (tenant: string, body: string) => ({
    id: newId('job'), tenant, request: request(), traceparent: null, idempotency: { key: 'k', bodyHash: sha256(body), ttlMs: TTL_MS },
  })
  await accept(db, job(TENANT, 'one'))

  const mismatch = await accept(db, job(TENANT, 'two'))
  const elsewhere = await accept(db, job('other', 'two'))

  assert.deepEqual(mismatch, { type: 'mismatch' })
  assert.equal(elsewhere.type, 'accepted')
  assert.equal((await listJobs(db, TENANT, { limit: 10 })).jobs.length, 1)
})

test('repeating the first request of an Idempotency-Key under its own id is accepted, as a lost answer needs', async (t) => {
  const db = await openStore(t)
  const job = { id: newId('job'), tenant: TENANT, request: request(), traceparent: null, idempotency: { key: 'k', bodyHash: sha256('b'), ttlMs: TTL_MS } }

  await accept(db, job)

  assert.equal((await accept(db, job)).type, 'accepted')
})
