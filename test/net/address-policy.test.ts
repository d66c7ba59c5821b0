import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressPolicy, isRange } from '../../src/net/address-policy.ts'

// What is refused is in the table of test/security/ssrf.test.ts, with every spelling.

test('public addresses may be reached', () => {
  const policy = new AddressPolicy([])
  const edges = [
    '1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0',
    '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '168.63.129.15', '2606:4700::1111', '2a00:1450::1', '2001:4860:4860::8888', '2003::1',
  ]

  assert.deepEqual(edges.filter((address) => policy.refuse(address) !== undefined), [])
})

test('what is allowed may be reached, and nothing beside it', () => {
  const policy = new AddressPolicy(['10.1.0.0/16', '192.168.1.7', 'fd00:1::/32', '::1'])

  const kinds = ['10.1.0.0', '10.1.255.255', '192.168.1.7', 'fd00:1::5', '::1', '10.0.255.255', '10.2.0.0', '192.168.1.6', '192.168.1.8', 'fd00:2::5', '::2', '::ffff:10.1.0.1', '64:ff9b::10.1.0.1', '2002:a01:1::'].map((address) => policy.refuse(address))

  assert.deepEqual(kinds, [undefined, undefined, undefined, undefined, undefined, 'private', 'private', 'private', 'private', 'private', 'reserved', 'translated', 'translated', 'translated'])
})

test('metadata services are refused until they are allowed by name', () => {
  assert.equal(new AddressPolicy(['10.0.0.0/8']).refuse('169.254.169.254'), 'link-local')
  assert.equal(new AddressPolicy([]).refuse('168.63.129.16'), 'metadata')
  assert.equal(new AddressPolicy(['168.63.129.16']).refuse('168.63.129.16'), undefined)
})

test('what is no address is refused', () => {
  const policy = new AddressPolicy(['0.0.0.0/0', '::/0'])

  for (const text of ['', 'localhost', 'x', '1.2.3.4.5', '::1::', '1.2.3.4\n']) assert.equal(policy.refuse(text), 'unknown', JSON.stringify(text))
})

test('a range is an address or a CIDR that is written out', () => {
  const ranges = ['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fd00::/8', '::ffff:0:0/96']
  const others = ['10', '10.1', '10.0.0.0/33', '10.0.0.0/', '/8', '0x7f.0.0.1', '127.1/8', 'fd00::/129', 'host', '', '10.0.0.0-10.0.0.9', '*']

  assert.deepEqual([...ranges, ...others].filter(isRange), ranges)
  for (const text of others) assert.throws(() => new AddressPolicy([text]), RangeError, text)
})
