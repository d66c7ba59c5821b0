// @ts-check
import { ObjectCreate, TypeErrorConstructor, append, buildList, regExpExec, stringSlice, stringToUpperCase } from '../intrinsics.js'
import { peekUnit, useUnit } from '../units.js'
import { buildWords, isObject, requireArguments, shapeInterface, toByteText, toDictionary, toScalarText, toText, toWord } from '../webidl.js'
import { defineBodyMethods, readBodyInit } from './body.js'
import { HeaderList, buildHeaders, fillHeaders, isForbiddenMethod, isToken, readInit } from './headers.js'

/** @typedef {import('./abort.js').AbortSignal} AbortSignal @typedef {import('./body.js').Body} Body @typedef {import('./blob.js').Blob} Blob */

/**
 * What fetch needs of a request. `blob` is what a blob URL led to when the request was made. Nothing of it has a prototype.
 * @typedef {{
 *   method: string, url: string, list: HeaderList, body: Body | null, signal: AbortSignal | null, blob: Blob | null,
 *   mode: string, credentials: string, cache: string, redirect: string, referrer: string, referrerPolicy: string, keepalive: boolean,
 * }} Parts
 */

/** Undefined for what is no Request. @type {(value: object) => Parts | undefined} */
export let partsOf

/** Only who has it can make a request of parts. It never leaves this module. */
const MAKING = ObjectCreate(null)
/** Methods that are the same in small letters. */
const NORMAL = buildWords(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])
const SAFELISTED = buildWords(['GET', 'HEAD', 'POST'])
const CACHES = buildWords(['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'])
const CREDENTIALS = buildWords(['omit', 'same-origin', 'include'])
const DUPLEXES = buildWords(['half'])
const MODES = buildWords(['navigate', 'same-origin', 'no-cors', 'cors'])
const PRIORITIES = buildWords(['high', 'low', 'auto'])
const REDIRECTS = buildWords(['follow', 'error', 'manual'])
const POLICIES = buildWords([
  '', 'no-referrer', 'no-referrer-when-downgrade', 'same-origin', 'origin', 'strict-origin', 'origin-when-cross-origin', 'strict-origin-when-cross-origin', 'unsafe-url',
])
const CLIENT = 'about:client'
/** URLs that their parser leaves as they are, so that it need not be there: most are such. No part of the host is a number, or in Punycode; none of the path is dots. */
const PLAIN_URL = /^https?:\/\/(?:[a-z][a-z0-9]*(?:-[a-z0-9]+)*\.)*[a-z]{2,}\/(?:[\w~!$&'()*+,;=:@-]+(?:[./][\w~!$&'()*+,;=:@-]+)*\/?)?(?:\?[\w~!$%&()*+,;=:@/.-]*)?$/
const PLAIN_CHARS = 2048
const CREDENTIALS_IN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/

/** There is no document here, and no origin: what only those give a meaning is kept and means nothing. Source: https://fetch.spec.whatwg.org/#request-class */
export class Request {
  /** @type {Parts} */
  #parts
  #headers
  /** Made when somebody asks for it. @type {AbortSignal | null} */
  #signal = null

