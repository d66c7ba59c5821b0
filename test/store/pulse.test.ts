import assert from 'node:assert/strict'
import { test } from 'node:test'
import { comparePulses, takePulse } from '../../src/store/pulse.ts'
import { openStore } from '../helpers/store.ts'

test('the first pulse on a Redis draws its epoch, which stays', async (t) => {
  const db = await openStore(t)

  const first = await takePulse(db, undefined)
  const second = await takePulse(db, first)

  assert.equal(await db.redis.get(db.keys.epoch), first.epoch)
  assert.match(first.replicationId, /^\w{40}$/)
  assert.equal(comparePulses(first, second), 'same')
})

test('a pulse whose own count was lost is another epoch, which others then see', async (t) => {
  const db = await openStore(t)
  const before = await takePulse(db, await takePulse(db, undefined))
  await db.redis.del(...await db.redis.keys(`${db.keys.prefix}:pulse:*`))

  const after = await takePulse(db, before)

  assert.equal(comparePulses(before, after), 'lost')
  assert.notEqual(after.epoch, before.epoch)
  assert.equal(comparePulses({ ...before, count: 0 }, after), 'lost', 'what another process finds, whose own writes are all there')
  assert.equal(comparePulses(after, await takePulse(db, after)), 'same')
})

test('a Redis that was emptied is another epoch', async (t) => {
  const db = await openStore(t)
  const before = await takePulse(db, undefined)
  await db.redis.del(db.keys.epoch)

  const after = await takePulse(db, before)

  assert.equal(comparePulses(before, after), 'lost')
})

test('another server with all the writes has only moved', () => {
  const before = { epoch: 'a', count: 1, replicationId: 'x' }

  assert.equal(comparePulses(before, { epoch: 'a', count: 2, replicationId: 'y' }), 'moved')
})
