// @ts-check
import { TypeErrorConstructor, stringSlice } from '../intrinsics.js'
import { useUnit } from '../units.js'
import { requireArguments, shapeInterface, toScalarText } from '../webidl.js'
import { machine, parseUrlRecord } from './url-parsing.js'
import { buildSearchParams, replaceSearchParams } from './url-search-params.js'

export { URLSearchParams, isSearchParams, serializeSearchParams } from './url-search-params.js'
export { SPECIAL_PORTS, isSpecialScheme, machine, parseUrlRecord } from './url-parsing.js'
export { parseUrlEncoded, serializeUrlEncoded } from './url-encoded.js'

const {
  basicURLParse, cannotHaveAUsernamePasswordPort, hasAnOpaquePath, serializeHost, serializePath, serializeURL, serializeURLOrigin, setThePassword, setTheUsername,
} = machine

/** @typedef {import('whatwg-url/lib/url-state-machine.js').UrlRecord} UrlRecord */

/** Source: https://url.spec.whatwg.org/#url-class */
export class URL {
  /** @type {UrlRecord} */
  #record
  /** Made when it is first asked for. @type {import('./url-search-params.js').URLSearchParams | undefined} */
  #params

  /** @param {unknown} url @param {unknown} [base] */
  constructor (url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL')
    const text = toScalarText(url)
    const baseText = base === undefined ? undefined : toScalarText(base)
    const record = parseUrlRecord(text, baseText)
    if (record === null) throw new TypeErrorConstructor(baseText === undefined ? `Invalid URL: "${text}"` : `Invalid URL: "${text}" with the base "${baseText}"`)
    this.#record = record
  }

  /** @param {unknown} url @param {unknown} [base] */
  static parse (url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL.parse')
    const record = parseUrlRecord(toScalarText(url), base === undefined ? undefined : toScalarText(base))
    if (record === null) return null
    const made = new URL('about:blank')
    made.#record = record
    return made
  }

  /** @param {unknown} url @param {unknown} [base] */
  static canParse (url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL.canParse')
    return parseUrlRecord(toScalarText(url), base === undefined ? undefined : toScalarText(base)) !== null
  }

  /** @param {unknown} blob */
  static createObjectURL (blob) {
    requireArguments(arguments.length, 1, 'URL.createObjectURL')
    return useUnit('blob').createObjectURL(blob)
  }

  /** @param {unknown} url */
  static revokeObjectURL (url) {
    requireArguments(arguments.length, 1, 'URL.revokeObjectURL')
    useUnit('blob').revokeObjectURL(url)
  }

  get href () { return serializeURL(this.#record) }
  set href (value) {
    const text = this.#read(value)
    const record = parseUrlRecord(text)
    if (record === null) throw new TypeErrorConstructor(`Invalid URL: "${text}"`)
    this.#record = record
    this.#renewParams()
  }

  get origin () { return serializeURLOrigin(this.#record) }

  get protocol () { return `${this.#record.scheme}:` }
  set protocol (value) {
    const text = this.#read(value)
    basicURLParse(`${text}:`, { url: this.#record, stateOverride: 'scheme start' })
  }

  get username () { return this.#record.username }
  set username (value) {
    const text = this.#read(value)
    const url = this.#record
    if (!cannotHaveAUsernamePasswordPort(url)) setTheUsername(url, text)
  }

  get password () { return this.#record.password }
  set password (value) {
    const text = this.#read(value)
    const url = this.#record
    if (!cannotHaveAUsernamePasswordPort(url)) setThePassword(url, text)
  }

  get host () {
    const { host, port } = this.#record
    if (host === null) return ''
    return port === null ? serializeHost(host) : `${serializeHost(host)}:${port}`
  }
  set host (value) {
    const text = this.#read(value)
    const url = this.#record
    if (!hasAnOpaquePath(url)) basicURLParse(text, { url, stateOverride: 'host' })
  }

  get hostname () {
    const { host } = this.#record
    return host === null ? '' : serializeHost(host)
  }
  set hostname (value) {
    const text = this.#read(value)
    const url = this.#record
    if (!hasAnOpaquePath(url)) basicURLParse(text, { url, stateOverride: 'hostname' })
  }

  get port () {
    const { port } = this.#record
    return port === null ? '' : `${port}`
  }
  set port (value) {
    const text = this.#read(value)
    const url = this.#record
    if (cannotHaveAUsernamePasswordPort(url)) return
    if (text === '') url.port = null
    else basicURLParse(text, { url, stateOverride: 'port' })
  }

  get pathname () { return serializePath(this.#record) }
  set pathname (value) {
    const text = this.#read(value)
    const url = this.#record
    if (hasAnOpaquePath(url)) return
    url.path = []
    basicURLParse(text, { url, stateOverride: 'path start' })
  }

  get search () { return this.#record.query ? `?${this.#record.query}` : '' }
  set search (value) {
    const text = this.#read(value)
    const url = this.#record
    url.query = text === '' ? null : ''
    if (text !== '') basicURLParse(text[0] === '?' ? stringSlice(text, 1) : text, { url, stateOverride: 'query' })
    this.#renewParams()
  }

  get searchParams () {
    this.#params ??= buildSearchParams(this.#record.query ?? '', (query) => { this.#record.query = query === '' ? null : query })
    return this.#params
  }

  get hash () { return this.#record.fragment ? `#${this.#record.fragment}` : '' }
  set hash (value) {
    const text = this.#read(value)
    const url = this.#record
    url.fragment = text === '' ? null : ''
    if (text !== '') basicURLParse(text[0] === '#' ? stringSlice(text, 1) : text, { url, stateOverride: 'fragment' })
  }

  toString () { return serializeURL(this.#record) }
  toJSON () { return serializeURL(this.#record) }

  /** What is set. Fails for a receiver that is no URL before the value is looked at. @param {unknown} value */
  #read (value) { return toScalarText(value) }

  #renewParams () {
    if (this.#params !== undefined) replaceSearchParams(this.#params, this.#record.query ?? '')
  }
}
shapeInterface(URL, 'URL', [
  'href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'searchParams', 'hash', 'toString', 'toJSON',
], ['parse', 'canParse', 'createObjectURL', 'revokeObjectURL'])

/** Answers a URL that needs no base as its parser writes it; null for what is none. @param {string} text without lone surrogates */
export function parseUrl (text) {
  const record = parseUrlRecord(text)
  return record === null ? null : serializeURL(record)
}
