import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import type { EncryptionKey } from '../../src/core/encryption-keys.ts'
import type { KvService, KvWriter } from '../../src/core/kv.ts'
import { openDb, type Db } from '../../src/store/db.ts'
import { buildKv, removeExpiredEntries } from '../../src/store/kv/kv.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { reconcile } from '../../src/store/reconcile/reconcile.ts'
import { until } from '../helpers/until.ts'
import { dumpLines } from '../helpers/dump.ts'
import { acceptJob, allKeys, beginJob, openSameStore, openStore, settlement, TENANT } from '../helpers/store.ts'

const QUOTA = { maxEntries: 1000, maxBytes: 1_000_000 }

/** What holds whether values are encrypted or not. */
const BOTH: [how: string, keys: EncryptionKey[]][] = [['', []], [', encrypted', [{ id: 'k', key: randomBytes(32) }]]]

interface TestKv extends KvService {
  db: Db & { url: string }
  writer: KvWriter
  /** Sets an entry that stays, unless told for how long. */
  put (key: string, value: unknown, members?: { ttlMs?: number, maxEntries?: number, maxBytes?: number }): Promise<void>
  /** What is counted of the tenant. */
  usage (): Promise<{ entries: number, bytes: number }>
}

/** A store of entries, and a run that may write to it. */
async function openKv (t: TestContext, encryptionKeys: readonly EncryptionKey[] = []): Promise<TestKv> {
  const db = await openStore(t, encryptionKeys)
  const once = openDb({ url: db.url, prefix: db.keys.prefix, encryptionKeys, failFast: true, once: true, onError: (error) => t.diagnostic(error.message) })
  t.after(() => once.close())
  const kv = buildKv(db, once)
  const { run } = await beginJob(db, await acceptJob(db))
  const writer = { tenant: TENANT, jobId: run.jobId, fence: run.fence }
  return {
    ...kv,
    db,
    writer,
    put: (key, value, members = {}) => kv.set(writer, { key, value: JSON.stringify(value), ttlMs: 0, ...QUOTA, ...members }),
    async usage () {
      const entries = await db.redis.hlen(db.keys.kv(TENANT))
      return { entries: Math.max(0, entries - 1), bytes: Number(await db.redis.hget(db.keys.kv(TENANT), '') ?? 0) }
    },
  }
}

test('an entry is set, read, replaced and deleted; the tenant is left with nothing', async (t) => {
  const kv = await openKv(t)
  const before = await allKeys(kv.db)

  await kv.put('größe', { a: 1 })
  await kv.put('größe', { a: 22 })
  const value = await kv.get(TENANT, 'größe')
  const usage = await kv.usage()
  const deleted = [await kv.delete(kv.writer, 'größe'), await kv.delete(kv.writer, 'größe')]

  assert.equal(value, '{"a":22}')
  assert.deepEqual(usage, { entries: 1, bytes: Buffer.byteLength('größe{"a":22}') })
  assert.deepEqual(deleted, [true, false])
  assert.equal(await kv.get(TENANT, 'größe'), undefined)
  assert.deepEqual(await allKeys(kv.db), before)
})

test('an entry expires by Redis\'s clock: nobody reads or lists it, it counts for nothing, and the reaper removes it', async (t) => {
  const kv = await openKv(t)
  const before = await allKeys(kv.db)
  for (const key of ['a', 'b', 'c']) await kv.put(key, 'x', { ttlMs: 1 })

  await until('they have expired', async () => await kv.get(TENANT, 'c') === undefined)
  const listed = await kv.list(TENANT, { prefix: '', cursor: undefined, limit: 10 })
  await kv.put('d', 'x', { maxEntries: 1, maxBytes: 4 })
  const usage = await kv.usage()
  await kv.put('d', 'x', { ttlMs: 1 })
  await until('the reaper has found it', async () => await removeExpiredEntries(kv.db, 10) === 1)

  assert.deepEqual(listed, { keys: [], cursor: null })
  assert.deepEqual(usage, { entries: 1, bytes: 4 })
  assert.deepEqual(await allKeys(kv.db), before)
  assert.equal(await removeExpiredEntries(kv.db, 10), 0)
})

