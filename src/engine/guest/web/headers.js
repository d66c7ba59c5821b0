// @ts-check
import { SymbolIterator, TypeErrorConstructor, append } from '../intrinsics.js'
import { definePairIteration } from './pair-iteration.js'
import { isObject, iterate, readRecord, requireArguments, shapeInterface, toByteText } from '../webidl.js'
import { HeaderList, isForbidden, isSafelisted, isSafelistedName, readName, readValue } from './header-list.js'

export { HeaderList, isForbiddenMethod, isToken, trimSpace } from './header-list.js'

/**
 * What may be changed: `request` drops the headers that are the connection's own, `request-no-cors` all but a few, `immutable` refuses
 * everything. There is none for responses, which drops Set-Cookie: no browser keeps cookies here.
 * @typedef {'none' | 'request' | 'request-no-cors' | 'immutable'} Guard
 */

/** @type {(list: HeaderList, guard: Guard) => Headers} */
export let buildHeaders
/** @type {(headers: Headers) => HeaderList} */
export let listOf
/** @type {(headers: Headers) => Headers} */
export let cloneHeaders
/** Fills headers from what `readInit` answered. @type {(headers: Headers, pairs: [string, string][]) => void} */
export let fillHeaders

/** Source: https://fetch.spec.whatwg.org/#headers-class */
export class Headers {
  #list = new HeaderList()
  /** @type {Guard} */
  #guard = 'none'

  static {
    buildHeaders = (list, guard) => {
      const headers = new Headers()
      headers.#list = list
      headers.#guard = guard
      return headers
    }
    cloneHeaders = (headers) => buildHeaders(headers.#list.clone(), headers.#guard)
    listOf = (headers) => headers.#list
    fillHeaders = (headers, pairs) => {
      for (let i = 0; i < pairs.length; i++) {
        const pair = /** @type {[string, string]} */ (pairs[i])
        headers.#append(pair[0], pair[1])
      }
    }
  }

  /** @param {unknown} [init] */
  constructor (init = undefined) {
    if (init !== undefined) fillHeaders(this, readInit(init))
  }

  /** @param {unknown} name @param {unknown} value */
  append (name, value) {
    requireArguments(arguments.length, 2, 'Headers.append')
    this.#append(toByteText(name, 'The name of a header'), toByteText(value, 'The value of a header'))
  }

  /** @param {unknown} name */
  delete (name) {
    requireArguments(arguments.length, 1, 'Headers.delete')
    const list = this.#list
    const key = readName(toByteText(name, 'The name of a header'), 'delete header')
    if (this.#mayChange(key, null, 'delete header')) list.delete(key)
  }

  /** @param {unknown} name */
  get (name) {
    requireArguments(arguments.length, 1, 'Headers.get')
    return this.#list.get(readName(toByteText(name, 'The name of a header'), 'get header'))
  }

  getSetCookie () {
    const { all } = this.#list
    /** @type {string[]} */
    const cookies = []
    for (let i = 0; i < all.length; i++) {
      const header = all[i]
      if (header?.name === 'set-cookie') append(cookies, header.value)
    }
    return cookies
  }

  /** @param {unknown} name */
  has (name) {
    requireArguments(arguments.length, 1, 'Headers.has')
    return this.#list.get(readName(toByteText(name, 'The name of a header'), 'look for header')) !== null
  }

  /** @param {unknown} name @param {unknown} value */
  set (name, value) {
    requireArguments(arguments.length, 2, 'Headers.set')
    const list = this.#list
    const text = toByteText(name, 'The name of a header')
    const given = toByteText(value, 'The value of a header')
    const key = readName(text, 'set header')
    const fit = readValue(given, key, 'set header')
    if (this.#mayChange(key, fit, 'set header')) list.set(key, fit)
  }

  /** @param {string} name @param {string} given */
  #append (name, given) {
    const key = readName(name, 'append header')
    const value = readValue(given, key, 'append header')
    const before = this.#guard === 'request-no-cors' ? this.#list.get(key) : null
    if (this.#mayChange(key, before === null ? value : `${before}, ${value}`, 'append header')) this.#list.append(key, value)
  }

  /** @param {string} name @param {string | null} value that it is to have; null if it is to go @param {string} what */
  #mayChange (name, value, what) {
    switch (this.#guard) {
      case 'none': return true
      case 'immutable': throw new TypeErrorConstructor(`Cannot ${what} "${name}": these headers cannot be changed`)
      case 'request': return !isForbidden(name, value ?? '')
      default: return value === null ? isSafelistedName(name) : isSafelisted(name, value)
    }
  }
}
shapeInterface(Headers, 'Headers', ['append', 'delete', 'get', 'getSetCookie', 'has', 'set'])
definePairIteration(Headers, 'Headers', (headers) => listOf(headers).sortAndCombine())

/** Plays what most code does with headers, for V8 to have it compiled. */
export function rehearse () {
  /** @type {any} what Web IDL gives it is not in its class */
  const headers = new Headers([['a', '1'], ['b', '2']])
  headers.append('a', '3')
  headers.set('c', '4')
  headers.delete('b')
  return [headers.get('a'), headers.has('c'), [...headers]]
}

/**
 * HeadersInit: a sequence of pairs, or a record.
 * @param {unknown} init @returns {[string, string][]}
 */
export function readInit (init) {
  if (!isObject(init)) throw new TypeErrorConstructor('Cannot read headers: they are neither a list of pairs nor an object')
  const method = init[SymbolIterator]
  if (method !== undefined && method !== null) {
    if (typeof method !== 'function') throw new TypeErrorConstructor('Cannot read headers: their Symbol.iterator is not a function')
    return iterate(init, method, readPair)
  }
  return readRecord(init, toHeaderText)
}

/** @param {unknown} value */
const toHeaderText = (value) => toByteText(value, 'A header')

/** @param {unknown} value @returns {[string, string]} */
function readPair (value) {
  const method = isObject(value) ? value[SymbolIterator] : undefined
  if (typeof method !== 'function') throw new TypeErrorConstructor('Cannot read headers: one of them is not a pair')
  const pair = iterate(value, method, toHeaderText)
  if (pair.length !== 2) throw new TypeErrorConstructor('Cannot read headers: one of them is not a pair')
  return /** @type {[string, string]} */ (pair)
}
