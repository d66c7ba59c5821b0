// @ts-check
import { ObjectCreate, TypeErrorConstructor, append, buildList, safe, stringIndexOf, stringSlice } from '../../engine/guest/intrinsics.js'
import { markNative } from '../../engine/guest/native-code.js'
import { useUnit } from '../../engine/guest/units.js'
import { buildWords, requireArguments } from '../../engine/guest/webidl.js'
import { Exchange } from './guest/exchange.js'
import { Upload } from './guest/upload.js'

/** @typedef {import('../../engine/guest/web/request.js').Parts} Parts @typedef {import('../../engine/guest/web/headers.js').HeaderList} HeaderList */

// The classes come with the first call: a run that makes none does not have them.
/** @returns {typeof import('../../engine/guest/web/headers.js')} */
const headerUnit = () => useUnit('headers')
/** @returns {typeof import('../../engine/guest/web/request.js')} */
const requestUnit = () => useUnit('request')
/** @returns {typeof import('../../engine/guest/web/response.js')} */
const responseUnit = () => useUnit('response')

/**
 * What user code sees as `fetch`. What a request names that is in the isolate already, by a URL of data or of a blob, is answered here, and
 * no permission is asked. Source: https://fetch.spec.whatwg.org/#fetch-method
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 * @param {{ wholeBytes: number }} config
 */
export default function createFetch (host, { wholeBytes }) {
  /** @param {unknown} input @param {unknown} [init] */
  async function fetch (input, init = undefined) {
    requireArguments(arguments.length, 1, 'fetch')
    const { Request, partsOf } = requestUnit()
    const parts = /** @type {Parts} */ (partsOf(new Request(input, init)))
    const signal = parts.signal === null ? null : useUnit('abort').stateOf(parts.signal)
    if (signal?.isAborted) {
      if (parts.body !== null) parts.body.open().cancel(signal.reason)
      throw signal.reason
    }
    if (isLocal(parts.url)) return useUnit('local-fetch').fetchLocal(parts)
    if (parts.cache === 'only-if-cached') throw new TypeErrorConstructor('Cannot fetch: nothing is cached, and the request wants nothing else')
    const exchange = new Exchange(host)
    const upload = parts.body === null ? null : new Upload(exchange, parts.body, wholeBytes)
    const forget = signal?.onAbort(() => {
      exchange.abort(signal.reason)
      upload?.cancel(signal.reason)
    })
    if (forget !== undefined) exchange.onEnd = forget
    const opened = exchange.open(describe(parts, upload), upload?.whole ?? '')
    void upload?.send()
    try {
      return receive(await safe(opened), exchange, parts.method)
    } catch (error) {
      upload?.cancel(error)
      throw error
    }
  }
  markNative(fetch)
  return fetch
}

/** Plays what most code does with fetch, where there is no job yet, so that V8 has it compiled: the first request of a job then takes a third of the time. */
export function rehearse () {
  const head = { status: 200, statusText: 'OK', url: '', redirected: false, headers: [['content-type', 'text/plain'], ['x', 'y']], ended: false }
  const answers = { open: { text: JSON.stringify(head), bytes: '{"a":' }, read: { text: '{"ended":true}', bytes: '"\xc3\xa4"}' } }
  const host = { call: async (/** @type {'open' | 'read'} */ method) => answers[method] }
  void play(createFetch(/** @type {any} */ (host), { wholeBytes: 1024 }))
}

/** @param {ReturnType<typeof createFetch>} fetch */
async function play (fetch) {
  const { AbortController } = useUnit('abort')
  const { signal } = new AbortController()
  const sent = await fetch('https://example.test/', { method: 'POST', body: 'ä', headers: { 'content-type': 'text/plain', 'x': 'y' }, signal })
  const { ok, status, headers } = sent
  const seen = [ok, status, headers.get('x'), await sent.json()]
  const got = await fetch('https://example.test/')
  return [seen, await got.text(), got.headers.entries().next()]
}

/** @param {string} url */
function isLocal (url) {
  const scheme = stringSlice(url, 0, stringIndexOf(url, ':'))
  return scheme === 'data' || scheme === 'blob'
}

/** What the host half is told of a request. Nothing in it has a prototype: JSON would look for toJSON there. @param {Parts} parts @param {Upload | null} upload */
function describe ({ method, url, redirect, list, cache }, upload) {
  const headers = buildList()
  for (let i = 0; i < list.all.length; i++) {
    const header = list.all[i]
    appendPair(headers, header?.name, header?.value)
  }
  if (cache === 'no-cache') appendMissing(headers, list, 'cache-control', 'max-age=0')
  if (cache === 'no-store' || cache === 'reload' || (cache === 'default' && isConditional(list))) {
    appendMissing(headers, list, 'pragma', 'no-cache')
    appendMissing(headers, list, 'cache-control', 'no-cache')
  }
  const request = ObjectCreate(null)
  request.method = method
  request.url = url
  request.headers = headers
  request.redirect = redirect
  request.body = upload === null ? 'none' : upload.whole === null ? 'stream' : 'whole'
  request.length = upload === null ? null : upload.length
  return request
}

/** Code that asks what has changed has a cache of its own, and goes by no other. Source: https://fetch.spec.whatwg.org/#http-network-or-cache-fetch @param {HeaderList} list */
function isConditional (list) {
  for (let i = 0; i < list.all.length; i++) if (/** @type {string} */ (list.all[i]?.name) in CONDITIONAL) return true
  return false
}
const CONDITIONAL = buildWords(['if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since'])

/** @param {unknown[]} headers @param {HeaderList} list @param {string} name @param {string} value */
function appendMissing (headers, list, name, value) {
  if (list.get(name) === null) appendPair(headers, name, value)
}

/** @param {unknown[]} headers @param {string | undefined} name @param {string | undefined} value */
function appendPair (headers, name, value) {
  const pair = buildList()
  append(pair, name)
  append(pair, value)
  append(headers, pair)
}

/** @param {import('./guest/exchange.js').Head} head @param {Exchange} exchange @param {string} method */
function receive ({ status, statusText, url, redirected, headers }, exchange, method) {
  const { HeaderList } = headerUnit()
  const { buildResponse, isNullBody } = responseUnit()
  const { Body } = /** @type {typeof import('../../engine/guest/web/body.js')} */ (useUnit('body'))
  const list = new HeaderList()
  for (let i = 0; i < headers.length; i++) {
    const pair = /** @type {[string, string]} */ (headers[i])
    list.append(pair[0], pair[1])
  }
  const hasBody = method !== 'HEAD' && !isNullBody(status)
  if (!hasBody) exchange.abort(new TypeErrorConstructor('The response has no body'))
  const facts = /** @type {import('../../engine/guest/web/response.js').Facts} */ (/** @type {unknown} */ ({ __proto__: null, type: 'basic', url, redirected, status, statusText }))
  return buildResponse(facts, list, hasBody ? new Body(null, exchange, null) : null)
}