  static {
    partsOf = (value) => #parts in value ? value.#parts : undefined
    defineBodyMethods(Request, (/** @type {Request} */ request) => request.#parts)
  }

  /** @param {unknown} input @param {unknown} [init] */
  constructor (input, init = undefined) {
    requireArguments(arguments.length, 1, 'Request')
    if (input === MAKING) {
      this.#parts = /** @type {Parts} */ (init)
      this.#headers = buildHeaders(this.#parts.list, guardOf(this.#parts))
      return
    }
    const from = isObject(input) ? partsOf(input) : undefined
    const text = from === undefined ? toScalarText(input) : ''
    const options = readRequestInit(init)
    this.#parts = choose(from ?? describeUrl(text), options)
    this.#headers = buildHeaders(this.#parts.list, guardOf(this.#parts))
    if (options.isGiven) {
      const pairs = options.pairs ?? pairsOf(this.#parts.list)
      this.#parts.list.clear()
      fillHeaders(this.#headers, pairs)
    }
    this.#parts.body = chooseBody(options, from?.body ?? null, this.#parts, this.#headers)
  }

  get method () { return this.#parts.method }
  get url () { return this.#parts.url }
  get headers () { return this.#headers }
  get destination () { return this.#parts && '' }
  get referrer () { return this.#parts.referrer }
  get referrerPolicy () { return this.#parts.referrerPolicy }
  get mode () { return this.#parts.mode }
  get credentials () { return this.#parts.credentials }
  get cache () { return this.#parts.cache }
  get redirect () { return this.#parts.redirect }
  get keepalive () { return this.#parts.keepalive }
  get isReloadNavigation () { return this.#parts && false }
  get isHistoryNavigation () { return this.#parts && false }
  get duplex () { return this.#parts && 'half' }
  get body () { return this.#parts.body === null ? null : this.#parts.body.stream }
  get bodyUsed () { return this.#parts.body !== null && this.#parts.body.isUsed }

  get signal () {
    const { signal } = this.#parts
    this.#signal ??= aborts().follow(signal === null ? buildList() : listOne(signal))
    return this.#signal
  }

  clone () {
    const { body, list } = this.#parts
    if (body?.isUnusable) throw new TypeErrorConstructor('Cannot clone request: somebody reads its body or did')
    return new Request(MAKING, /** @type {Parts} */ ({ __proto__: null, ...this.#parts, list: list.clone(), body: body === null ? null : body.clone(), signal: this.signal }))
  }
}
shapeInterface(Request, 'Request', [
  'method', 'url', 'headers', 'destination', 'referrer', 'referrerPolicy', 'mode', 'credentials', 'cache', 'redirect', 'keepalive', 'isReloadNavigation',
  'isHistoryNavigation', 'signal', 'duplex', 'body', 'bodyUsed', 'clone',
])

/** Plays what most code does with requests, for V8 to have it compiled. */
export function rehearse () {
  /** @type {any} what Body gives it is not in its class */
  const request = new Request('https://example.test/path', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })
  void request.text()
  return [request.method, request.url, new Request(new Request('https://example.test/')).headers.has('x')]
}

/** @returns {typeof import('./abort.js')} */
const aborts = () => useUnit('abort')

/** @param {AbortSignal} signal */
function listOne (signal) {
  /** @type {AbortSignal[]} */
  const list = buildList()
  append(list, signal)
  return list
}

/** @param {Parts} parts */
const guardOf = ({ mode }) => mode === 'no-cors' ? 'request-no-cors' : 'request'

/** @param {string} text @returns {Parts} */
function describeUrl (text) {
  const url = toUrl(text)
  if (regExpExec(CREDENTIALS_IN_URL, url) !== null) throw new TypeErrorConstructor(`Cannot make request: URL "${url}" has a user name or a password in it`)
  return /** @type {any} */ ({
    __proto__: null, method: 'GET', url, list: new HeaderList(), body: null, signal: null, blob: findBlob(url), mode: 'cors', credentials: 'same-origin', cache: 'default', redirect: 'follow',
    referrer: CLIENT, referrerPolicy: '', keepalive: false,
  })
}

/** @param {string} text */
function toUrl (text) {
  const isPlain = text.length <= PLAIN_CHARS && regExpExec(PLAIN_URL, text) !== null
  const url = isPlain ? text : useUnit('url').parseUrl(text)
  if (url === null) throw new TypeErrorConstructor(`Invalid URL: "${text}". It has to be whole, with a scheme: there is none here that it could be relative to`)
  return url
}

/** What a blob URL leads to now, whatever becomes of it. @param {string} url @returns {Blob | null} */
function findBlob (url) {
  return stringSlice(url, 0, 5) === 'blob:' ? peekUnit('blob')?.findBlob(url) ?? null : null
}

/** Members in the order of Web IDL. Integrity is not among them: nobody would check it. @param {unknown} init */
function readRequestInit (init) {
  const options = toDictionary(init, 'The options of a request')
  const body = options['body']
  const content = body === undefined ? undefined : body === null ? null : readBodyInit(body)
  const cache = readWord(options['cache'], CACHES, 'cache')
  const credentials = readWord(options['credentials'], CREDENTIALS, 'credentials')
  const duplex = readWord(options['duplex'], DUPLEXES, 'duplex')
  const headers = options['headers']
  const pairs = headers === undefined ? undefined : readInit(headers)
  const keepalive = options['keepalive']
  const methodGiven = options['method']
  const method = methodGiven === undefined ? undefined : toByteText(methodGiven, 'The method of a request')
  const mode = readWord(options['mode'], MODES, 'mode')
  const priority = readWord(options['priority'], PRIORITIES, 'priority')
  const redirect = readWord(options['redirect'], REDIRECTS, 'redirect')
  const referrerGiven = options['referrer']
  const referrer = referrerGiven === undefined ? undefined : toScalarText(referrerGiven)
  const referrerPolicy = readWord(options['referrerPolicy'], POLICIES, 'referrerPolicy')
  const signal = options['signal']
  if (signal !== undefined && signal !== null) aborts().stateOf(signal)
  const { window } = options
  const isGiven = !(content === undefined && cache === undefined && credentials === undefined && duplex === undefined && pairs === undefined && keepalive === undefined && method === undefined &&
    mode === undefined && priority === undefined && redirect === undefined && referrer === undefined && referrerPolicy === undefined && signal === undefined && window === undefined)
  return {
    content, cache, credentials, duplex, pairs, keepalive: keepalive === undefined ? undefined : !!keepalive, method, mode, redirect, referrer, referrerPolicy,
    signal: /** @type {AbortSignal | null | undefined} */ (signal), window, isGiven,
  }
}

/** @param {unknown} value @param {Record<string, unknown>} words @param {string} what */
const readWord = (value, words, what) => value === undefined ? undefined : toWord(value, words, what)

/** @param {Parts} from not changed @param {ReturnType<typeof readRequestInit>} options @returns {Parts} */
function choose (from, { window, mode, referrer, referrerPolicy, credentials, cache, redirect, keepalive, method, signal, isGiven }) {
  if (window !== undefined && window !== null) throw new TypeErrorConstructor('Cannot make request: its window can only be null')
  if (mode === 'navigate') throw new TypeErrorConstructor('Cannot make request: its mode cannot be "navigate"')
  const parts = /** @type {Parts} */ ({ __proto__: null, ...from, list: from.list.clone(), body: null })
  if (isGiven) {
    parts.referrer = referrer === undefined ? CLIENT : readReferrer(referrer)
    parts.referrerPolicy = referrerPolicy ?? ''
  }
  parts.mode = mode ?? from.mode
  parts.credentials = credentials ?? from.credentials
  parts.cache = cache ?? from.cache
  if (parts.cache === 'only-if-cached' && parts.mode !== 'same-origin') throw new TypeErrorConstructor('Cannot make request: cache "only-if-cached" needs mode "same-origin"')
  parts.redirect = redirect ?? from.redirect
  parts.keepalive = keepalive ?? from.keepalive
  if (method !== undefined) parts.method = readMethod(method)
  if (parts.mode === 'no-cors' && !(parts.method in SAFELISTED)) throw new TypeErrorConstructor(`Cannot make request: mode "no-cors" does not go with method ${parts.method}`)
  if (signal !== undefined) parts.signal = signal
  return parts
}

/** One of another origin, as all are here, is none. @param {string} text */
function readReferrer (text) {
  if (text === '') return ''
  toUrl(text)
  return CLIENT
}

/** @param {string} method */
function readMethod (method) {
  const upper = stringToUpperCase(method)
  if (!isToken(method)) throw new TypeErrorConstructor(`Cannot make request: "${method}" is not a method`)
  if (isForbiddenMethod(upper)) throw new TypeErrorConstructor(`Cannot make request: method ${upper} is not allowed`)
  return upper in NORMAL ? upper : method
}

/** @param {HeaderList} list */
function pairsOf ({ all }) {
  /** @type {[string, string][]} */
  const pairs = buildList()
  for (let i = 0; i < all.length; i++) {
    const header = /** @type {import('./header-list.js').Header} */ (all[i])
    append(pairs, [header.name, header.value])
  }
  return pairs
}

/**
 * @param {ReturnType<typeof readRequestInit>} options @param {Body | null} from of the request that this one is made from
 * @param {Parts} parts @param {import('./headers.js').Headers} headers
 */
function chooseBody ({ content, duplex }, from, { method, list, mode, keepalive }, headers) {
  const hasNew = content !== undefined && content !== null
  if (!hasNew && from === null) return null
  if (method === 'GET' || method === 'HEAD') throw new TypeErrorConstructor(`Cannot make request: one of method ${method} has no body`)
  if (!hasNew) {
    if (from?.isUnusable) throw new TypeErrorConstructor('Cannot make request: somebody reads the body of the other one or did')
    return from === null ? null : from.take()
  }
  const { body, type } = content()
  if (type !== null && list.get('content-type') === null) fillHeaders(headers, listPair('content-type', type))
  if (body.bytes !== null) return body
  if (keepalive) throw new TypeErrorConstructor('Cannot make request: one that is to be kept alive has no stream as its body')
  if (duplex === undefined) throw new TypeErrorConstructor("Cannot make request: a stream as its body needs duplex: 'half'")
  if (mode === 'no-cors') throw new TypeErrorConstructor('Cannot make request: a stream as its body does not go with mode "no-cors"')
  return body
}

/** @param {string} name @param {string} value */
function listPair (name, value) {
  /** @type {[string, string][]} */
  const pairs = buildList()
  append(pairs, [name, value])
  return pairs
}
