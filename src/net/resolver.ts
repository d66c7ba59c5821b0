import type { LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'

/** Milliseconds that a name server has for its first answer; it is asked twice, and has twice as long the second time. */
const TRY_MS = 1500
const TRIES = 2

/** Source: RFC 6761, section 6.3. */
const LOCALHOST = /(^|\.)localhost$/
const LOOPBACK: readonly LookupAddress[] = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]

/**
 * Looks up the addresses of names by asking name servers itself. The system's own look-up would wait in threads that the whole process shares, and
 * who asks for many names that nobody answers would stop everything else that needs one; it would also find the names of the machine's hosts file.
 */
export class NameResolver {
  readonly #resolver = new Resolver({ timeout: TRY_MS, tries: TRIES })

  /** `servers`: addresses, with a port or without; those of the system unless there are any. */
  constructor (servers: readonly string[]) {
    if (servers.length > 0) this.#resolver.setServers(servers)
  }

  /** Answers every address of a name, IPv4 first. Rejects with the error of the name server when it has none. */
  async resolve (name: string): Promise<LookupAddress[]> {
    if (LOCALHOST.test(name)) return [...LOOPBACK]
    const [v4, v6] = await Promise.allSettled([this.#resolver.resolve4(name), this.#resolver.resolve6(name)])
    if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason
    return [...addresses(v4, 4), ...addresses(v6, 6)]
  }

  /** Rejects what is still waiting. */
  close (): void {
    this.#resolver.cancel()
  }
}

function addresses (answer: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []
}
