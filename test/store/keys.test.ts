import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../../src/core/digest.ts'
import { JobError } from '../../src/core/failures.ts'
import type { Db } from '../../src/store/db.ts'
import { listActs } from '../../src/store/audit.ts'
import { createKey, findKey, listKeys, readKey, revokeKey, rotateKey, TOKENS_PER_KEY } from '../../src/store/keys.ts'
import { allKeys, openStore } from '../helpers/store.ts'

const KEY = { tenant: 'acme', name: 'a key', scopes: ['jobs:read'] } as const
const CHANGE = { actor: { keyId: 'operator', tokenHash: '' }, audit: { maxEntries: 100, maxAgeMs: 60_000 } }
const READER = { tenant: 'acme', scopes: ['admin'] }

function isFailure (code: string) {
  return (error: unknown) => error instanceof JobError && error.code === code
}

async function dump (db: Db): Promise<string> {
  const values = (await allKeys(db)).map(async (name) => {
    const key = `${db.keys.prefix}:${name}`
    const type = await db.redis.type(key)
    if (type === 'hash') return [name, await db.redis.hgetall(key)]
    if (type === 'zset') return [name, await db.redis.zrange(key, 0, '-1')]
    return [name, type === 'stream' ? await db.redis.xrange(key, '-', '+') : await db.redis.get(key)]
  })
  return JSON.stringify(await Promise.all(values))
}

test('a key is found by its token and by nothing else, and Redis never holds the token', async (t) => {
  const db = await openStore(t)

  const { token, ...key } = await createKey(db, KEY)

  assert.match(token, /^bbx_[\w-]{43}$/)
  assert.deepEqual(await findKey(db, token), { ...key, tokenHash: sha256(token), leftMs: null })
  assert.deepEqual(await readKey(db, READER, key.id), key)
  assert.equal(await findKey(db, `${token}x`), undefined)
  assert.equal(await findKey(db, key.id), undefined)
  await rotateKey(db, key, { ...CHANGE, graceMs: 1000 })
  assert.ok(!(await dump(db)).includes(token.slice(4)))
})

test('a key expires by Redis\'s clock, and then it is in no list; one that has expired is not made', async (t) => {
  const db = await openStore(t)

  const passing = await createKey(db, { ...KEY, expiresAt: Date.now() + 60_000 })
  const lasting = await createKey(db, KEY)

  for (const key of [db.keys.token(sha256(passing.token)), db.keys.apiKey(passing.id)]) assert.equal(await db.redis.pexpiretime(key), passing.expiresAt)
  for (const key of [db.keys.token(sha256(lasting.token)), db.keys.apiKey(lasting.id)]) assert.equal(await db.redis.pexpiretime(key), -1)
  await assert.rejects(createKey(db, { ...KEY, expiresAt: Date.now() - 1000 }), isFailure('INVALID'))
  await Promise.all([db.keys.token(sha256(passing.token)), db.keys.apiKey(passing.id)].map((key) => db.redis.pexpireat(key, 1)))
  assert.equal(await findKey(db, passing.token), undefined)
  assert.deepEqual((await listKeys(db, 'acme', { limit: 10 })).keys.map(({ id }) => id), [lasting.id])
  assert.equal(await db.redis.zcard(db.keys.apiKeys('acme')), 1)
})

test('a tenant cannot be named so that its jobs would be those of another', async (t) => {
  const db = await openStore(t)

  for (const tenant of ['acme:queued', '', 'a b', 'x'.repeat(65)]) {
    await assert.rejects(createKey(db, { ...KEY, tenant }), RangeError)
  }
  assert.deepEqual(await allKeys(db), [])
})

