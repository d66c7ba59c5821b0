import assert from 'node:assert/strict'
import { test } from 'node:test'
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
