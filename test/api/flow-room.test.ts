import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlowRoom } from '../../src/api/flow/room.ts'

const BOUNDS = { perProcess: 4, perTenant: 2, chars: 100 }
const call = (tenant: string, chars = 1) => ({ tenant, text: 'x'.repeat(chars) })

test('a tenant has as many calls as it may, and another one has its own', () => {
  const room = new FlowRoom(BOUNDS)
  const first = room.enter(call('a'))
  room.enter(call('a'))

  assert.throws(() => room.enter(call('a')), { code: 'RATE_LIMITED', message: /2 of the tenant are open/ })
  room.enter(call('b'))
  assert.deepEqual([room.calls, room.callsOf('a'), room.callsOf('b'), room.callsOf('c')], [3, 2, 1, 0])
  first.leave()
  room.enter(call('a'))
})

test('all tenants together have as many calls as a process may', () => {
  const room = new FlowRoom(BOUNDS)
  for (const tenant of ['a', 'b', 'c', 'd']) room.enter(call(tenant))

  assert.throws(() => room.enter(call('e')), { code: 'OVERLOADED', message: /4 are open here/ })
})

test('one tenant has half of the characters at the most, and one call of any size', () => {
  const room = new FlowRoom(BOUNDS)
  room.enter(call('a', 50))

  assert.throws(() => room.enter(call('a')), { code: 'RATE_LIMITED', message: /half of BATCHBOX_FLOW_CHARS/ })
  const large = room.enter(call('b', 50))
  assert.throws(() => room.enter(call('c')), { code: 'OVERLOADED', message: /100 characters/ })
  large.leave()
  room.enter(call('c', 40))
})

test('an answer counts until it was taken, instead of what was asked', () => {
  const room = new FlowRoom(BOUNDS)
  const place = room.enter(call('a', 10))

  place.answered(90)

  assert.throws(() => room.enter(call('b', 11)), { code: 'OVERLOADED', message: /have 90 characters/ })
  place.leave()
  room.enter(call('b', 100))
  assert.deepEqual([room.calls, room.callsOf('a')], [1, 0])
})