test('keys are listed newest first, each once, and only a tenant\'s own', async (t) => {
  const db = await openStore(t)
  const made: string[] = []
  for (let i = 0; i < 7; i++) made.push((await createKey(db, KEY)).id)
  await createKey(db, { ...KEY, tenant: 'other' })

  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await listKeys(db, 'acme', { limit: 3, cursor })
    ids.push(...page.keys.map(({ id }) => id))
    if (page.nextCursor === null) break
    cursor = page.nextCursor
  }

  assert.deepEqual(ids, made.toSorted().toReversed()) // those of one millisecond in any order
})

test('a rotated key has another token; the former one ends at once, or after its grace', async (t) => {
  const db = await openStore(t)
  const first = await createKey(db, KEY)

  const second = await rotateKey(db, first, { ...CHANGE, graceMs: 60_000 })
  assert.ok(second)
  const during = await findKey(db, first.token)
  const third = await rotateKey(db, second, { ...CHANGE, graceMs: 0 })
  assert.ok(third)

  assert.equal(second.id, first.id)
  assert.ok(during?.leftMs && during.leftMs > 50_000 && during.leftMs <= 60_000)
  assert.deepEqual(await Promise.all([first, second, third].map(async ({ token }) => (await findKey(db, token))?.id)), [undefined, undefined, first.id])
})

test('a grace never makes a token last longer than an earlier rotation, or the expiry of its key, said', async (t) => {
  const db = await openStore(t)
  const key = await createKey(db, { ...KEY, expiresAt: Date.now() + 30_000 })

  const second = await rotateKey(db, key, { ...CHANGE, graceMs: 10_000 })
  assert.ok(second)
  await rotateKey(db, second, { ...CHANGE, graceMs: 60_000 })
  const [one, two] = [await findKey(db, key.token), await findKey(db, second.token)]

  assert.ok(one?.leftMs && one.leftMs <= 10_000)
  assert.ok(two?.leftMs && two.leftMs <= 30_000 && two.leftMs > 10_000)
})

test(`a key has ${TOKENS_PER_KEY} tokens at the most, the newest ones`, async (t) => {
  const db = await openStore(t)
  let key = await createKey(db, KEY)
  const tokens = [key.token]
  for (let i = 0; i < TOKENS_PER_KEY + 1; i++) {
    key = await rotateKey(db, key, { ...CHANGE, graceMs: 60_000 + i }) ?? assert.fail('it is there')
    tokens.push(key.token)
  }

  const found = await Promise.all(tokens.map(async (token) => await findKey(db, token) !== undefined))

  assert.equal(found.filter(Boolean).length, TOKENS_PER_KEY)
  assert.equal(found.at(-1), true)
})

test('a revoked key leaves nothing but a line in the log', async (t) => {
  const db = await openStore(t)
  const key = await createKey(db, KEY)
  const rotated = await rotateKey(db, key, { ...CHANGE, graceMs: 60_000 })

  assert.equal(await revokeKey(db, key, CHANGE), true)

  assert.deepEqual(await Promise.all([key.token, rotated?.token ?? ''].map((token) => findKey(db, token))), [undefined, undefined])
  assert.deepEqual(await allKeys(db), ['audit:acme'])
  assert.equal(await revokeKey(db, key, CHANGE), false)
  assert.equal(await rotateKey(db, key, { ...CHANGE, graceMs: 0 }), undefined)
  const { entries } = await listActs(db, 'acme', { limit: 10, maxAgeMs: 60_000 })
  assert.deepEqual(entries.map(({ act, target }) => [act, target]), ['key.revoked', 'key.rotated', 'key.created'].map((act) => [act, key.id]))
})

test('of rotations and a revocation at one time, none brings the key back', async (t) => {
  const db = await openStore(t)
  for (let i = 0; i < 20; i++) {
    const key = await createKey(db, KEY)
    const rotate = () => rotateKey(db, key, { ...CHANGE, graceMs: 60_000 })
    const ends = await Promise.all([rotate(), rotate(), revokeKey(db, key, CHANGE).then(() => undefined), rotate()])

    const tokens = [key.token, ...ends.flatMap((end) => end ? [end.token] : [])]
    assert.deepEqual(await Promise.all(tokens.map((token) => findKey(db, token))), tokens.map(() => undefined))
  }
  assert.deepEqual((await allKeys(db)), ['audit:acme'])
})

