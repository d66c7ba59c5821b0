import { LRUCache } from 'lru-cache'
import type { Agent, Dispatcher } from 'undici'
import { AddressPolicy } from '../../net/address-policy.ts'
import { createGuardedAgent, RefusedAddress, TooManyBytes } from '../../net/guarded-agent.ts'
import { findReason } from '../../net/reason.ts'
import { NameResolver } from '../../net/resolver.ts'
import { readTarget, RefusedTarget } from '../../net/target.ts'

/** Bytes of an answer's body that are kept, and that are read at the most before its connection is given up. */
export const ANSWER_BYTES = 1024
const READ_BYTES = 16_384
const HEADER_BYTES = 16_384
const CONNECT_TIMEOUT_MS = 10_000
/** Requests that one agent makes: its connections may read so much for each, and no more. */
const REQUESTS_PER_AGENT = 1000
/** Receivers to which connections are kept, and how long an idle agent is. */
const AGENTS_MAX = 256
const AGENT_TTL_MS = 30_000

export interface SenderOptions {
  /** Of a whole try: the look-up, the connection, the request, and the answer with its body. */
  timeoutMs: number
  /** Addresses and ranges that may be reached although they are nobody's public address. */
  allowRanges: readonly string[]
  /** Name servers to ask; those of the system unless there are any. */
  dnsServers: readonly string[]
  userAgent: string
}

export interface Letter {
  /** Who is sent it: connections are kept for each. */
  lane: string
  url: string
  headers: Readonly<Record<string, string>>
  body: Buffer
}

/** How it was answered. `error` is null only for an answer of 2xx. */
export interface Answer {
  status: number | null
  error: string | null
  /** The beginning of its body, as text. */
  answer: string | null
  retryAfter: string
}

/** Sends what webhooks are told, to whoever may be reached: redirects are not followed, and what is not 2xx is a failure. */
export class Sender {
  readonly #options: SenderOptions
  readonly #policy: AddressPolicy
  readonly #resolver: NameResolver
  readonly #agents = new LRUCache<string, { agent: Agent, left: number }>({
    max: AGENTS_MAX,
    ttl: AGENT_TTL_MS,
    updateAgeOnGet: true,
    ttlAutopurge: true,
    dispose: ({ agent }) => { agent.close().catch(() => {}) }, // those who wait for an answer get it
  })

  /** Throws a RangeError for a range that is none. */
  constructor (options: SenderOptions) {
    this.#options = options
    this.#policy = new AddressPolicy(options.allowRanges)
    this.#resolver = new NameResolver(options.dnsServers)
  }

  /** Never rejects. The signal ends it at once. */
  async send (letter: Letter, signal: AbortSignal): Promise<Answer> {
    const { timeoutMs } = this.#options
    const late = AbortSignal.timeout(timeoutMs)
    const answer: Answer = { status: null, error: null, answer: null, retryAfter: '' }
    try {
      await orAbort(this.#post(letter, answer, AbortSignal.any([late, signal])), AbortSignal.any([late, signal]))
    } catch (error) {
      answer.error = late.aborted ? `Cannot deliver: ${describeHost(letter.url)} took longer than ${timeoutMs} ms, body included` : `Cannot deliver: ${explain(error)}`
    }
    return { ...answer } // what is still under way may write into it
  }

  /** Ends everything that is under way. */
  close (): void {
    const agents = [...this.#agents.values()]
    this.#agents.clear()
    this.#resolver.close()
    for (const { agent } of agents) agent.destroy().catch(() => {})
  }

  async #post ({ lane, url, headers, body }: Letter, answer: Answer, signal: AbortSignal): Promise<void> {
    const target = readTarget(url)
    const response = await this.#agentFor(lane).request({
      origin: target.url.origin,
      path: target.url.pathname + target.url.search,
      method: 'POST',
      headers: { 'user-agent': this.#options.userAgent, 'content-type': 'application/json', 'accept-encoding': 'identity', ...headers },
      body,
      signal,
    })
    answer.status = response.statusCode
    answer.retryAfter = String(response.headers['retry-after'] ?? '')
    answer.answer = await readStart(response.body)
    if (response.statusCode < 200 || response.statusCode > 299) answer.error = describeStatus(response.statusCode)
  }

  #agentFor (lane: string): Agent {
    const kept = this.#agents.get(lane)
    if (kept && kept.left > 0) {
      kept.left -= 1
      return kept.agent
    }
    const agent = createGuardedAgent({
      policy: this.#policy, resolver: this.#resolver, connectTimeoutMs: CONNECT_TIMEOUT_MS, maxHeaderBytes: HEADER_BYTES, maxBytes: REQUESTS_PER_AGENT * (HEADER_BYTES + READ_BYTES),
    })
    this.#agents.set(lane, { agent, left: REQUESTS_PER_AGENT - 1 })
    return agent
  }
}

/** undici hears of an abort only when it has a connection: who waits for one is not to wait for that. */
async function orAbort (work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  work.catch(() => {}) // it may end after nobody waits for it any more
  try {
    await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Reads the beginning of a body. A short one is read to its end, so that its connection can be used again. */
async function readStart (body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) { // no encoding was set
    if (bytes < ANSWER_BYTES) chunks.push(chunk)
    bytes += chunk.length
    if (bytes > READ_BYTES) break // which closes the connection
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString()
}

function describeStatus (status: number): string {
  if (status >= 300 && status < 400) return `Cannot deliver: the answer was ${status}, and redirects are not followed; give the webhook the address it leads to`
  if (status === 410) return 'Cannot deliver: the answer was 410, so the receiver wants no more'
  return `Cannot deliver: the answer was ${status}, expected 2xx`
}

function explain (error: unknown): string {
  if (error instanceof RefusedTarget) return error.message
  if (error instanceof RefusedAddress) return `the address is ${error.kind}; the operator would have to allow it (BATCHBOX_WEBHOOK_ALLOW_RANGES)`
  if (error instanceof TooManyBytes) return 'the answers are far too long'
  return findReason(error)
}

function describeHost (url: string): string {
  return URL.parse(url)?.host ?? 'the receiver'
}
