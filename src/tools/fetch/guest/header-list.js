// @ts-check
import {
  ReflectSetPrototypeOf, TypeErrorConstructor, append, arraySort, regExpExec, stringCharCodeAt, stringIndexOf, stringSlice, stringToLowerCase, stringToUpperCase,
} from '../../../engine/guest/intrinsics.js'
import { buildWords } from '../../../engine/guest/webidl.js'

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

  /** The headers themselves. @returns {readonly Header[]} */
  get all () { return this.#headers }

  /** @param {string} name @param {string} value */
  append (name, value) {
    append(this.#headers, buildHeader(name, value))
  }

  /** Replaces the first of that name and removes the others. @param {string} name @param {string} value */
  set (name, value) {
    const old = this.#headers
    this.#headers = buildList()
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
    this.#headers = buildList()
    for (let i = 0; i < old.length; i++) {
      const header = /** @type {Header} */ (old[i])
      if (header.name !== name) append(this.#headers, header)
    }
  }

  clear () {
    this.#headers = buildList()
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

  /** By name, each once but for Set-Cookie, whose values cannot be combined. Source: https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine */
  sortAndCombine () {
    const sorted = buildList()
    for (let i = 0; i < this.#headers.length; i++) append(sorted, /** @type {Header} */ (this.#headers[i]))
    arraySort(sorted, compareNames)
    const combined = buildList()
    for (let i = 0; i < sorted.length; i++) {
      const { name, value } = /** @type {Header} */ (sorted[i])
      const last = combined[combined.length - 1]
      if (combined.length > 0 && last?.name === name && name !== 'set-cookie') last.value += `, ${value}`
      else append(combined, buildHeader(name, value))
    }
    return combined
  }
}

/** @returns {Header[]} */
function buildList () {
  /** @type {Header[]} */
  const list = []
  ReflectSetPrototypeOf(list, null)
  return list
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
  const value = trim(given)
  if (regExpExec(NO_VALUE, value) !== null) throw new TypeErrorConstructor(`Cannot ${what}: the value of header "${name}" has a line break or a null character`)
  return value
}

/** @param {string} text */
function trim (text) {
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

/** @param {string} value methods with commas between them */
function namesForbiddenMethod (value) {
  for (let from = 0; from <= value.length;) {
    const comma = stringIndexOf(value, ',', from)
    const to = comma < 0 ? value.length : comma
    if (stringToUpperCase(trim(stringSlice(value, from, to))) in FORBIDDEN_METHODS) return true
    from = to + 1
  }
  return false
}
