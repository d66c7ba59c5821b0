import { ApiError, buildApiError, ConnectionError, NotFoundError, ProtocolError, RequestTimeoutError } from '../errors.ts'
import type { ClientOptions, RequestOptions } from '../options.ts'
import { delayOf, mayRetry, readRetryAfter, sleep } from './retry.ts'

const TIMEOUT_MS = 60_000
const RETRIES = 5
/** A timer of more fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

export type Query = Readonly<Record<string, string | number | boolean | Date | undefined>>

/** Below the client's URL, without a slash in front: `v1/jobs`. Of a list, what comes after the first is encoded: `['v1/jobs', id, 'cancel']`. */
export type Path = string | readonly [root: string, ...parts: string[]]

/** A body that is not JSON. */
export interface Upload {
  type: string
  /** Opens it from its start, for each try. */
  open: () => Promise<Blob | ReadableStream<Uint8Array>>
  /** Whether it can be opened more than once. */
  isRepeatable: boolean
}

/** One request, and how it may be repeated. */
export interface Call extends RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: Path
  query?: Query
  accept?: string
  json?: unknown
  upload?: Upload
  /** A POST that makes something: it carries an Idempotency-Key, and so may be repeated. */
  idempotent?: boolean
  /** A POST that does no more when it comes twice. */
  repeatable?: boolean
  /** How long the service is asked to wait before it answers. */
  waitMs?: number
  /** Writes a refusal of another shape as a problem of RFC 9457. */
  readRefusal?: (text: string, status: number) => string
}

/** Sends requests of a client: with its key, its time-outs and its retries. */
export interface Requester {
  /** Its path ends in a slash. */
  readonly url: URL
  /** Tries beyond the first, unless a call says. */
  readonly retries: number
  resolve (path: Path, query?: Query): URL
  /** The headers of every request, the key among them. */
  headers (): Promise<Headers>
  /** The key's token; undefined where the client has none. */
  apiKey (): Promise<string | undefined>
  /** Answers once the head of a 2xx is there; the caller reads or cancels the body. Throws an ApiError, a ConnectionError or a RequestTimeoutError, or the signal's reason. */
  send (call: Call): Promise<Response>
  /** Answers a body of JSON; undefined where there is none. Throws a ProtocolError for another body. */
  json<T> (call: Call): Promise<T>
  /** Answers what `read` makes of a 2xx, with new tries where it does not come whole. */
  read<T> (call: Call, read: (response: Response) => Promise<T>): Promise<T>
}

/** Builds it. Throws a TypeError for a URL that is none. */
export function buildRequester (options: ClientOptions): Requester {
  const url = parseUrl(options.url)
  const { retries = RETRIES } = options
  const apiKey = async () => typeof options.apiKey === 'function' ? options.apiKey() : options.apiKey
  const headers = async () => {
    const headers = new Headers(options.headers)
    const token = await apiKey()
    if (token !== undefined && !headers.has('authorization')) headers.set('authorization', `Bearer ${token}`)
    return headers
  }
  const resolve: Requester['resolve'] = (path, query = {}) => {
    const [root, ...parts] = typeof path === 'string' ? [path] : path
    const to = new URL([root, ...parts.map(encodePart)].join('/'), url)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) to.searchParams.set(name, value instanceof Date ? value.toISOString() : String(value))
    return to
  }
  const parts: Parts = { options, retries, headers, resolve }
  return {
    url,
    retries,
    resolve,
    headers,
    apiKey,
    send: (call) => repeat(parts, call, async (response) => response),
    read: (call, read) => repeat(parts, call, read),
    json: <T>(call: Call) => repeat(parts, call, (response) => readJson(response) as Promise<T>), // the service's own schemas say so
  }
}

interface Parts extends Pick<Requester, 'retries' | 'headers' | 'resolve'> {
  options: ClientOptions
}

