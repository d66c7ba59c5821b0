// @ts-check
import {
  TypeErrorConstructor, append, arraySort, buildList, regExpExec, stringCharCodeAt, stringIndexOf, stringSlice, stringToLowerCase, stringToUpperCase,
} from '../intrinsics.js'
import { buildWords } from '../webidl.js'

// Header lists. Source: https://fetch.spec.whatwg.org/#terminology-headers
// Names are in lower case here: nothing that user code sees tells how they were written.

/** @typedef {{ name: string, value: string }} Header */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const NO_VALUE = /[\0\n\r]/
/** What is around values and does not count: tab, line feed, carriage return, space. */
const OUTSIDE = buildWords(['9', '10', '13', '32'])

/** Names that only the connection may set. Cookies, Origin and Referer are code's own here: there is no browser with a user's. */
const FORBIDDEN = buildWords([
  'accept-charset', 'accept-encoding', 'access-control-request-headers', 'access-control-request-method', 'connection', 'content-length', 'cookie2', 'date', 'dnt', 'expect', 'host',
  'http2-settings', 'keep-alive', 'set-cookie', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'via',
])
const OVERRIDES = buildWords(['x-http-method', 'x-http-method-override', 'x-method-override'])
const FORBIDDEN_METHODS = buildWords(['CONNECT', 'TRACE', 'TRACK'])

/** @param {string} text */
export const isToken = (text) => regExpExec(TOKEN, text) !== null

/** @param {string} method in upper case */
export const isForbiddenMethod = (method) => method in FORBIDDEN_METHODS

/** Names and values in their order. No list has a prototype: nothing is looked up there, and nothing set. */
export class HeaderList {
  /** @type {Header[]} */
  #headers = buildList()
  /** What sortAndCombine answered, while it holds. @type {[name: string, value: string][] | null} */
  #sorted = null

  /** The headers themselves. @returns {readonly Header[]} */
  get all () { return this.#headers }

  /** @param {string} name @param {string} value */
  append (name, value) {
    this.#sorted = null
    append(this.#headers, buildHeader(name, value))
  }

  /** Replaces the first of that name and removes the others. @param {string} name @param {string} value */
  set (name, value) {
    const old = this.#headers
    this.clear()
    let isSet = false
    for (let i = 0; i < old.length; i++) {
      const header = /** @type {Header} */ (old[i])
      if (header.name !== name) append(this.#headers, header)
      else if (!isSet) {
        isSet = true
        this.append(name, value)
      }
    }
    if (!isSet) this.append(name, value)
  }

  /** @param {string} name */
  delete (name) {
    const old = this.#headers
    this.clear()
    for (let i = 0; i < old.length; i++) {
      const header = /** @type {Header} */ (old[i])
      if (header.name !== name) append(this.#headers, header)
    }
  }

  clear () {
    this.#headers = buildList()
    this.#sorted = null
  }

  /** All values of a name, with commas between them; null if there is none. @param {string} name */
  get (name) {
    /** @type {string | null} */
    let combined = null
    for (let i = 0; i < this.#headers.length; i++) {
      const header = /** @type {Header} */ (this.#headers[i])
      if (header.name === name) combined = combined === null ? header.value : `${combined}, ${header.value}`
    }
    return combined
  }

  clone () {
    const copy = new HeaderList()
    for (let i = 0; i < this.#headers.length; i++) {
      const { name, value } = /** @type {Header} */ (this.#headers[i])
      copy.append(name, value)
    }
    return copy
  }

  /**
   * By name, each once but for Set-Cookie, whose values cannot be combined. What comes of it is kept: who goes over headers asks for each anew.
   * Source: https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine
   * @returns {readonly [name: string, value: string][]}
   */
  sortAndCombine () {
    if (this.#sorted !== null) return this.#sorted
    /** @type {Header[]} */
    const sorted = buildList()
    for (let i = 0; i < this.#headers.length; i++) append(sorted, /** @type {Header} */ (this.#headers[i]))
    arraySort(sorted, compareNames)
    /** @type {[name: string, value: string][]} */
    const combined = buildList()
    for (let i = 0; i < sorted.length; i++) {
      const { name, value } = /** @type {Header} */ (sorted[i])
      const last = combined.length === 0 ? undefined : combined[combined.length - 1]
      if (last !== undefined && last[0] === name && name !== 'set-cookie') last[1] += `, ${value}`
      else append(combined, [name, value])
    }
    this.#sorted = combined
    return combined
  }
}

/** @param {string} name @param {string} value @returns {Header} */
const buildHeader = (name, value) => /** @type {any} */ ({ __proto__: null, name, value })

/** @param {Header} a @param {Header} b */
function compareNames (a, b) {
  if (a.name === b.name) return 0 // a stable sort keeps their order
  return a.name < b.name ? -1 : 1
}

/** @param {string} name @param {string} what is tried */
export function readName (name, what) {
  if (!isToken(name)) throw new TypeErrorConstructor(`Cannot ${what}: "${name}" is not the name of a header`)
  return stringToLowerCase(name)
}

/** @param {string} given @param {string} name @param {string} what is tried */
export function readValue (given, name, what) {
  const value = trimSpace(given)
  if (regExpExec(NO_VALUE, value) !== null) throw new TypeErrorConstructor(`Cannot ${what}: the value of header "${name}" has a line break or a null character`)
  return value
}

/** Without HTTP whitespace around it. @param {string} text */
export function trimSpace (text) {
  let from = 0
  let to = text.length
  while (from < to && stringCharCodeAt(text, from) in OUTSIDE) from++
  while (to > from && stringCharCodeAt(text, to - 1) in OUTSIDE) to--
  return stringSlice(text, from, to)
}

/** Whether a request's header is the connection's own. Source: https://fetch.spec.whatwg.org/#forbidden-request-header @param {string} name @param {string} value */
export function isForbidden (name, value) {
  if (name in FORBIDDEN || stringSlice(name, 0, 6) === 'proxy-' || stringSlice(name, 0, 4) === 'sec-') return true
  return name in OVERRIDES && namesForbiddenMethod(value)
}

const SAFELISTED = buildWords(['accept', 'accept-language', 'content-language', 'content-type'])
const UNSAFE_BYTE = /[\0-\x08\x0a-\x1f"():<>?@[\\\]{}\x7f]/
const BEYOND_LANGUAGE = /[^0-9A-Za-z *,\-.;=]/
const SAFE_TYPE = /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)[\t\n\r ]*(?:;|$)/i
const SAFELISTED_BYTES = 128

/** @param {string} name */
export const isSafelistedName = (name) => name in SAFELISTED || name === 'range'

/** Source: https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header @param {string} name @param {string} value */
export function isSafelisted (name, value) {
  if (!(name in SAFELISTED) || value.length > SAFELISTED_BYTES) return false
  if (name === 'accept') return regExpExec(UNSAFE_BYTE, value) === null
  if (name === 'content-type') return regExpExec(UNSAFE_BYTE, value) === null && regExpExec(SAFE_TYPE, value) !== null
  return regExpExec(BEYOND_LANGUAGE, value) === null
}

/** @param {string} value methods with commas between them */
function namesForbiddenMethod (value) {
  for (let from = 0; from <= value.length;) {
    const comma = stringIndexOf(value, ',', from)
    const to = comma < 0 ? value.length : comma
    if (stringToUpperCase(trimSpace(stringSlice(value, from, to))) in FORBIDDEN_METHODS) return true
    from = to + 1
  }
  return false
}
