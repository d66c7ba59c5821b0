import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { itemId, newId } from '../../src/core/ids.ts'
import { buildFailure } from '../../src/core/outcome.ts'
import { archive } from '../../src/store/archive.ts'
import { addItems } from '../../src/store/batches/add-items.ts'
import { openBatch } from '../../src/store/batches/open.ts'
import { readBatch } from '../../src/store/batches/read.ts'
import { readItems } from '../../src/store/batches/results.ts'
import { checkEncryption } from '../../src/store/encryption/check.ts'
import { packPayload } from '../../src/store/codec.ts'
import type { Db } from '../../src/store/db.ts'
import { begin, NEWER_WAIT_MS } from '../../src/store/moves/begin.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { readCheckpoint, saveCheckpoint } from '../../src/store/moves/checkpoint.ts'
import { buildTemplate } from '../../src/store/moves/new-job.ts'
import { append } from '../../src/store/moves/progress.ts'
import { replay } from '../../src/store/moves/replay.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { listJobs, readEvents, readJob, readResult } from '../../src/store/read.ts'
import { openJson, placeOf, sealJson } from '../../src/store/sealing.ts'
import { readTime } from '../../src/store/time.ts'
import { appendTrace, readTrace } from '../../src/store/trace.ts'
import { startRedisServer } from '../helpers/redis-server.ts'
import { acceptJob, beginJob, openSameStore, openStore, request, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'

const [OLD, NEW, OTHER] = [{ id: '2025', key: randomBytes(32) }, { id: '2026', key: randomBytes(32) }, { id: '2025', key: randomBytes(32) }]
const BIG = 'z'.repeat(40_000)
const ERROR = buildFailure('USER_ERROR', 'its own words')
const BY = { worker: 'w1', retentionMs: RETENTION_MS }
const UNREADABLE = { code: 'UNAVAILABLE', message: /Cannot decrypt: the value was encrypted with key "2025", which is not in BATCHBOX_ENCRYPTION_KEYS/ }

/** A job that has everything a job may have stored, archived or not. */
async function furnish (db: Db, { result = '{"answer":42}', isArchived = true } = {}): Promise<string> {
  const id = await acceptJob(db, { retry: { attempts: 2 }, tags: { a: 'b' }, code: 'export default () => "code"' })
  const first = await beginJob(db, id)
  await append(db, first.run, [{ type: 'job.log', time: 1, payload: { level: 'log', message: `line of ${id}` } }], { value: 1, message: 'done' })
  await saveCheckpoint(db, first.run, { save: 1, json: '{"state":1}' })
  await appendTrace(db, id, { resourceSpans: [{ name: 'span' }] }, { maxBytes: 10_000, ttlMs: 60_000 })
  await settle(db, first.run, settlement({ error: ERROR, next: { attempt: 2, delayMs: 0 } }))
  await settle(db, (await beginJob(db, id)).run, settlement({ status: 'succeeded', result }))
  if (isArchived) await archive(db, id)
  return id
}

async function readAll (db: Db, id: string) {
  const [job, result, events, checkpoint, trace] = await Promise.all([readJob(db, TENANT, id), readResult(db, TENANT, id), readEvents(db, id, { after: 0, limit: 100 }), readCheckpoint(db, id), readTrace(db, id)])
  return { job, result: result?.toString(), events, checkpoint, trace }
}

test('what was stored before there was a key is read beside what is encrypted, and code that is used again is encrypted from then on', async (t) => {
  const plain = await openStore(t)
  const db = openSameStore(t, plain, [OLD])
  const before = await furnish(plain)
  const waiting = await acceptJob(plain, { code: 'export default 1' })
  const expected = await readAll(plain, before)
  const ended = await furnish(plain, { isArchived: false })
  await archive(db, ended)
  const running = await acceptJob(plain, { retry: { attempts: 2 } })
  await settle(plain, (await beginJob(plain, running)).run, settlement({ error: ERROR, next: { attempt: 2, delayMs: 0 } }))

  const { job, run } = await beginJob(db, waiting)
  await settle(db, run, settlement({ result: '"sealed"' }))
  await settle(db, (await beginJob(db, running)).run, settlement())
  await archive(db, running)
  const codeKey = db.keys.code(TENANT, job.codeHash)
  const bytesBefore = await db.redis.hget(db.keys.usage(TENANT), 'bytes')
  const [plainCode, again] = [await db.redis.hgetBuffer(codeKey, 'bytes'), await acceptJob(db, { code: 'export default 1' })]
  const sealedCode = await db.redis.hgetBuffer(codeKey, 'bytes')

  assert.deepEqual(await readAll(db, before), expected)
  assert.deepEqual([await db.redis.hget(db.keys.job(before), 'v'), await db.redis.hget(db.keys.job(ended), 'v'), (await readJob(db, TENANT, ended))?.result?.json], ['1', '2', '{"answer":42}'], 'a version before leaves alone what it cannot read')
  assert.deepEqual([job.code, (await readJob(db, TENANT, waiting))?.result?.json], ['export default 1', '"sealed"'])
  assert.partialDeepStrictEqual((await readJob(db, TENANT, running))?.attempts, [{ error: ERROR }, { error: null }])
  assert.deepEqual([plainCode?.[0], sealedCode?.[0], (await beginJob(db, again)).job.code], [1, 4, 'export default 1'])
  const jobBytes = Number(await db.redis.hget(db.keys.job(again), 'bytes'))
  assert.equal(Number(await db.redis.hget(db.keys.usage(TENANT), 'bytes')) - Number(bytesBefore), jobBytes + (sealedCode?.length ?? 0) - (plainCode?.length ?? 0))
})

test('keys rotate: the first encrypts, all decrypt', async (t) => {
  const old = await openStore(t, [OLD])
  const id = await furnish(old)
  const expected = await readAll(old, id)
  const between = openSameStore(t, old, [NEW, OLD])

  const later = await furnish(between)

  assert.deepEqual(await readAll(between, id), expected)
  assert.equal((await readAll(openSameStore(t, old, [OLD, NEW]), later)).result, '{"answer":42}')
  assert.equal((await readAll(openSameStore(t, old, [NEW]), later)).result, '{"answer":42}')
})

test('a worker that has not the key leaves the job to others, and its turn comes again; what ends without a run ends', async (t) => {
  const db = await openStore(t, [OLD])
  const others = [openSameStore(t, db, [NEW]), openSameStore(t, db, [])]
  for (const other of others) {
    const [id, expiring, cancelled] = [await acceptJob(db), await acceptJob(db, { ttlMs: 1 }), await acceptJob(db)]
    const before = await db.redis.hgetall(db.keys.job(id))
    const begun = await begin(other, { jobId: id, turn: 1 }, BY)
    const due = Number(await db.redis.zscore(db.keys.scheduled, `${id} 1`))

    assert.deepEqual([begun.type, 'reason' in begun && begun.reason], ['drop', 'sealed'])
    assert.deepEqual(await db.redis.hgetall(db.keys.job(id)), before)
    assert.ok(Math.abs(due - await readTime(db) - NEWER_WAIT_MS) < 5000, String(due))
    assert.partialDeepStrictEqual(await begin(other, { jobId: expiring, turn: 1 }, BY), { type: 'drop', reason: 'expired' })
    await cancel(other, TENANT, cancelled, RETENTION_MS)
    assert.deepEqual(await Promise.all([id, expiring, cancelled].map((each) => db.redis.hget(db.keys.job(each), 'status'))), ['queued', 'expired', 'cancelled'])
    await db.redis.zadd(db.keys.scheduled, 'XX', 0, `${id} 1`)
    assert.equal((await beginJob(db, id)).job.attempt, 1)
  }
})

test('a job of which only the options have another key, as a renewal that was killed leaves it, is left to others, too', async (t) => {
  for (const name of ['k', '2026', 'a-longer-name_of-64-characters'.padEnd(64, '-')]) {
    const [old, fresh] = [{ id: 'old', key: randomBytes(32) }, { id: name, key: randomBytes(32) }]
    const db = await openStore(t, [old])
    const both = openSameStore(t, db, [fresh, old])
    const id = await acceptJob(db, { tags: { a: 'b' } })
    const spec = await db.redis.hget(db.keys.job(id), 'spec') ?? ''
    const place = placeOf('spec', TENANT, id)
    await db.redis.hset(db.keys.job(id), 'spec', sealJson(both, JSON.stringify(openJson(db, spec, place)), place))

    const begun = await Promise.all([[old], [fresh]].map((keys) => begin(openSameStore(t, db, keys), { jobId: id, turn: 1 }, BY)))

    assert.deepEqual(begun.map((each) => 'reason' in each && each.reason), ['sealed', 'sealed'])
    assert.deepEqual((await beginJob(both, id)).job.spec.tags, { a: 'b' })
  }
})

test('without its key a job is an error that says what to do, a list shows it all the same, and archiving it loses nothing', async (t) => {
  const db = await openStore(t, [OLD])
  const without = openSameStore(t, db, [NEW])
  const live = await furnish(db, { isArchived: false })
  const [folded, own] = [await furnish(db), await furnish(without)]
  const expected = await readAll(db, live)

  for (const each of [without, openSameStore(t, db, [])]) {
    await assert.rejects(readJob(each, TENANT, live), UNREADABLE)
    await assert.rejects(readEvents(each, live, { after: 2, limit: 1 }), UNREADABLE)
  }
  await assert.rejects(readCheckpoint(without, folded), UNREADABLE)
  const { jobs } = await listJobs(without, TENANT, { limit: 10 })
  assert.equal(await archive(without, live), true)
  assert.equal(await archive(openSameStore(t, db, []), live), true)

  assert.deepEqual(jobs.map(({ id, status, error }) => [id, status, error?.code ?? null]), [[own, 'succeeded', null], [folded, 'succeeded', 'UNAVAILABLE'], [live, 'succeeded', 'UNAVAILABLE']])
  assert.match(jobs[1]?.error?.message ?? '', /^Cannot read job "job_[\w-]+": Cannot decrypt: the value was encrypted with key "2025"/)
  assert.deepEqual((await listJobs(without, TENANT, { limit: 10, tag: { name: 'a', value: 'b' } })).jobs.map(({ id }) => id), [own])
  assert.deepEqual(await readAll(openSameStore(t, db, [NEW, OLD]), live), expected)
})

test('an item of a batch that cannot be read keeps nothing from the others', async (t) => {
  const db = await openStore(t, [OLD])
  const batchId = newId('batch')
  const template = await buildTemplate(request())
  await openBatch(db, { id: batchId, tenant: TENANT, retentionMs: 60_000 })
  const items = await Promise.all(['1', '2', '3'].map(async (json) => ({ type: 'job' as const, template, input: await packPayload(json) })))
  await addItems(db, batchId, { tenant: TENANT, first: 0, digest: 'd', traceparent: null, items: [...items, { type: 'refused', refusal: { code: 'INVALID', message: 'no' } }] })
  for (const index of [0, 1, 2]) await settle(db, (await beginJob(db, itemId(batchId, index))).run, settlement({ result: index === 1 ? JSON.stringify(BIG) : String(index) }))
  await db.redis.hset(db.keys.job(itemId(batchId, 0)), 'spec', '{"sealed":"AAAA"}')
  await db.redis.set(db.keys.payload(itemId(batchId, 1), 'result'), Buffer.of(4, 1, 2))
  await db.redis.hset(db.keys.exceptions(batchId), 3, '{"code":"INVALID","sealed":"BAAA"}')

  const read = await Array.fromAsync(readItems(db, await readBatch(db, TENANT, batchId) ?? assert.fail(), -1))

  assert.deepEqual(read.map(({ job, result, exception }) => [job?.status, job?.error?.code, result, exception?.type]), [
    ['succeeded', 'UNAVAILABLE', undefined, undefined], ['succeeded', 'UNAVAILABLE', undefined, undefined], ['succeeded', undefined, '2', undefined], [undefined, undefined, undefined, 'refused'],
  ])
})

test('what was moved to another job or tenant, cut, or changed in any bit does not decrypt, and is no garbage', async (t) => {
  const db = await openStore(t, [OLD])
  const [mine, other] = [await furnish(db, { isArchived: false }), await furnish(db, { isArchived: false })]
  const { redis, keys } = db
  const readHash = async (id: string) => await redis.hgetallBuffer(keys.job(id)) as Record<string, Buffer>
  const [own, foreign] = [await readHash(mine), await readHash(other)]
  const refused = { code: 'UNAVAILABLE', message: /Cannot decrypt/ }

  for (const field of ['spec', 'progress', 'result', 'end:1']) {
    const value = own[field] ?? assert.fail(field)
    const sealed = field === 'result' ? value : Buffer.from(/"sealed":"(.*?)"/.exec(value.toString())?.[1] ?? '', 'base64')
    const write = (bytes: Buffer) => redis.hset(keys.job(mine), field, field === 'result' ? bytes : value.toString().replace(/"sealed":"(.*?)"/, `"sealed":"${bytes.toString('base64')}"`))
    const flipped = Array.from({ length: 40 }, (_, at) => sealed.map((byte, index) => index === Math.floor(at * sealed.length / 40) ? byte ^ (1 << at % 8) : byte))
    for (const changed of [...flipped, sealed.subarray(0, -1), sealed.subarray(0, 20), Buffer.concat([sealed, Buffer.of(0)])]) {
      await write(Buffer.from(changed))
      await assert.rejects(readJob(db, TENANT, mine), (error: Error & { code?: string }) => error.code === 'UNAVAILABLE' || /Cannot read stored value: its format/.test(error.message), field)
    }
    await redis.hset(keys.job(mine), field, foreign[field] ?? assert.fail(field))
    await assert.rejects(readJob(db, TENANT, mine), refused, field)
    await redis.hset(keys.job(mine), field, value)
  }
  await redis.hset(keys.job(mine), 'tenant', 'another')
  await assert.rejects(readJob(db, 'another', mine), refused)
  await redis.hset(keys.job(mine), 'tenant', TENANT)
  await redis.hset(keys.job(mine), 'end:2', own['end:1'] ?? assert.fail())
  await assert.rejects(readJob(db, TENANT, mine), refused)
  await redis.hset(keys.job(mine), 'end:2', own['end:2'] ?? assert.fail())

  await redis.hset(keys.checkpoint(mine), 'state', await redis.hgetBuffer(keys.checkpoint(other), 'state') ?? '')
  await redis.set(keys.trace(mine), await redis.getBuffer(keys.trace(other)) ?? '')
  await assert.rejects(readCheckpoint(db, mine), refused)
  await assert.rejects(readTrace(db, mine), refused)
  await Promise.all([mine, other].map((id) => archive(db, id)))
  for (const field of ['fold', 'history']) {
    const value = (await readHash(mine))[field] ?? assert.fail(field)
    await redis.hset(keys.job(mine), field, (await readHash(other))[field] ?? assert.fail(field))
    await assert.rejects(field === 'fold' ? readJob(db, TENANT, mine) : readEvents(db, mine, { after: 0, limit: 10 }), refused, field)
    await redis.hset(keys.job(mine), field, value)
  }
  assert.equal((await readJob(db, TENANT, mine))?.status, 'succeeded')
})

test('code, input and options of another tenant or job are not run: the run has begun, and says why it cannot go on', async (t) => {
  const db = await openStore(t, [OLD])
  const { redis, keys } = db
  for (const what of ['input', 'spec', 'code']) {
    const [mine, other] = [await acceptJob(db, { code: 'export default "mine"' }), await acceptJob(db, { code: 'export default "other"' })]
    if (what === 'code') await redis.hset(keys.code(TENANT, await redis.hget(keys.job(mine), 'code') ?? ''), 'bytes', await redis.hgetBuffer(keys.code(TENANT, await redis.hget(keys.job(other), 'code') ?? ''), 'bytes') ?? '')
    else await redis.hset(keys.job(mine), what, await redis.hgetBuffer(keys.job(other), what) ?? '')

    const begun = await begin(db, { jobId: mine, turn: 1 }, BY)

    assert.equal(begun.type, 'unreadable', what)
    assert.match('error' in begun ? begun.error.message : '', /^Cannot run the job: what is stored of it cannot be read. Cannot decrypt/)
  }
})

test('an input that cannot be read is replayed by nobody, and one that is replayed is bound to the new job', async (t) => {
  const db = await openStore(t, [OLD])
  const again = (each: Db, source: string, id = newId('job')) => replay(each, { id, tenant: TENANT, source, spec: request(), again: true, traceparent: null })
  for (const input of ['short', BIG]) {
    const source = await acceptJob(db, { input })
    await settle(db, (await beginJob(db, source)).run, settlement())
    const id = newId('job')

    const refused = [await again(openSameStore(t, db, [NEW]), source), await again(openSameStore(t, db, []), source)]
    const made = await again(openSameStore(t, db, [NEW, OLD]), source, id)

    assert.deepEqual(refused.map((each) => [each.type, 'error' in each && each.error.code]), [['unreadable', 'UNAVAILABLE'], ['unreadable', 'UNAVAILABLE']])
    assert.equal(made.type, 'made')
    assert.equal(JSON.parse((await beginJob(openSameStore(t, db, [NEW, OLD]), id)).job.input), input)
  }
})

test('a key that is another than the one of its id stops the boot, before anything is encrypted with it', async (t) => {
  const db = await openStore(t, [OLD])

  const said = [await checkEncryption(openSameStore(t, db, [])), await checkEncryption(db), await checkEncryption(db), await checkEncryption(openSameStore(t, db, [NEW, OLD]))]

  assert.deepEqual(said, ['payloads are not encrypted in Redis: BATCHBOX_ENCRYPTION_KEYS is empty', ...['2025', '2025', '2026'].map((id) => `payloads are encrypted in Redis with key "${id}"`)])
  for (const keys of [[OTHER], [NEW, OTHER]]) {
    await assert.rejects(checkEncryption(openSameStore(t, db, keys)), { code: 'UNAVAILABLE', message: /^Cannot use key "2025" of BATCHBOX_ENCRYPTION_KEYS: this store was encrypted with another key of that id/ })
  }
})

test('a Redis that takes no writes keeps no process from starting; the proof is left by a later one', async (t) => {
  const server = await startRedisServer(t, ['--maxmemory', '1'])
  const at = { url: `redis://127.0.0.1:${server.port}`, keys: { prefix: '{full}' } }
  const db = openSameStore(t, at, [OLD])

  const full = await checkEncryption(db)
  const before = await db.redis.exists(db.keys.encryption)
  await db.redis.config('SET', 'maxmemory', '0')
  await checkEncryption(db)

  assert.deepEqual([full, before, await db.redis.exists(db.keys.encryption)], ['payloads are encrypted in Redis with key "2025"', 0, 1])
  await assert.rejects(checkEncryption(openSameStore(t, at, [OTHER])), { code: 'UNAVAILABLE' })
})
