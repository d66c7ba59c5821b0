import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = readonly [Address, number]

/** What lies behind ranges that are nobody's public address, in the words of errors; `reserved` for those that are not listed. */
const KINDS: Readonly<Record<string, string>> = {
  unspecified: 'unspecified',
  loopback: 'loopback',
  private: 'private',
  uniqueLocal: 'private',
  deprecatedSiteLocal: 'private',
  linkLocal: 'link-local',
  carrierGradeNat: 'private',
  multicast: 'multicast',
  broadcast: 'broadcast',
  ipv4Mapped: 'translated',
  rfc6145: 'translated',
  rfc6052: 'translated',
  '6to4': 'translated',
  teredo: 'translated',
}

/** Addresses of public ranges behind which clouds keep their machines' metadata. Source: Microsoft, "What is IP address 168.63.129.16". */
const METADATA: readonly Range[] = [readRange('168.63.129.16')]

/** All public addresses of version 6. Source: IANA, Internet Protocol Version 6 Address Space. */
const GLOBAL_V6 = readRange('2000::/3')

/**
 * Decides which addresses may be reached for somebody who is not trusted: public ones, and what the operator allows besides. Private, loopback, link-local,
 * shared, multicast and reserved ranges are refused, metadata services among them; so are all ways of writing an IPv4 address in IPv6, since something on the
 * way would turn it back. Source: RFC 6890 and the registries of IANA that it names, as ipaddr.js has them.
 */
export class AddressPolicy {
  readonly #allowed: readonly Range[]

  /** `allowRanges`: as `isRange` takes them. */
  constructor (allowRanges: readonly string[]) {
    this.#allowed = allowRanges.map(readRange)
  }

  /** Answers what kind of address it is that must not be reached; undefined for one that may be. */
  refuse (text: string): string | undefined {
    if (!ipaddr.isValid(text)) return 'unknown'
    const address = ipaddr.parse(text)
    if (this.#allowed.some((range) => isWithin(address, range))) return undefined
    if (METADATA.some((range) => isWithin(address, range))) return 'metadata'
    const kind = address.range()
    if (kind !== 'unicast') return KINDS[kind] ?? 'reserved'
    return address.kind() === 'ipv4' || isWithin(address, GLOBAL_V6) ? undefined : 'reserved'
  }
}

/** Tells whether a text is an address or a range of addresses (CIDR), written out. */
export function isRange (text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValid(text) || ipaddr.IPv6.isValidCIDR(text)
}

function readRange (text: string): Range {
  if (!isRange(text)) throw new RangeError(`Cannot allow "${text}": it is neither an address nor a range like 10.1.0.0/16`)
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function isWithin (address: Address, [base, bits]: Range): boolean {
  return address.kind() === base.kind() && address.match(base, bits)
}
