import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NoPlace, Places } from '../../../src/tools/db/places.ts'

const signal = new AbortController().signal
const soon = { timeoutMs: 20, signal }
const later = { timeoutMs: 30_000, signal }

test('a tenant has no more places than one may, while others have the rest', async () => {
  const places = new Places({ max: 3, maxPerTenant: 2 })
  const mine = [await places.take('a', soon), await places.take('a', soon)]

  await assert.rejects(places.take('a', soon), (error) => error instanceof NoPlace && error.isOwn)
  const theirs = await places.take('b', soon)
  await assert.rejects(places.take('b', soon), (error) => error instanceof NoPlace && !error.isOwn)
  assert.equal(places.taken, 3)

  for (const leave of [...mine, theirs, theirs]) leave()
  assert.equal(places.taken, 0)
})

test('the next place goes to the tenant that has the fewest, and among its own to who came first', async () => {
  const places = new Places({ max: 2, maxPerTenant: 2 })
  const dealt: string[] = []
  const first = await places.take('a', later)
  const second = await places.take('a', later)
  const waiting = ['a 1', 'a 2', 'b 1', 'b 2'].map(async (name) => {
    const leave = await places.take(name.charAt(0), later)
    dealt.push(name)
    return leave
  })

  first()
  const next = await waiting[2]
  second()
  const after = await Promise.race(waiting.slice(0, 2))
  next?.()
  const last = await waiting[3]
  after?.()
  last?.()
  await waiting[1]

  assert.deepEqual(dealt, ['b 1', 'a 1', 'b 2', 'a 2'])
})

test('who no longer waits is passed over', async () => {
  const places = new Places({ max: 1, maxPerTenant: 1 })
  const stopping = new AbortController()
  const leave = await places.take('a', later)
  const stopped = places.take('b', { timeoutMs: 30_000, signal: stopping.signal })
  const late = places.take('b', soon)
  const kept = places.take('c', later)
  stopping.abort(new RangeError('the run is over'))

  await assert.rejects(stopped, RangeError)
  await assert.rejects(late, NoPlace)
  leave()
  ;(await kept)()
  assert.equal(places.taken, 0)
})
