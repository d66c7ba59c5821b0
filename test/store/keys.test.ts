import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../../src/core/digest.ts'
import { createKey, findKey } from '../../src/store/keys.ts'
import { allKeys, openStore } from '../helpers/store.ts'

test('a key is found by its token and by nothing else, and Redis never holds the token', async (t) => {
  const db = await openStore(t)

  const { token, ...key } = await createKey(db, { tenant: 'acme', scopes: ['jobs:read'] })

  assert.match(token, /^bbx_[\w-]{43}$/)
  assert.deepEqual(await findKey(db, token), key)
  assert.equal(await findKey(db, `${token}x`), undefined)
  assert.equal(await findKey(db, key.id), undefined)
  for (const name of await allKeys(db)) assert.ok(!`${name} ${await db.redis.get(`${db.keys.prefix}:${name}`)}`.includes(token.slice(4)))
})

test('an expired key is not found', async (t) => {
  const db = await openStore(t)

  const { token } = await createKey(db, { tenant: 'acme', scopes: [], expiresAt: Date.now() - 1 })

  assert.equal(await findKey(db, token), undefined)
})

test('a key that expires leaves nothing behind, and one that does not expire is kept', async (t) => {
  const db = await openStore(t)

  const passing = await createKey(db, { tenant: 'acme', scopes: [], expiresAt: Date.now() + 60_000 })
  const lasting = await createKey(db, { tenant: 'acme', scopes: [] })

  assert.equal(await db.redis.pexpiretime(db.keys.apiKey(sha256(passing.token))), passing.expiresAt)
  assert.equal(await db.redis.pexpiretime(db.keys.apiKey(sha256(lasting.token))), -1)
})

test('a tenant cannot be named so that its jobs would be those of another', async (t) => {
  const db = await openStore(t)

  for (const tenant of ['acme:queued', '', 'a b', 'x'.repeat(65)]) {
    await assert.rejects(createKey(db, { tenant, scopes: [] }), RangeError)
  }
  assert.deepEqual(await allKeys(db), [])
})
