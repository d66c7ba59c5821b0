// @ts-check
import { SymbolFor, TypeErrorConstructor, defineHidden, stringSlice, stringToWellFormed } from '../intrinsics.js'
import { useUnit } from '../units.js'
import { isObject, shapeInterface, toScalarText, toText } from '../webidl.js'
import { machine, parseUrlRecord } from './url-parsing.js'
import { buildSearchParams, replaceSearchParams } from './url-search-params.js'

export { URLSearchParams, isSearchParams, serializeSearchParams } from './url-search-params.js'
export { SPECIAL_PORTS, isSpecialScheme, machine, parseUrlRecord } from './url-parsing.js'
export { parseUrlEncoded, serializeUrlEncoded } from './url-encoded.js'

const {
  basicURLParse, cannotHaveAUsernamePasswordPort, hasAnOpaquePath, serializeHost, serializePath, serializeURL, serializeURLOrigin, setThePassword, setTheUsername,
} = machine

/** @typedef {import('whatwg-url/lib/url-state-machine.js').UrlRecord} UrlRecord */

/** @type {(record: UrlRecord) => URL} */
let buildUrl
/** Of what is no URL it tells as V8 does where Node asks for a private method. @type {(url: URL) => UrlRecord} */
let readContext

/** What is no URL is told so by V8: the private members have Node's names. Source: https://url.spec.whatwg.org/#url-class */
export class URL {
  /** @type {UrlRecord} */
  #context
  /** Made when it is first asked for. @type {import('./url-search-params.js').URLSearchParams | undefined} */
  #searchParams

  /** @param {unknown} url @param {unknown} [base] */
  constructor (url, base = undefined) {
    requireUrl(arguments.length)
    const text = toScalarText(url)
    const baseText = base === undefined ? undefined : toScalarText(base)
    const record = parseUrlRecord(text, baseText)
    if (record === null) throw useUnit('node-errors').buildInvalidUrl(text, baseText)
    this.#context = record
  }

  /** @param {unknown} url @param {unknown} [base] */
  static parse (url, base = undefined) {
    requireUrl(arguments.length)
    const record = parseUrlRecord(toScalarText(url), base === undefined ? undefined : toScalarText(base))
    return record === null ? null : buildUrl(record)
  }

  /** @param {unknown} url @param {unknown} [base] */
  static canParse (url, base = undefined) {
    requireUrl(arguments.length)
    return parseUrlRecord(toScalarText(url), base === undefined ? undefined : toScalarText(base)) !== null
  }

  /** @param {unknown} blob */
  static createObjectURL (blob) {
    return useUnit('blob').createObjectURL(blob)
  }

  /** @param {unknown} url */
  static revokeObjectURL (url) {
    requireUrl(arguments.length)
    useUnit('blob').revokeObjectURL(url)
  }

