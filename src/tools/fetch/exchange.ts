import type { Agent, Dispatcher } from 'undici'
import { allowsHost } from '../../core/permissions.ts'
import { createDecoders } from '../../net/decode-body.ts'
import { RefusedAddress } from '../../net/guarded-agent.ts'
import { readTarget, RefusedTarget } from '../../net/target.ts'
import { ToolError, type ToolRun } from '../tool.ts'
import { BodyReader, type Part } from './body-reader.ts'
import type { Budget } from './budget.ts'
import { denyAddress, denyHost, denyTarget, explain } from './explain.ts'
import { buildHeaders, checkHeaders, type HeaderList, joinValues, readHeaders } from './headers.ts'
import { findLocation, follow, type Hop } from './redirect.ts'
import { Upload } from './upload.ts'

/** Source: Fetch standard, "null body status". */
const NULL_BODY = new Set([101, 103, 204, 205, 304])
/** Answers of status 1xx that may come before the one that counts. */
const INTERIM_MAX = 100

/** What the requests of one run have in common. */
export interface ExchangeContext {
  run: Pick<ToolRun, 'grants' | 'receipt'>
  agent: Agent
  budget: Budget
  limits: { timeoutMs: number, maxHeaderBytes: number, maxRedirects: number }
}

/** A request as the guest half describes it. `length`: of a body that is streamed, where it is known. */
export interface FetchRequest {
  method: string
  url: string
  headers: HeaderList
  redirect: 'follow' | 'error' | 'manual'
  body: 'none' | 'whole' | 'stream'
  length: number | null
}

/** A response without its body. */
export interface ResponseHead {
  status: number
  statusText: string
  url: string
  redirected: boolean
  headers: [string, string][]
}

/**
 * One call of fetch, from its request to the last byte of its response, with the redirects between. It is opened once, and open until its body was read to
 * the end, it failed or it was closed. Every method rejects with a ToolError.
 */
export class Exchange {
  readonly #context: ExchangeContext
  readonly #upload = new Upload()
  readonly #abort = new AbortController()
  #deadline: NodeJS.Timeout | undefined
  #hop: Hop | undefined
  /** Writes the line of the current hop into the receipt, once. */
  #account = (): void => {}
  #receivedBytes = 0
  #reader: BodyReader | undefined
  #isReading = false

  constructor (context: ExchangeContext) {
    this.#context = context
  }

