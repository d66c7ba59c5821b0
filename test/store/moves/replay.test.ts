import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../src/core/ids.ts'
import { sha256 } from '../../../src/core/digest.ts'
import { archive } from '../../../src/store/archive.ts'
import type { Db } from '../../../src/store/db.ts'
import { replay, type NewReplay } from '../../../src/store/moves/replay.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { readRecord } from '../../../src/store/read.ts'
import { removeExpired } from '../../../src/store/reap.ts'
import { acceptDead } from '../../helpers/dead-letters.ts'
import { acceptJob, beginJob, openStore, request, settlement, TENANT } from '../../helpers/store.ts'

const BIG = 'z'.repeat(50_000)
const { code, input: _, ...SPEC } = request()

function again (db: Db, source: string, members: Partial<NewReplay> = {}) {
  return replay(db, { id: newId('job'), tenant: TENANT, source, spec: SPEC, again: false, traceparent: null, ...members })
}

test('a replay has the code and the input of the job, byte for byte, and outlives it', async (t) => {
  const db = await openStore(t)
  for (const input of [{ a: 1 }, BIG]) {
    const source = await acceptDead(db, { input })
    const id = newId('job')

    const replayed = await again(db, source, { id })
    await db.redis.zadd(db.keys.expiring, 0, source)
    await removeExpired(db, 10)

    assert.equal(replayed.type, 'made')
    const { job } = await beginJob(db, id)
    assert.deepEqual([job.code, JSON.parse(job.input)], [code, input])
    const record = await readRecord(db, id)
    assert.deepEqual([record?.replayOf, record?.tenant, record?.status], [source, TENANT, 'running'])
    await settle(db, (await readRun(db, id)), settlement({ retentionMs: 0 }))
    await removeExpired(db, 10)
    assert.equal(await db.redis.exists(db.keys.code(TENANT, sha256(code)), db.keys.payload(id, 'input')), 0, 'nothing is left of it')
  }
})

async function readRun (db: Db, jobId: string) {
  const [fence, holder] = await db.redis.hmget(db.keys.job(jobId), 'fence', 'holder')
  return { jobId, tenant: TENANT, fence: Number(fence), holder: String(holder) }
}

test('a job is replayed once, however many ask at the same time, unless it is to be made again', async (t) => {
  const db = await openStore(t)
  const source = await acceptDead(db)

  const answers = await Promise.all(Array.from({ length: 10 }, () => again(db, source)))
  const once = await again(db, source, { again: true })

  const made = answers.filter(({ type }) => type === 'made')
  assert.equal(made.length, 1)
  assert.deepEqual([...new Set(answers.map(({ type }) => type))].toSorted(), ['made', 'replayed'])
  assert.equal(once.type, 'made')
  assert.equal(await db.redis.zcard(db.keys.jobs(TENANT)), 3)
  assert.equal(await db.redis.zcard(db.keys.jobs(TENANT, 'queued')), 2)
})

test('a replay whose answer was lost is the same when it is sent again', async (t) => {
  const db = await openStore(t)
  const source = await acceptDead(db)
  const id = newId('job')

  const [first, second] = [await again(db, source, { id, again: true }), await again(db, source, { id, again: true })]

  assert.equal(first.type, 'made')
  assert.deepEqual(second, first)
  assert.equal(await db.redis.zcard(db.keys.jobs(TENANT)), 2)
})

test('what was replayed is remembered also when the record is folded at that moment', async (t) => {
  const db = await openStore(t)
  const source = await acceptJob(db)
  await settle(db, (await beginJob(db, source)).run, settlement({ status: 'failed' }))
  const id = newId('job')
  const { hgetallBuffer } = db.redis
  // The fold is made of what was read before the replay.
  db.redis.hgetallBuffer = (async (key: string) => {
    const fields = await hgetallBuffer.call(db.redis, key)
    await again(db, source, { id })
    return fields
  }) as typeof hgetallBuffer

  assert.equal(await archive(db, source), true)
  db.redis.hgetallBuffer = hgetallBuffer

  assert.equal((await readRecord(db, source))?.replayedAs, id)
  assert.equal((await again(db, source)).type, 'replayed')
})

test('nothing is made of a job that goes on, is another tenant\'s, or lacks its code or its input', async (t) => {
  const db = await openStore(t)
  const running = await acceptJob(db)
  const [theirs, noInput, noCode] = [await acceptDead(db), await acceptDead(db, { input: BIG }), await acceptDead(db, { code: 'export default () => 2' })]
  await db.redis.del(db.keys.payload(noInput, 'input'), db.keys.code(TENANT, sha256('export default () => 2')))
  const before = await db.redis.dbsize()

  const answers = [
    await again(db, running), await again(db, theirs, { tenant: 'other' }), await again(db, newId('job')), await again(db, noInput), await again(db, noCode),
    await again(db, theirs, { sweepId: newId('sweep') }),
  ]

  assert.deepEqual(answers.map(({ type }) => type), ['unfinished', 'missing', 'missing', 'incomplete', 'incomplete', 'stopped'])
  assert.equal(await db.redis.dbsize(), before)
  assert.equal((await readRecord(db, theirs))?.replayedAs, null)
})

test('an idempotency key stands for one replay, and one request', async (t) => {
  const db = await openStore(t)
  const source = await acceptDead(db)
  const idempotency = { key: 'k', bodyHash: 'ab', ttlMs: 60_000 }

  const first = await again(db, source, { idempotency, again: true })
  const second = await again(db, source, { idempotency, again: true })
  const other = await again(db, source, { idempotency: { ...idempotency, bodyHash: 'cd' } })

  assert.deepEqual([first.type, second.type, other.type], ['made', 'repeated', 'mismatch'])
})
