import { ToolError } from '../tool.ts'

/** What the requests of one run may come to, all together. */
export interface BudgetLimits {
  maxRequests: number
  maxSentBytes: number
  maxReceivedBytes: number
}

/** Counts the requests of one run, redirects among them, and the bytes of their bodies. Whatever is one too many throws a ToolError TOOL_LIMIT. */
export class Budget {
  readonly #limits: BudgetLimits
  #requests = 0
  #sentBytes = 0
  #receivedBytes = 0
  #compressedBytes = 0

  constructor (limits: BudgetLimits) {
    this.#limits = limits
  }

  takeRequest (): void {
    const { maxRequests } = this.#limits
    if (this.#requests >= maxRequests) throw beyond('maxRequests', `a run may make ${maxRequests} requests, redirects included`)
    this.#requests += 1
  }

  takeSent (bytes: number): void {
    const { maxSentBytes } = this.#limits
    if (this.#sentBytes + bytes > maxSentBytes) throw beyond('maxSentBytes', `a run may send ${maxSentBytes} bytes of bodies`)
    this.#sentBytes += bytes
  }

  /** Bytes as user code gets them: those of a compressed body once it is decompressed. */
  takeReceived (bytes: number): void {
    const { maxReceivedBytes } = this.#limits
    if (this.#receivedBytes + bytes > maxReceivedBytes) throw beyond('maxReceivedBytes', `a run may receive ${maxReceivedBytes} bytes of bodies, decompressed`)
    this.#receivedBytes += bytes
  }

  /** Bytes of compressed bodies as they come, and between one coding and the next: there are codings in which any number of them come to nothing. */
  takeCompressed (bytes: number): void {
    const { maxReceivedBytes } = this.#limits
    if (this.#compressedBytes + bytes > maxReceivedBytes) throw beyond('maxReceivedBytes', `a run may receive ${maxReceivedBytes} bytes of compressed bodies`)
    this.#compressedBytes += bytes
  }
}

function beyond (limit: string, rule: string): ToolError {
  return new ToolError(`Cannot fetch: ${rule} (${limit})`, { code: 'TOOL_LIMIT' })
}
