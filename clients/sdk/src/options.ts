import type { LiveOptions } from './live/options.ts'

/** How one call is made; what is left out is as the client has it. */
export interface RequestOptions {
  /** Ends the call, and whatever it waits for, with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Longest that one try takes until its answer is in; Infinity for no bound, which batches have unless they are given one. What the service is asked to wait comes on top. */
  timeoutMs?: number | undefined
  /** Tries beyond the first, of a request that may be repeated. */
  retries?: number | undefined
  headers?: Readonly<Record<string, string>> | undefined
  /** For a call that makes something: the same key answers what was made first. A random one without it. */
  idempotencyKey?: string | undefined
}

/** What is told of a try that is to be repeated. */
export interface Retry {
  error: unknown
  /** Counts the tries that failed, from 1. */
  attempt: number
  delayMs: number
  method: string
  url: string
}

/** What a client is made with. */
export interface ClientOptions extends LiveOptions {
  /** Where the service is: `https://batchbox.example.com`, with a path if it has one. */
  url: string | URL
  /** Its token, or what answers it: asked before each request. */
  apiKey?: string | (() => string | Promise<string>) | undefined
  /** Instead of the global one. */
  fetch?: ((request: Request) => Promise<Response>) | undefined
  /** 60,000 without it. */
  timeoutMs?: number | undefined
  /** 5 without it: 0.5 s, then twice as long each time up to 8 s, half of it at random; what the service says in Retry-After goes first. */
  retries?: number | undefined
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Sees each try before it is sent, and may answer another request. */
  onRequest?: (request: Request) => Request | void | Promise<Request | void>
  /** Sees each answer before it is read, also a refusal, and may answer another. */
  onResponse?: (response: Response, request: Request) => Response | void | Promise<Response | void>
  /** Told before a try is repeated. */
  onRetry?: (retry: Retry) => void
}
