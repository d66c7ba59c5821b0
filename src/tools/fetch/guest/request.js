// @ts-check
import {
  JSONParse, TypeErrorConstructor, Uint8ArrayConstructor, append, buildList, safe, stringToUpperCase,
} from '../../../engine/guest/intrinsics.js'
import { textToBuffer } from '../../../engine/guest/bytes.js'
import { follow, stateOf } from '../../../engine/guest/web/abort.js'
import { decodeUtf8 } from '../../../engine/guest/web/utf8.js'
import { buildWords, isObject, requireArguments, shapeInterface, toByteText, toDictionary, toScalarText, toWord } from '../../../engine/guest/webidl.js'
import { readBody, readBodyInit } from './body.js'
import { HeaderList, isForbiddenMethod, isToken } from './header-list.js'
import { buildHeaders, fillHeaders, readInit } from './headers.js'

/** Methods that are the same in small letters. */
const NORMAL = buildWords(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])
const REDIRECTS = buildWords(['follow', 'error', 'manual'])
const DUPLEXES = buildWords(['half'])

/** @typedef {import('../../../engine/guest/web/abort.js').AbortSignal} AbortSignal @typedef {import('./body.js').Body} Body */

/**
 * What fetch needs of a request; undefined for anything else.
 * @typedef {{ method: string, url: string, redirect: string, list: HeaderList, body: Body | null, signal: AbortSignal | null }} Parts
 * @type {(value: object) => Parts | undefined}
 */
export let partsOf

/** Source: https://fetch.spec.whatwg.org/#request-class */
export class Request {
  /** @type {Parts} */
  #parts
  #headers
  /** Made when somebody asks for it. @type {AbortSignal | null} */
  #signal = null

  static {
    partsOf = (value) => #parts in value ? value.#parts : undefined
  }

  /** @param {unknown} input @param {unknown} [init] */
  constructor (input, init = undefined) {
    requireArguments(arguments.length, 1, 'Request')
    const from = isObject(input) ? partsOf(input) : undefined
    const url = from === undefined ? toScalarText(input) : from.url
    const options = readRequestInit(init)
    const method = options.method === undefined ? from?.method ?? 'GET' : readMethod(options.method)
    const list = from === undefined ? new HeaderList() : from.list.clone()
    this.#parts = /** @type {any} */ ({
      __proto__: null, method, url, redirect: options.redirect ?? from?.redirect ?? 'follow', list, body: null, signal: options.signal === undefined ? from?.signal ?? null : options.signal,
    })
    this.#headers = buildHeaders(list, 'request')
    if (options.pairs !== undefined) {
      list.clear()
      fillHeaders(this.#headers, options.pairs)
    }
    this.#parts.body = chooseBody(options, from?.body ?? null, this.#parts)
  }

  get method () { return this.#parts.method }
  get url () { return this.#parts.url }
  get headers () { return this.#headers }
  get redirect () { return this.#parts.redirect }
  get duplex () { return this.#parts && 'half' }
  get body () { return this.#parts.body === null ? null : this.#parts.body.stream }
  get bodyUsed () { return this.#parts.body !== null && this.#parts.body.isUsed }

  get signal () {
    const { signal } = this.#parts
    this.#signal ??= follow(signal === null ? buildList() : listOne(signal))
    return this.#signal
  }

  clone () {
    const { body, list } = this.#parts
    if (body?.isUnusable) throw new TypeErrorConstructor('Cannot clone request: somebody reads its body or did')
    const copy = new Request(this.#parts.url)
    copy.#parts = /** @type {any} */ ({
      __proto__: null, method: this.#parts.method, url: this.#parts.url, redirect: this.#parts.redirect, list: list.clone(), body: body === null ? null : body.clone(), signal: this.signal,
    })
    copy.#headers = buildHeaders(copy.#parts.list, 'request')
    return copy
  }

  async arrayBuffer () { return textToBuffer(await safe(readBody(this.#parts.body))) }
  async bytes () { return new Uint8ArrayConstructor(textToBuffer(await safe(readBody(this.#parts.body)))) }
  async json () { return JSONParse(decodeUtf8(await safe(readBody(this.#parts.body)))) }
  async text () { return decodeUtf8(await safe(readBody(this.#parts.body))) }
}
shapeInterface(Request, 'Request', ['method', 'url', 'headers', 'redirect', 'duplex', 'body', 'bodyUsed', 'signal', 'clone', 'arrayBuffer', 'bytes', 'json', 'text'])

/** @param {AbortSignal} signal */
function listOne (signal) {
  const list = buildList()
  append(list, signal)
  return list
}

/** Members in the order of Web IDL. Those that mean nothing outside of a browser are not read. @param {unknown} init */
function readRequestInit (init) {
  const options = toDictionary(init, 'The options of a request')
  const body = options['body']
  const content = body === undefined ? undefined : body === null ? null : readBodyInit(body)
  const duplex = options['duplex']
  const hasDuplex = duplex !== undefined && toWord(duplex, DUPLEXES, 'duplex') !== ''
  const headers = options['headers']
  const pairs = headers === undefined ? undefined : readInit(headers)
  const method = options['method']
  const methodText = method === undefined ? undefined : toByteText(method, 'The method of a request')
  const redirect = options['redirect']
  const redirectWord = redirect === undefined ? undefined : toWord(redirect, REDIRECTS, 'redirect')
  const signal = options['signal']
  if (signal !== undefined && signal !== null) stateOf(signal)
  return { content, hasDuplex, pairs, method: methodText, redirect: redirectWord, signal: /** @type {AbortSignal | null | undefined} */ (signal) }
}

/** @param {string} method */
function readMethod (method) {
  const upper = stringToUpperCase(method)
  if (!isToken(method)) throw new TypeErrorConstructor(`Cannot make request: "${method}" is not a method`)
  if (isForbiddenMethod(upper)) throw new TypeErrorConstructor(`Cannot make request: method ${upper} is not allowed`)
  return upper in NORMAL ? upper : method
}

/** @param {ReturnType<typeof readRequestInit>} options @param {Body | null} from of the request that this one is made from @param {Parts} parts */
function chooseBody ({ content, hasDuplex }, from, { method, list }) {
  const hasNew = content !== undefined && content !== null
  if (!hasNew && from === null) return null
  if (method === 'GET' || method === 'HEAD') throw new TypeErrorConstructor(`Cannot make request: one of method ${method} has no body`)
  if (!hasNew) {
    if (from?.isUnusable) throw new TypeErrorConstructor('Cannot make request: somebody reads the body of the other one or did')
    return from === null ? null : from.take()
  }
  const body = content.build()
  if (body.bytes === null && !hasDuplex) throw new TypeErrorConstructor("Cannot make request: a stream as its body needs duplex: 'half'")
  if (content.type !== null && list.get('content-type') === null) list.append('content-type', content.type)
  return body
}
