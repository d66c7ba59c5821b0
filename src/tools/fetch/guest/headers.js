// @ts-check
import {
  IteratorPrototype, ReflectApply, ReflectDeleteProperty, ReflectSetPrototypeOf, SymbolIterator, TypeErrorConstructor, append, defineHidden,
} from '../../../engine/guest/intrinsics.js'
import { isObject, iterate, readRecord, requireArguments, shapeInterface, toByteText } from '../../../engine/guest/webidl.js'
import { HeaderList, isForbidden, readName, readValue } from './header-list.js'

/**
 * What may be changed: `request` drops the headers that are the connection's own, `immutable` refuses everything.
 * @typedef {'none' | 'request' | 'immutable'} Guard
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
    if (this.#mayChange(key, '', 'delete header')) list.delete(key)
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

  /** @param {unknown} callback @param {unknown} [self] */
  forEach (callback, self = undefined) {
    requireArguments(arguments.length, 1, 'Headers.forEach')
    if (typeof callback !== 'function') throw new TypeErrorConstructor('Cannot call Headers.forEach: the callback is not a function')
    for (let i = 0; ; i++) {
      const pairs = this.#list.sortAndCombine() // the callback may change them
      if (i >= pairs.length) return
      const pair = pairs[i]
      ReflectApply(callback, self, [pair?.value, pair?.name, this])
    }
  }

  entries () { return new HeadersIterator(this.#list, 'entries') }
  keys () { return new HeadersIterator(this.#list, 'keys') }
  values () { return new HeadersIterator(this.#list, 'values') }

  /** @param {string} name @param {string} given */
  #append (name, given) {
    const key = readName(name, 'append header')
    const value = readValue(given, key, 'append header')
    if (this.#mayChange(key, value, 'append header')) this.#list.append(key, value)
  }

  /** @param {string} name @param {string} value @param {string} what */
  #mayChange (name, value, what) {
    if (this.#guard === 'immutable') throw new TypeErrorConstructor(`Cannot ${what} "${name}": these headers cannot be changed`)
    return this.#guard === 'none' || !isForbidden(name, value)
  }
}
shapeInterface(Headers, 'Headers', ['append', 'delete', 'get', 'getSetCookie', 'has', 'set', 'forEach', 'entries', 'keys', 'values'])
defineHidden(Headers.prototype, SymbolIterator, Headers.prototype.entries)

/** Goes on over headers that change while it does. Source: https://webidl.spec.whatwg.org/#js-default-iterator-object */
class HeadersIterator {
  #list
  #kind
  #at = 0

  /** @param {HeaderList} list @param {'entries' | 'keys' | 'values'} kind */
  constructor (list, kind) {
    this.#list = list
    this.#kind = kind
  }

  next () {
    const pairs = this.#list.sortAndCombine()
    const pair = this.#at < pairs.length ? pairs[this.#at++] : undefined
    if (pair === undefined) return { value: undefined, done: true }
    const { name, value } = pair
    return { value: this.#kind === 'keys' ? name : this.#kind === 'values' ? value : [name, value], done: false }
  }
}
shapeInterface(HeadersIterator, 'Headers Iterator', ['next'])
ReflectDeleteProperty(HeadersIterator.prototype, 'constructor')
ReflectSetPrototypeOf(HeadersIterator.prototype, IteratorPrototype)

/**
 * HeadersInit: a sequence of pairs, or a record.
 * @param {unknown} init @returns {[string, string][]}
 */
export function readInit (init) {
  if (!isObject(init)) throw new TypeErrorConstructor('Cannot read headers: they are neither a list of pairs nor an object')
  const method = init[SymbolIterator]
  if (method !== undefined && method !== null) {
    if (typeof method !== 'function') throw new TypeErrorConstructor('Cannot read headers: their Symbol.iterator is not a function')
    return iterate(init, method, readPair, 'A list of headers')
  }
  /** @type {[string, string][]} */
  const pairs = []
  readRecord(init, (key, value) => {
    const name = toByteText(key, 'The name of a header')
    append(pairs, /** @type {[string, string]} */ ([name, toByteText(value, 'The value of a header')]))
  })
  return pairs
}

/** @param {unknown} value @returns {[string, string]} */
function readPair (value) {
  const method = isObject(value) ? value[SymbolIterator] : undefined
  if (typeof method !== 'function') throw new TypeErrorConstructor('Cannot read headers: one of them is not a pair')
  const pair = iterate(value, method, (text) => toByteText(text, 'A header'), 'A header')
  if (pair.length !== 2) throw new TypeErrorConstructor('Cannot read headers: one of them is not a pair')
  return /** @type {[string, string]} */ (pair)
}