/** Tries until there is an answer, or an error that another try would not mend. */
async function repeat<T> (parts: Parts, call: Call, read: (response: Response) => Promise<T>): Promise<T> {
  const { options, resolve } = parts
  const { method = 'GET', path, query, signal, upload, idempotent = false, repeatable = method !== 'POST' || idempotent, retries = parts.retries } = call
  const key = idempotent ? call.idempotencyKey ?? newIdempotencyKey() : undefined
  for (let failures = 1; ; failures += 1) {
    try {
      return await tryOnce(parts, { ...call, idempotencyKey: key }, read)
    } catch (error) {
      if (method === 'DELETE' && failures > 1 && error instanceof NotFoundError) return undefined as T // a try before has done it
      const isOver = failures > retries || (upload && !upload.isRepeatable) || signal?.aborted
      if (isOver || !mayRetry(error, repeatable)) throw error
      const delayMs = delayOf(failures, error instanceof ApiError ? error.retryAfterMs : undefined)
      options.onRetry?.({ error, attempt: failures, delayMs, method, url: resolve(path, query).href })
      await sleep(delayMs, signal)
    }
  }
}

async function tryOnce<T> (parts: Parts, call: Call, read: (response: Response) => Promise<T>): Promise<T> {
  const { options, resolve } = parts
  // Nobody knows how long an upload takes: it goes on for as long as its items come.
  const { signal, method = 'GET', timeoutMs = call.upload ? Infinity : options.timeoutMs ?? TIMEOUT_MS, waitMs = 0 } = call
  const name = `${method} ${resolve(call.path).href}`
  signal?.throwIfAborted()
  const expiry = new AbortController()
  const within = timeoutMs + waitMs
  const timer = within <= TIMER_MAX_MS ? setTimeout(() => expiry.abort(), within) : undefined
  // What the caller's own functions throw is none of this.
  const reach = async <R>(work: () => Promise<R>): Promise<R> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof ProtocolError) throw error
      if (signal?.aborted) throw signal.reason
      if (expiry.signal.aborted) throw new RequestTimeoutError(`${name} was not answered within ${within} ms`)
      throw new ConnectionError(`${name} was not answered: ${reasonOf(error)}`, { cause: error })
    }
  }
  try {
    const request = await prepare(parts, call, signal ? AbortSignal.any([signal, expiry.signal]) : expiry.signal)
    const answered = await reach(() => (options.fetch ?? fetch)(request))
    const response = await options.onResponse?.(answered, request) ?? answered
    // On the way the method, the body or the key may have been lost.
    if (response.redirected) throw new ProtocolError(`${name} was redirected to ${response.url}: give the client the URL that leads there`)
    if (response.ok) return await reach(() => read(response))
    const { status } = response
    const text = await reach(() => response.text())
    throw buildApiError(name, { status, text: call.readRefusal?.(text, status) ?? text, retryAfterMs: readRetryAfter(response.headers.get('retry-after')) })
  } finally {
    clearTimeout(timer)
  }
}

async function prepare ({ options, headers, resolve }: Parts, call: Call, signal: AbortSignal): Promise<Request> {
  const { method = 'GET', path, query, accept = 'application/json', json, upload, idempotencyKey } = call
  const all = await headers()
  all.set('accept', accept)
  if (json !== undefined || upload) all.set('content-type', upload?.type ?? 'application/json')
  if (idempotencyKey !== undefined) all.set('idempotency-key', idempotencyKey)
  for (const [name, value] of Object.entries(call.headers ?? {})) all.set(name, value)
  const body = upload ? await upload.open() : json === undefined ? null : JSON.stringify(json)
  const init = { method, headers: all, body, signal, duplex: 'half' } as const // what streams need; the types of some runtimes lack it
  const request = new Request(resolve(path, query), init)
  return await options.onRequest?.(request) ?? request
}

function parseUrl (text: string | URL): URL {
  if (!URL.canParse(text)) throw new TypeError(`Cannot make a client: "${String(text)}" is not a URL; give one like https://batchbox.example.com`)
  const url = new URL(text)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** Dots alone would lead elsewhere, and nothing to a list. */
function encodePart (part: string): string {
  if (/[^.]/.test(part)) return encodeURIComponent(part)
  throw new TypeError(`Cannot ask for ${JSON.stringify(part)}: it is no id`)
}

/** 128 random bits. `crypto.randomUUID` is not there on pages without TLS. */
export function newIdempotencyKey (): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Answers a body of JSON. Throws a ProtocolError for another one. */
export async function readJson (response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ProtocolError(`${response.url} answered ${response.status} with something other than JSON: ${text.slice(0, 100)}`, { cause })
  }
}

/** What is wrong stands in the cause, in most runtimes. */
function reasonOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message
}