  /** Sends the request, and follows its redirects. Answers the response, with what of its body is there. */
  async open (request: FetchRequest, bytes: Buffer): Promise<ResponseHead & Part> {
    const { timeoutMs, maxHeaderBytes } = this.#context.limits
    if (this.#deadline) throw new ToolError('Cannot fetch: that request was made already')
    this.#deadline = setTimeout(() => this.close(new ToolError(`Cannot fetch: the request took longer than ${timeoutMs} ms (timeoutMs)`)), timeoutMs)
    try {
      checkHeaders(request.headers, maxHeaderBytes)
      return await this.#follow(request, this.#buildHop(request, bytes))
    } catch (error) {
      const reason = this.#explain(error)
      this.close(reason)
      throw reason
    }
  }

  /** Takes a part of the body, before `open` or while it waits. Answers false when nobody wants it. */
  async write (bytes: Buffer, end: boolean): Promise<boolean> {
    try {
      this.#context.budget.takeSent(bytes.length)
    } catch (error) {
      this.close(error as ToolError) // the budget's
      throw error
    }
    return await this.#upload.write(bytes, end)
  }

  /** Answers the next part of the response's body. */
  async read (): Promise<Part> {
    if (!this.#reader || this.#isReading) throw new ToolError('Cannot fetch: there is no response yet, or a part of it is being read already')
    this.#isReading = true
    try {
      return await this.#reader.read()
    } catch (error) {
      throw this.#explain(error)
    } finally {
      this.#isReading = false
    }
  }

  /** Ends the request wherever it is. Whoever waits for it hears the reason. */
  close (reason: Error = new ToolError('Cannot fetch: the request was closed')): void {
    clearTimeout(this.#deadline)
    this.#upload.close()
    this.#abort.abort(reason)
    this.#account()
  }

  #buildHop ({ method, url, headers, body, length }: FetchRequest, bytes: Buffer): Hop {
    if (body !== 'stream') this.#upload.close() // nobody would take what is written
    const of = { none: null, whole: bytes, stream: this.#upload }
    return { target: readTarget(url), method, headers, body: of[body], length: body === 'stream' ? length : null }
  }

  async #follow ({ redirect }: FetchRequest, first: Hop): Promise<ResponseHead & Part> {
    let hop = first
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(hop)
      const { url } = hop.target
      const headers = readHeaders(response.headers as unknown as string[]) // as they came: it was asked for
      const location = redirect === 'manual' ? undefined : findLocation(response.statusCode, headers)
      if (location === undefined) {
        const head = { status: response.statusCode, statusText: response.statusText, url: url.href, redirected: redirects > 0, headers }
        return { ...head, ...await this.#begin(hop, head, response.body) }
      }
      response.body.on('error', () => {}).destroy()
      this.#account()
      if (redirect === 'error') throw new ToolError(`Cannot fetch ${url.origin}: it redirects, which this request takes for an error`)
      if (redirects >= this.#context.limits.maxRedirects) throw new ToolError(`Cannot fetch ${url.origin}: it redirects more than ${redirects} times (maxRedirects)`)
      hop = follow(hop, response.statusCode, location)
    }
  }

  async #send (hop: Hop): Promise<Dispatcher.ResponseData> {
    const { target: { url, host, port }, method, headers, body, length } = hop
    const { run, agent, budget } = this.#context
    this.#abort.signal.throwIfAborted() // closed between two hops
    this.#hop = hop
    if (!allowsHost(run.grants, host, port)) throw denyHost(hop.target)
    budget.takeRequest()
    if (body instanceof Buffer) budget.takeSent(body.length)
    this.#account = this.#openAccount(hop)
    let interim = 0
    return await this.#orAbort(agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: buildHeaders(headers, length),
      body: body instanceof Upload ? body.body : body,
      signal: this.#abort.signal,
      responseHeaders: 'raw',
      onInfo: () => {
        interim += 1
        if (interim > INTERIM_MAX) this.close(new ToolError(`Cannot fetch ${url.origin}: more than ${INTERIM_MAX} interim answers came before the one that counts`))
      },
    }))
  }

  /** undici hears of an abort only when it has a connection: who waits for one is not to wait for that. */
  async #orAbort<T> (request: Promise<T>): Promise<T> {
    const { signal } = this.#abort
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await Promise.race([request, aborted.promise])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async #begin ({ method }: Hop, { status, headers }: ResponseHead, body: Dispatcher.ResponseData['body']): Promise<Part> {
    const { budget } = this.#context
    const hasBody = method !== 'HEAD' && !NULL_BODY.has(status) && joinValues(headers, 'content-length') !== '0'
    this.#reader = new BodyReader(body, hasBody ? createDecoders(joinValues(headers, 'content-encoding')) : [], {
      onCompressed: (bytes) => budget.takeCompressed(bytes),
      onBytes: (bytes) => {
        this.#receivedBytes += bytes
        budget.takeReceived(bytes)
      },
      onEnd: () => {
        clearTimeout(this.#deadline)
        this.#account()
      },
    })
    return hasBody ? await this.#reader.readNow() : await this.#reader.read()
  }

  /** A hop is told of when it is over: its bytes and its time are known then. */
  #openAccount ({ target: { host, port }, method, body }: Hop): () => void {
    const begunMs = performance.now()
    this.#receivedBytes = 0
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      const sentBytes = body instanceof Upload ? body.sentBytes : body?.length ?? 0
      this.#context.run.receipt.use({ grant: 'net', target: `${host}:${port}`, method, sentBytes, receivedBytes: this.#receivedBytes, durationMs: performance.now() - begunMs })
    }
  }

  #explain (error: unknown): ToolError {
    if (error instanceof RefusedTarget) return this.#deny(error.target, denyTarget(error))
    const hop = this.#hop
    if (!hop) return error instanceof ToolError ? error : new ToolError('Cannot fetch: the request failed', { cause: error })
    const { target, method } = hop
    if (error instanceof RefusedAddress) this.#account = () => {} // nothing was sent
    const reason = error instanceof RefusedAddress ? denyAddress(target, error) : explain(error, target, this.#context.limits.maxHeaderBytes)
    return this.#deny(`${target.host}:${target.port}`, reason, method)
  }

  #deny (target: string, reason: ToolError, method?: string): ToolError {
    if (reason.code === 'PERMISSION_DENIED') this.#context.run.receipt.deny({ grant: 'net', target, reason: reason.message, ...(method !== undefined && { method }) })
    return reason
  }
}
