import { isIP, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import { Agent, buildConnector } from 'undici'
import type { AddressPolicy } from './address-policy.ts'
import type { NameResolver } from './resolver.ts'

/** Why no connection was made: the host is, or stands for, an address that must not be reached. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress'
  /** What kind of address it is: `loopback`. The address itself is not told: what a name stands for may be a secret of the network. */
  readonly kind: string

  constructor (kind: string) {
    super(`Cannot connect: the address is ${kind}`)
    this.kind = kind
  }
}

/** Why a connection was cut: all connections of the agent together have read more than they may. */
export class TooManyBytes extends Error {
  override readonly name = 'TooManyBytes'
}

type Socket = NonNullable<Parameters<buildConnector.Callback>[1]>

export interface GuardOptions {
  policy: AddressPolicy
  resolver: NameResolver
  /** For the look-up of the name, the connection and TLS. */
  connectTimeoutMs: number
  /** Of a response, with its status line. */
  maxHeaderBytes: number
  /** That all connections together may read: there is no end to what a server can say around its answers, and nobody else counts it. */
  maxBytes: number
}

/**
 * Makes an agent whose connections lead only to addresses that the policy lets through. An address is checked before it is connected to (a name's, as it is
 * looked up for this very connection; one that the URL has, which no look-up would see) and again once it is connected to, before a byte is sent. It speaks
 * HTTP/1.1, follows no redirect, keeps no cookie, and knows no proxy. Its connections are kept for reuse, so an agent has one user; who made it destroys it.
 */
export function createGuardedAgent ({ policy, resolver, connectTimeoutMs, maxHeaderBytes, maxBytes }: GuardOptions): Agent {
  const connect = buildConnector({ allowH2: false, autoSelectFamily: true, timeout: connectTimeoutMs, lookup: buildLookup(policy, resolver) })
  return new Agent({
    connect: buildGuard(policy, connect, buildMeter(maxBytes)),
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 0, // whoever uses the agent has a deadline for the whole of a request
    bodyTimeout: 0,
  })
}

function buildGuard (policy: AddressPolicy, connect: buildConnector.connector, watch: (socket: Socket) => void): buildConnector.connector {
  return (options, callback) => {
    let refused = isIP(options.hostname) === 0 ? undefined : findRefusal(policy, options.hostname)
    if (refused) return callback(refused, null)
    // The types say that nothing is answered; it is the socket, before it is connected.
    const socket = connect(options, (...result) => {
      if (refused) return callback(refused, null)
      if (result[1]) watch(result[1])
      callback(...result)
    }) as unknown as Socket
    socket.prependOnceListener('connect', () => { // before TLS begins, and before anybody writes
      refused = findRefusal(policy, socket.remoteAddress ?? '')
      if (refused) socket.destroy(refused)
    })
  }
}

function buildMeter (maxBytes: number): (socket: Socket) => void {
  let bytes = 0
  return (socket) => {
    let seen = 0
    socket.on('readable', () => {
      bytes += socket.bytesRead - seen
      seen = socket.bytesRead
      if (bytes > maxBytes) socket.destroy(new TooManyBytes(`Cannot read on: connections have read more than ${maxBytes} bytes`))
    })
  }
}

/** Of several addresses the refused ones are left out; a name with no other is refused. */
function buildLookup (policy: AddressPolicy, resolver: NameResolver): LookupFunction {
  const find = callbackify(async (name: string) => {
    const found = await resolver.resolve(name)
    const allowed = found.filter(({ address }) => policy.refuse(address) === undefined)
    if (allowed.length === 0) throw new RefusedAddress(policy.refuse(found[0]?.address ?? '') ?? 'unknown')
    return allowed
  })
  return (name, _options, callback) => find(name, callback) // asked for all of them, since a family is chosen by trying
}

function findRefusal (policy: AddressPolicy, address: string): RefusedAddress | undefined {
  const kind = policy.refuse(address)
  return kind === undefined ? undefined : new RefusedAddress(kind)
}
