// @ts-check
import { ObjectCreate, TypeErrorConstructor, append, buildList, safe } from '../../engine/guest/intrinsics.js'
import { AbortController, stateOf } from '../../engine/guest/web/abort.js'
import { exposeInterface, requireArguments } from '../../engine/guest/webidl.js'
import { Body } from './guest/body.js'
import { Exchange } from './guest/exchange.js'
import { HeaderList } from './guest/header-list.js'
import { Headers } from './guest/headers.js'
import { Request, partsOf } from './guest/request.js'
import { Response, buildResponse, isNullBody } from './guest/response.js'
import { Upload } from './guest/upload.js'

/** @typedef {import('./guest/request.js').Parts} Parts */

const CLASSES = [Headers, Request, Response]

/**
 * What user code sees as `fetch`, and the classes that come with it. Source: https://fetch.spec.whatwg.org/#fetch-method
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 * @param {{ wholeBytes: number }} config
 */
export default function createFetch (host, { wholeBytes }) {
  for (const constructor of CLASSES) exposeInterface(constructor)

  /** @param {unknown} input @param {unknown} [init] */
  return async function fetch (input, init = undefined) {
    requireArguments(arguments.length, 1, 'fetch')
    const parts = /** @type {Parts} */ (partsOf(new Request(input, init)))
    const signal = parts.signal === null ? null : stateOf(parts.signal)
    if (signal?.isAborted) {
      if (parts.body !== null) parts.body.open().cancel(signal.reason)
      throw signal.reason
    }
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
  const { signal } = new AbortController()
  const sent = await fetch('', { method: 'POST', body: 'ä', headers: { 'content-type': 'text/plain', 'x': 'y' }, signal })
  const { ok, status, headers } = sent
  const seen = [ok, status, headers.get('x'), await sent.json()]
  const got = await fetch('')
  return [seen, await got.text(), got.headers.entries().next()]
}

/** What the host half is told of a request. Nothing in it has a prototype: JSON would look for toJSON there. @param {Parts} parts @param {Upload | null} upload */
function describe ({ method, url, redirect, list }, upload) {
  const headers = buildList()
  for (let i = 0; i < list.all.length; i++) {
    const header = list.all[i]
    const pair = buildList()
    append(pair, header?.name)
    append(pair, header?.value)
    append(headers, pair)
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

/** @param {import('./guest/exchange.js').Head} head @param {Exchange} exchange @param {string} method */
function receive ({ status, statusText, url, redirected, headers }, exchange, method) {
  const list = new HeaderList()
  for (let i = 0; i < headers.length; i++) {
    const pair = /** @type {[string, string]} */ (headers[i])
    list.append(pair[0], pair[1])
  }
  const hasBody = method !== 'HEAD' && !isNullBody(status)
  if (!hasBody) exchange.abort(new TypeErrorConstructor('The response has no body'))
  const facts = /** @type {import('./guest/response.js').Facts} */ (/** @type {unknown} */ ({ __proto__: null, type: 'basic', url, redirected, status, statusText }))
  return buildResponse(facts, list, hasBody ? new Body(null, exchange, null) : null)
}
