import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as assertProperty, constant, integer, option, property, record, subarray } from 'fast-check'
import { Ceilings, findGrowth, hasScope, inheritRights, KeyBounds, NO_BOUNDS, NO_CEILINGS, Scope, SERVICE_SCOPES, TENANT_SCOPES, type KeyRights } from '../../src/core/api-key.ts'

const ADMIN: KeyRights = { tenant: 'acme', scopes: ['admin'], ceilings: NO_CEILINGS, bounds: NO_BOUNDS, expiresAt: null, rateGroup: 'own' }
const OPERATOR: KeyRights = { ...ADMIN, tenant: 'default', scopes: ['operator'] }

test('admin implies what concerns its tenant, operator everything, and other scopes themselves alone', () => {
  for (const scope of TENANT_SCOPES) assert.ok(hasScope(ADMIN, scope))
  for (const scope of SERVICE_SCOPES) assert.ok(!hasScope(ADMIN, scope))
  for (const scope of Scope.options) {
    assert.ok(hasScope(OPERATOR, scope))
    assert.ok(hasScope({ scopes: [scope] }, scope))
    assert.ok(!hasScope({ scopes: [] }, scope))
  }
  assert.ok(!hasScope({ scopes: ['jobs:write'] }, 'jobs:read'))
})

test('each way to have more than another key is named', () => {
  const holder: KeyRights = {
    ...ADMIN, scopes: ['admin', 'jobs:read'], expiresAt: 1000,
    ceilings: { limits: { timeoutMs: 100 }, tools: ['echo'], permissions: 'none', secrets: ['TOKEN'], webhooks: ['*.example.com'] },
    bounds: { requestsPerSecond: 5, jobsWaiting: 6 },
  }
  const more: [Partial<KeyRights>, RegExp][] = [
    [{ tenant: 'other' }, /tenant/],
    [{ scopes: ['operator'] }, /operator/],
    [{ scopes: ['jobs:read', 'metrics:read'] }, /metrics:read/],
    [{ ceilings: { ...holder.ceilings, limits: { timeoutMs: 101 } } }, /ceilings\.limits\.timeoutMs is 101, more than 100/],
    [{ ceilings: { ...holder.ceilings, limits: {} } }, /timeoutMs is without a bound/],
    [{ ceilings: { ...holder.ceilings, tools: ['echo', 'crypto'] } }, /ceilings\.tools has "crypto"/],
    [{ ceilings: { ...holder.ceilings, tools: null } }, /ceilings\.tools/],
    [{ ceilings: { ...holder.ceilings, permissions: null } }, /ceilings\.permissions/],
    [{ ceilings: { ...holder.ceilings, secrets: ['TOKEN', 'OTHER'] } }, /ceilings\.secrets has "OTHER"/],
    [{ ceilings: { ...holder.ceilings, secrets: null } }, /ceilings\.secrets is without a bound/],
    [{ ceilings: { ...holder.ceilings, webhooks: ['a.example.com', 'example.org'] } }, /ceilings\.webhooks has "example\.org"/],
    [{ ceilings: { ...holder.ceilings, webhooks: null } }, /ceilings\.webhooks is without a bound/],
    [{ bounds: { ...holder.bounds, requestsPerSecond: 6 } }, /bounds\.requestsPerSecond/],
    [{ bounds: { ...holder.bounds, jobsWaiting: null } }, /bounds\.jobsWaiting/],
    [{ expiresAt: 1001 }, /expiresAt/],
    [{ expiresAt: null }, /expiresAt/],
    [{ rateGroup: 'another' }, /apart/],
  ]

  assert.equal(findGrowth(holder, holder), undefined)
  for (const [members, named] of more) {
    assert.match(findGrowth(holder, { ...holder, ...members }) ?? '', named)
    assert.equal(findGrowth(OPERATOR, { ...holder, ...members }), undefined)
  }
})

test('what a key is made with and did not ask for is its maker\'s, so that asking for nothing never grows', () => {
  const limit = option(integer({ min: 16, max: 1000 }), { nil: undefined })
  const rights = record({
    scopes: subarray(['jobs:read', 'jobs:write', 'admin'] as const),
    ceilings: record({ limits: record({ timeoutMs: limit, memoryMb: limit }), tools: option(subarray(['echo', 'crypto'])), permissions: option(constant('none' as const)), webhooks: option(subarray(['example.com', '*.example.com'])) }),
    bounds: record({ requestsPerSecond: option(integer({ min: 1, max: 9 })), jobsWaiting: option(integer({ min: 0, max: 9 })) }),
    expiresAt: option(integer({ min: 1, max: 99 })),
  })

  const ownedBy = (rateGroup: string, own: Pick<KeyRights, 'scopes' | 'expiresAt'> & { ceilings: unknown, bounds: unknown }): KeyRights => (
    { ...ADMIN, ...own, ceilings: Ceilings.parse(own.ceilings), bounds: KeyBounds.parse(own.bounds), rateGroup }
  )

  assertProperty(property(rights, (own) => {
    const maker = ownedBy('own', own)
    const nothing = { tenant: 'acme', scopes: maker.scopes, ceilings: NO_CEILINGS, bounds: NO_BOUNDS, expiresAt: null }

    const made = inheritRights(maker, nothing, 'new')

    assert.equal(findGrowth(maker, made), undefined)
    assert.equal(findGrowth(made, maker), maker.rateGroup === made.rateGroup ? undefined : findGrowth(made, maker))
  }))
  assertProperty(property(rights, rights, rights, (one, two, three) => {
    const [a, b, c] = [one, two, three].map((own, at) => ownedBy(String(at), { ...own, bounds: NO_BOUNDS }))
    assert.ok(a && b && c)
    if (findGrowth(a, b) === undefined && findGrowth(b, c) === undefined) assert.equal(findGrowth(a, c), undefined, 'no chain of keys has more than its first')
  }))
})