test('a token that was ended makes, rotates and revokes no keys, whatever a process remembers of it', async (t) => {
  const db = await openStore(t)
  const { token, ...admin } = await createKey(db, { ...KEY, scopes: ['admin'] })
  const other = await createKey(db, KEY)
  const change = { ...CHANGE, actor: { keyId: admin.id, tokenHash: sha256(token) } }
  await createKey(db, KEY, change)

  await revokeKey(db, admin, CHANGE)

  await assert.rejects(createKey(db, KEY, change), isFailure('UNAUTHENTICATED'))
  await assert.rejects(rotateKey(db, other, { ...change, graceMs: 0 }), isFailure('UNAUTHENTICATED'))
  await assert.rejects(revokeKey(db, other, change), isFailure('UNAUTHENTICATED'))
  assert.equal((await findKey(db, other.token))?.id, other.id)
})

test('a tenant has so many keys at the most, and those that expired do not count', async (t) => {
  const db = await openStore(t)
  const bounded = { ...CHANGE, maxKeys: 2 }
  const [first] = [await createKey(db, KEY, bounded), await createKey(db, KEY, bounded)]

  await assert.rejects(createKey(db, KEY, bounded), isFailure('RATE_LIMITED'))
  await db.redis.pexpireat(db.keys.apiKey(first.id), 1)

  assert.ok(await createKey(db, KEY, bounded))
  await createKey(db, { ...KEY, tenant: 'other' }, bounded)
})

test('a key stored by version 1 is valid, and once seen it is listed, rotated and revoked like any other', async (t) => {
  const db = await openStore(t)
  // As version 1 wrote it.
  const stored = { v: 1, id: 'key_01a20187-3750-7c6d-a4b7-fb239eb0d80f', tenant: 'acme', scopes: ['jobs:read', 'admin'], createdAt: 1_795_321_940_016, expiresAt: null }
  const token = `bbx_${'o'.repeat(43)}`
  await db.redis.set(db.keys.token(sha256(token)), JSON.stringify(stored))
  assert.deepEqual((await listKeys(db, 'acme', { limit: 10 })).keys, [])

  const found = await Promise.all([findKey(db, token), findKey(db, token)])
  const [listed] = (await listKeys(db, 'acme', { limit: 10 })).keys
  assert.ok(listed)
  const rotated = await rotateKey(db, listed, { ...CHANGE, graceMs: 60_000 })

  const { v: _version, ...members } = stored
  for (const key of found) assert.partialDeepStrictEqual(key, { ...members, tokenHash: sha256(token), leftMs: null })
  assert.partialDeepStrictEqual(listed, members)
  assert.deepEqual(await Promise.all([token, rotated?.token ?? ''].map(async (each) => (await findKey(db, each))?.id)), [stored.id, stored.id])
  await revokeKey(db, listed, CHANGE)
  assert.deepEqual(await Promise.all([token, rotated?.token ?? ''].map((each) => findKey(db, each))), [undefined, undefined])
  assert.deepEqual(await allKeys(db), ['audit:acme'])
})

test('an expiring key of version 1 still expires', async (t) => {
  const db = await openStore(t)
  const expiresAt = Date.now() + 60_000
  const token = `bbx_${'p'.repeat(43)}`
  await db.redis.set(db.keys.token(sha256(token)), JSON.stringify({ v: 1, id: 'key_01a20187-3750-7c6d-a4b7-fb239eb0d80e', tenant: 'acme', scopes: [], createdAt: 1, expiresAt }), 'PXAT', expiresAt)

  const found = await findKey(db, token)

  assert.equal(found?.expiresAt, expiresAt)
  assert.ok(Math.abs(await db.redis.pexpiretime(db.keys.apiKey(found.id)) - expiresAt) < 1000)
})