for (const [how, keys] of BOTH) {
  test(`to set an entry anew ends or renews its time; to increment it keeps it${how}`, async (t) => {
    const kv = await openKv(t, keys)
    const timeOf = (key: string) => kv.db.redis.zscore(kv.db.keys.kvExpiring(TENANT), key)
    await kv.put('n', 1, { ttlMs: 60_000 })
    const first = await timeOf('n')

    await kv.increment(kv.writer, { key: 'n', by: 1, ...QUOTA })
    const afterIncrement = await timeOf('n')
    await kv.put('n', 1)

    assert.ok(Number(first) > 0)
    assert.equal(afterIncrement, first)
    assert.equal(await timeOf('n'), null)
    assert.equal(await kv.db.redis.zscore(kv.db.keys.kvDue, TENANT), null)
  })
}

test('more entries than a write removes have expired: there is room all the same', async (t) => {
  const kv = await openKv(t)
  await Promise.all(Array.from({ length: 350 }, (_, i) => kv.put(`old-${i}`, i, { ttlMs: 1 })))
  await until('all have expired', async () => (await kv.list(TENANT, { prefix: '', cursor: undefined, limit: 1000 })).keys.length === 0)

  await Promise.all(Array.from({ length: 50 }, (_, i) => kv.put(`new-${i}`, i, { maxEntries: 50 })))

  assert.equal((await kv.usage()).entries, 50)
})

test('the quota is exact under 50 writers at once, in entries and in bytes, and is named', async (t) => {
  const kv = await openKv(t)
  const attempts = (prefix: string, members: object) => Promise.allSettled(Array.from({ length: 50 }, (_, i) => kv.put(`${prefix}-${String(i).padStart(2, '0')}`, 'x', members)))
  const outcome = (ends: PromiseSettledResult<void>[]) => {
    const refused = ends.filter((end) => end.status === 'rejected').map(({ reason }) => reason as { code: string, message: string })
    return { set: 50 - refused.length, messages: [...new Set(refused.map(({ code, message }) => `${code} ${message.replace(/-\d\d/, '')}`))] }
  }

  const entries = outcome(await attempts('e', { maxEntries: 20 }))
  const bytes = outcome(await attempts('b', { maxBytes: 20 * 7 + 7 * 7 + 6 }))

  assert.deepEqual(entries, { set: 20, messages: ['RATE_LIMITED Cannot set "e": the tenant keeps 20 entries, and the quota (maxEntries of tool kv) is 20; delete some, or set them with a ttlMs'] })
  assert.deepEqual(bytes, { set: 7, messages: ['RATE_LIMITED Cannot set "b": the tenant keeps 189 bytes of keys and values, and the quota (maxBytes of tool kv) is 195; delete some, or set them with a ttlMs'] })
  assert.deepEqual(await kv.usage(), { entries: 27, bytes: 189 })
  await kv.put('e-00', '', { maxBytes: 1 }).catch(() => assert.fail('what gets shorter is taken in any case'))
})