  get href () { return serializeURL(readContext(this)) }
  set href (value) {
    const text = readText(this.#context, value)
    const record = parseUrlRecord(stringToWellFormed(text))
    if (record === null) throw useUnit('node-errors').buildInvalidHref(text)
    this.#context = record
    this.#renewParams()
  }

  get origin () { return serializeURLOrigin(this.#context) }

  get protocol () { return `${this.#context.scheme}:` }
  set protocol (value) {
    const text = stringToWellFormed(readText(this.#context, value))
    basicURLParse(`${text}:`, { url: this.#context, stateOverride: 'scheme start' })
  }

  get username () { return this.#context.username }
  set username (value) {
    const text = stringToWellFormed(readText(this.#context, value))
    const url = this.#context
    if (!cannotHaveAUsernamePasswordPort(url)) setTheUsername(url, text)
  }

  get password () { return this.#context.password }
  set password (value) {
    const text = stringToWellFormed(readText(this.#context, value))
    const url = this.#context
    if (!cannotHaveAUsernamePasswordPort(url)) setThePassword(url, text)
  }

  get host () {
    const { host, port } = this.#context
    if (host === null) return ''
    return port === null ? serializeHost(host) : `${serializeHost(host)}:${port}`
  }
  set host (value) {
    const text = stringToWellFormed(readText(this.#context, value))
    const url = this.#context
    if (!hasAnOpaquePath(url)) basicURLParse(text, { url, stateOverride: 'host' })
  }

  get hostname () {
    const { host } = this.#context
    return host === null ? '' : serializeHost(host)
  }
  set hostname (value) {
    const text = stringToWellFormed(readText(this.#context, value))
    const url = this.#context
    if (!hasAnOpaquePath(url)) basicURLParse(text, { url, stateOverride: 'hostname' })
  }

  get port () {
    const { port } = this.#context
    return port === null ? '' : `${port}`
  }
  set port (value) {
    const text = stringToWellFormed(readText(this.#context, value))
    const url = this.#context
    if (cannotHaveAUsernamePasswordPort(url)) return
    if (text === '') url.port = null
    else basicURLParse(text, { url, stateOverride: 'port' })
  }

  get pathname () { return serializePath(this.#context) }
  set pathname (value) {
    const text = stringToWellFormed(readText(this.#context, value))
    const url = this.#context
    if (hasAnOpaquePath(url)) return
    url.path = []
    basicURLParse(text, { url, stateOverride: 'path start' })
  }

  get search () {
    const { query } = readContext(this)
    return query ? `?${query}` : ''
  }
  set search (value) {
    const text = stringToWellFormed(readText(this.#context, value))
    const url = this.#context
    url.query = text === '' ? null : ''
    if (text !== '') basicURLParse(text[0] === '?' ? stringSlice(text, 1) : text, { url, stateOverride: 'query' })
    this.#renewParams()
  }

  get searchParams () {
    this.#searchParams ??= buildSearchParams(this.#context.query ?? '', (query) => { this.#context.query = query === '' ? null : query })
    return this.#searchParams
  }

  get hash () { return this.#context.fragment ? `#${this.#context.fragment}` : '' }
  set hash (value) {
    const text = stringToWellFormed(readText(this.#context, value))
    const url = this.#context
    url.fragment = text === '' ? null : ''
    if (text !== '') basicURLParse(text[0] === '#' ? stringSlice(text, 1) : text, { url, stateOverride: 'fragment' })
  }

  toString () { return serializeURL(readContext(this)) }
  toJSON () { return serializeURL(readContext(this)) }

  #renewParams () {
    if (this.#searchParams !== undefined) replaceSearchParams(this.#searchParams, this.#context.query ?? '')
  }

  static {
    const Class = this // by its name, the bundler would give it another
    buildUrl = (record) => {
      const made = new Class('about:blank')
      made.#context = record
      return made
    }
    readContext = (url) => {
      if (isObject(url) && #context in url) return url.#context
      throw new TypeErrorConstructor('Receiver must be an instance of class URL')
    }
  }
}
shapeInterface(URL, 'URL', [
  'href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'searchParams', 'hash', 'toString', 'toJSON',
], ['parse', 'canParse', 'createObjectURL', 'revokeObjectURL'])

defineHidden(URL.prototype, SymbolFor('nodejs.util.inspect.custom'), {
  /** @this {URL} @param {number} depth @param {object} options @param {Function} [inspect] */
  '[nodejs.util.inspect.custom]' (depth, options, inspect = undefined) { return useUnit('url-inspect').inspectUrl(this, depth, options, inspect) },
}['[nodejs.util.inspect.custom]'])

/** @param {number} given */
function requireUrl (given) {
  if (given === 0) throw useUnit('node-errors').buildMissing('url')
}

/** What is set. Fails for a receiver that is no URL before the value is looked at. @param {UrlRecord} _context @param {unknown} value */
const readText = (_context, value) => toText(value)

/** Answers a URL that needs no base as its parser writes it; null for what is none. @param {string} text without lone surrogates */
export function parseUrl (text) {
  const record = parseUrlRecord(text)
  return record === null ? null : serializeURL(record)
}
