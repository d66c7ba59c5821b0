import type { Agent } from 'undici'
import type { AddressPolicy } from '../../net/address-policy.ts'
import { createGuardedAgent } from '../../net/guarded-agent.ts'
import { NameResolver } from '../../net/resolver.ts'
import { ToolError, type ToolRun } from '../tool.ts'
import { Budget, type BudgetLimits } from './budget.ts'
import { Exchange, type ExchangeContext } from './exchange.ts'

/** Bytes that connections may read for each byte that user code may receive: room for the framing of small chunks, and of compressed bodies besides. */
const NETWORK_FACTOR = 4
/** Bytes that they may read besides for each request: of what is left unread, such as the body of a redirect. */
const LEFT_BYTES = 65_536

export interface FetchRunOptions {
  policy: AddressPolicy
  dnsServers: readonly string[]
  connectTimeoutMs: number
  limits: BudgetLimits & ExchangeContext['limits']
}

/**
 * The requests of one run, by the numbers that its guest half gives them. Its connections are its own: no other run, and so no other tenant, finds one that
 * it left logged in, or half read. All of them end with the run.
 */
export class FetchRun {
  readonly #resolver: NameResolver
  readonly #agent: Agent
  readonly #context: ExchangeContext
  readonly #open = new Map<number, Exchange>()
  readonly #over = new Set<number>()
  readonly #maxOpen: number
  readonly #signal: AbortSignal

  constructor (run: ToolRun, { policy, dnsServers, connectTimeoutMs, limits }: FetchRunOptions) {
    this.#resolver = new NameResolver(dnsServers)
    const { maxReceivedBytes, maxRequests, maxHeaderBytes } = limits
    const maxBytes = NETWORK_FACTOR * maxReceivedBytes + maxRequests * (maxHeaderBytes + LEFT_BYTES)
    this.#agent = createGuardedAgent({ policy, resolver: this.#resolver, connectTimeoutMs, maxHeaderBytes, maxBytes })
    this.#context = { run, agent: this.#agent, budget: new Budget(limits), limits }
    this.#maxOpen = maxRequests
    this.#signal = run.signal
    if (run.signal.aborted) this.#close()
    else run.signal.addEventListener('abort', () => this.#close(), { once: true })
  }

  /** Answers the request of that number; undefined when it is over. The first parts of a body may come before the call that opens its request. */
  find (id: number): Exchange | undefined {
    if (this.#signal.aborted) throw new ToolError('Cannot fetch: the run is over')
    if (this.#over.has(id)) return undefined
    const known = this.#open.get(id)
    if (known) return known
    if (this.#open.size >= this.#maxOpen) throw new ToolError(`Cannot fetch: ${this.#open.size} requests are open, no more are allowed (maxRequests)`, { code: 'TOOL_LIMIT' })
    const exchange = new Exchange(this.#context)
    this.#open.set(id, exchange)
    return exchange
  }

  /** Ends a request; one that is over already stays so. */
  end (id: number): void {
    this.#open.get(id)?.close()
    this.#open.delete(id)
    this.#over.add(id)
  }

  #close (): void {
    for (const id of this.#open.keys()) this.end(id)
    this.#resolver.close()
    this.#agent.destroy().catch(() => {}) // whoever waited has been told
  }
}