for (const [how, keys] of BOTH) {
  test(`50 writers at once increment by one each, and none is lost${how}`, async (t) => {
    const kv = await openKv(t, keys)

    const sums = await Promise.all(Array.from({ length: 50 }, () => kv.increment(kv.writer, { key: 'n', by: 1, ...QUOTA })))

    assert.deepEqual(sums.sort((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i + 1))
    assert.deepEqual([(await kv.usage()).entries, await kv.get(TENANT, 'n')], [1, '50'])
  })
}

for (const [how, keys] of BOTH) {
  test(`only integers are incremented, and only to sums that a number holds exactly${how}`, async (t) => {
    const kv = await openKv(t, keys)
    await kv.put('text', '1')
    await kv.put('half', 0.5)
    await kv.put('most', Number.MAX_SAFE_INTEGER)
    const increment = (key: string, by: number) => kv.increment(kv.writer, { key, by, ...QUOTA })

    await assert.rejects(increment('text', 1), { code: 'INVALID', message: 'Cannot increment "text": its value is no integer' })
    await assert.rejects(increment('half', 1), { code: 'INVALID' })
    await assert.rejects(increment('most', 1), { code: 'INVALID', message: 'Cannot increment "most": the sum is beyond the integers that a number holds exactly' })
    assert.equal(await increment('most', -Number.MAX_SAFE_INTEGER), 0)
    assert.equal(await increment('most', -5), -5)
  })
}

for (const [how, keys] of BOTH) {
  test(`of 50 that compare and set at once, one wins each round${how}`, async (t) => {
    const kv = await openKv(t, keys)
    const round = async (expected: string | undefined, value: string) => {
      const ends = await Promise.all(Array.from({ length: 50 }, (_, i) => kv.compareAndSet(kv.writer, { key: 'k', value: `"${value}-${i}"`, ttlMs: 0, ...QUOTA }, expected)))
      return ends.filter(({ isSet }) => isSet).length
    }

    const wins = [await round(undefined, 'first'), await round(await kv.get(TENANT, 'k'), 'second'), await round(undefined, 'third'), await round('"first"', 'fourth')]

    assert.deepEqual(wins, [1, 1, 0, 0])
    assert.match(await kv.get(TENANT, 'k') ?? '', /^"second-\d+"$/)
  })
}

test('keys are listed in the order of their bytes, by prefix and page by page', async (t) => {
  const kv = await openKv(t)
  const keys = ['a', 'a:1', 'a:10', 'a:2', 'a\u{ff}', 'a\u{10ffff}', 'b', '[a', '(a', '\0']
  for (const key of keys) await kv.put(key, 1)
  const inOrder = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const listAll = async (prefix: string, limit: number) => {
    const found: string[] = []
    let cursor: string | null | undefined
    do {
      const page = await kv.list(TENANT, { prefix, cursor: cursor ?? undefined, limit })
      found.push(...page.keys)
      cursor = page.cursor
    } while (cursor !== null)
    return found
  }

  assert.deepEqual(await listAll('', 3), inOrder)
  assert.deepEqual(await listAll('a', 2), inOrder.filter((key) => key.startsWith('a')))
  assert.deepEqual(await listAll('a:', 100), ['a:1', 'a:10', 'a:2'])
  assert.deepEqual(await kv.list(TENANT, { prefix: 'a:', cursor: '', limit: 1 }), { keys: ['a:1'], cursor: 'a:1' })
  assert.deepEqual((await kv.list(TENANT, { prefix: 'a:', cursor: '0 before all of them', limit: 1 })).keys, ['a:1'])
})

test('an encrypted entry is found nowhere in Redis, reads as it was beside one from before, and is an error without its key', async (t) => {
  const kv = await openKv(t, [{ id: 'k', key: randomBytes(32) }])
  const { db, writer } = kv
  const plain = buildKv(openSameStore(t, db, []), openSameStore(t, db, []))
  await plain.set(writer, { key: 'before', value: '41', ttlMs: 0, ...QUOTA })
  await kv.put('now', 'a marker')
  await kv.put('other', 'a marker')

  const read = [await kv.get(TENANT, 'before'), await kv.get(TENANT, 'now'), await kv.increment(writer, { key: 'before', by: 1, ...QUOTA })]
  const unreadable = { code: 'UNAVAILABLE', message: /key "k", which is not in BATCHBOX_ENCRYPTION_KEYS/ }

  assert.deepEqual(read, ['41', '"a marker"', 42])
  assert.deepEqual((await dumpLines(db)).filter((line) => line.includes('marker') || line.includes('before = 42')), [])
  await assert.rejects(plain.get(TENANT, 'now'), unreadable)
  await assert.rejects(plain.increment(writer, { key: 'before', by: 1, ...QUOTA }), unreadable)
  await assert.rejects(plain.compareAndSet(writer, { key: 'now', value: '1', ttlMs: 0, ...QUOTA }, '2'), unreadable)
  await db.redis.hset(db.keys.kv(TENANT), 'now', await db.redis.hgetBuffer(db.keys.kv(TENANT), 'other') ?? '')
  await assert.rejects(kv.get(TENANT, 'now'), { code: 'UNAVAILABLE', message: /^Cannot decrypt/ })
})

test('tenants have nothing of each other', async (t) => {
  const kv = await openKv(t)
  await kv.put('mine', 1)

  assert.equal(await kv.get('other', 'mine'), undefined)
  assert.deepEqual(await kv.list('other', { prefix: '', cursor: undefined, limit: 10 }), { keys: [], cursor: null })
})

test('a run that has lost its job writes nothing', async (t) => {
  const kv = await openKv(t)
  const late = { ...kv.writer }
  await settle(kv.db, (await beginJob(kv.db, await acceptJob(kv.db))).run, settlement())
  const other = await beginJob(kv.db, await acceptJob(kv.db))
  await settle(kv.db, other.run, settlement())

  const lost = { code: 'UNAVAILABLE', message: /this run has lost its job$/ }
  const ended = { tenant: TENANT, jobId: other.run.jobId, fence: other.run.fence }
  await assert.rejects(kv.set(ended, { key: 'k', value: '1', ttlMs: 0, ...QUOTA }), lost)
  await assert.rejects(kv.increment({ ...late, fence: 2 }, { key: 'k', by: 1, ...QUOTA }), lost)
  await assert.rejects(kv.delete({ ...late, jobId: 'job_none' }, 'k'), lost)
  assert.equal(await kv.get(TENANT, 'k'), undefined)
})

test('a pass over everything finds a tenant again whose entries nobody would have removed, and leaves the others', async (t) => {
  const kv = await openKv(t)
  const pass = async () => (await Array.fromAsync(reconcile(kv.db, { onError: (error) => { throw error } }))).reduce((sum, count) => sum + count, 0)
  await kv.put('stays', 1)
  await kv.put('goes', 1, { ttlMs: 60_000 })
  const due = await kv.db.redis.zscore(kv.db.keys.kvDue, TENANT)

  const sound = await pass()
  await kv.db.redis.del(kv.db.keys.kvDue)
  const repaired = await pass()

  assert.deepEqual([sound, repaired], [0, 1])
  assert.equal(await kv.db.redis.zscore(kv.db.keys.kvDue, TENANT), due)
  assert.deepEqual((await kv.list(TENANT, { prefix: '', cursor: undefined, limit: 10 })).keys, ['goes', 'stays'])
})

test('deleting goes on while Redis is full, and setting says why it does not', async (t) => {
  const kv = await openKv(t)
  await kv.put('k', 1)

  await kv.db.redis.config('SET', 'maxmemory', '1')
  try {
    await assert.rejects(kv.put('l', 1), { code: 'UNAVAILABLE', message: 'Cannot set "l": Redis takes no writes for now' })
    assert.equal(await kv.delete(kv.writer, 'k'), true)
  } finally {
    await kv.db.redis.config('SET', 'maxmemory', '0')
  }
})

test('a write whose answer is lost is not sent again', async (t) => {
  const kv = await openKv(t)
  const { redis } = kv.db
  await redis.call('CLIENT', 'PAUSE', '60000', 'WRITE')
  const increment = kv.increment(kv.writer, { key: 'n', by: 1, ...QUOTA })
  const failed = assert.rejects(increment, { code: 'UNAVAILABLE', message: 'Cannot increment "n": Redis went away before it answered, so it may have been done; read the entry to find out' })
  await until('it is under way', async () => /cmd=evalsha|cmd=eval/.test(String(await redis.call('CLIENT', 'LIST'))))
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await failed
  await redis.call('CLIENT', 'UNPAUSE')

  assert.equal(await kv.increment(kv.writer, { key: 'n', by: 1, ...QUOTA }), 1)
})
