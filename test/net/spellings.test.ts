import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { AddressPolicy } from '../../src/net/address-policy.ts'
import { readTarget } from '../../src/net/target.ts'

const policy = new AddressPolicy([])
const INSIDE = [[10, 8], [127, 8], [0, 8], [0xa9fe, 16], [0xac10 >> 4, 12], [0xc0a8, 16], [0x6440 >> 6, 10], [0xe, 4], [0xf, 4], [0xc612 >> 1, 15]] as const

/** An address of a range that is refused, as one number. */
const inside = fc.tuple(fc.constantFrom(...INSIDE), fc.nat(0xffffffff)).map(([[prefix, bits], rest]) => prefix * 2 ** (32 - bits) + rest % 2 ** (32 - bits))

const radix = fc.constantFrom<(part: number) => string>(
  String,
  (part) => `0${part.toString(8)}`,
  (part) => `000${part.toString(8)}`,
  (part) => `0x${part.toString(16)}`,
  (part) => `0X${part.toString(16).toUpperCase()}`,
  (part) => `0x000${part.toString(16)}`,
)
const FULL_STOPS = ['.', '\u3002', '\uFF0E', '\uFF61', '%2e', '%E3%80%82']
/** How a character of a host can be written that reads as the same one. */
const character = fc.constantFrom<(char: string) => string>(
  (char) => char,
  (char) => /[0-9a-z]/i.test(char) ? String.fromCodePoint((char.codePointAt(0) ?? 0) - 0x21 + 0xFF01) : char, // full width
  (char) => `%${(char.codePointAt(0) ?? 0).toString(16)}`,
  (char) => `${char}\u00AD`, // a hyphen that is not seen
  (char) => `${char}\t`,
)

/** The parts of an IPv4 address may be one to four: the last one is as long as it has to be. Source: URL standard, "IPv4 parser". */
function split (address: number, parts: number): number[] {
  const bytes = [24, 16, 8].slice(0, parts - 1).map((shift) => Math.floor(address / 2 ** shift) % 256)
  return [...bytes, address % 2 ** (8 * (5 - parts))]
}

const spelling = fc.record({ address: inside, parts: fc.integer({ min: 1, max: 4 }), radixes: fc.array(radix, { minLength: 4, maxLength: 4 }), stop: fc.constantFrom(...FULL_STOPS), write: character, end: fc.constantFrom('', '.', '\u3002') })

test('every spelling of a refused IPv4 address is refused for what it is', () => {
  fc.assert(fc.property(spelling, ({ address, parts, radixes, stop, write, end }) => {
    const canonical = split(address, 4).join('.')
    const words = split(address, parts).map((part, at) => [...(radixes[at] ?? String)(part)].map(write).join(''))

    const { host } = readTarget(`http://${words.join(stop)}${end}/`)

    assert.equal(host, canonical)
    assert.notEqual(policy.refuse(host), undefined, host)
  }), { numRuns: 5000 })
})

test('every IPv6 address that holds an IPv4 address is refused, whichever that is', () => {
  const prefixes = ['::', '::ffff:', '::ffff:0:', '64:ff9b::', '64:ff9b:1::', '64:ff9b:1:ffff::']
  fc.assert(fc.property(fc.constantFrom(...prefixes), fc.nat(0xffffffff), fc.boolean(), (prefix, address, isDotted) => {
    const written = isDotted ? split(address, 4).join('.') : `${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`

    const { host } = readTarget(`http://[${prefix}${written}]/`)

    assert.notEqual(policy.refuse(host.slice(1, -1)), undefined, host)
  }), { numRuns: 2000 })
  fc.assert(fc.property(fc.nat(0xffffffff), (address) => {
    const words = `${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`

    for (const host of [`2002:${words}::1`, `2001:0:${words}::1`]) assert.equal(policy.refuse(host), 'translated')
  }), { numRuns: 500 })
})
