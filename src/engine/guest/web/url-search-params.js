// @ts-check
import { SymbolIterator, TypeErrorConstructor, append, arraySort, stringSlice } from '../intrinsics.js'
import { definePairIteration } from './pair-iteration.js'
import { isObject, iterate, readRecord, requireArguments, shapeInterface, toScalarText, toSequence } from '../webidl.js'
import { parseUrlEncoded, serializeUrlEncoded } from './url-encoded.js'

/** @typedef {import('./url-encoded.js').Pair} Pair */

/** Makes the pairs of a URL, which is told its query when they change. @type {(query: string, owner: (query: string) => void) => URLSearchParams} */
export let buildSearchParams
/** Of a URL whose query was set. @type {(params: URLSearchParams, query: string) => void} */
export let replaceSearchParams
/** @type {(value: any) => value is URLSearchParams} */
export let isSearchParams
/** Throws a TypeError for anything else. @type {(params: any) => readonly Pair[]} */
let readPairs

/** The text of one, whatever user code made of its methods. @param {URLSearchParams} params */
export const serializeSearchParams = (params) => serializeUrlEncoded(readPairs(params))

/**
 * The pairs of a URL's query, or of none.
 * Source: https://url.spec.whatwg.org/#interface-urlsearchparams
 */
export class URLSearchParams {
  /** @type {Pair[]} */
  #pairs
  /** Told of every change. @type {((query: string) => void) | undefined} */
  #owner

  constructor (init = /** @type {unknown} */ ('')) {
    this.#pairs = readInit(init)
  }

  get size () { return this.#pairs.length }

  /** @param {unknown} name @param {unknown} value */
  append (name, value) {
    const pairs = this.#pairs
    requireArguments(arguments.length, 2, 'URLSearchParams.append')
    append(pairs, [toScalarText(name), toScalarText(value)])
    this.#tell()
  }

  /** @param {unknown} name @param {unknown} [value] */
  delete (name, value = undefined) {
    const isKept = this.#differsFrom(arguments.length, 'delete', name, value)
    this.#keep(isKept)
    this.#tell()
  }

  /** @param {unknown} name */
  get (name) {
    const pairs = this.#pairs
    requireArguments(arguments.length, 1, 'URLSearchParams.get')
    const wanted = toScalarText(name)
    for (let i = 0; i < pairs.length; i++) {
      const pair = /** @type {Pair} */ (pairs[i])
      if (pair[0] === wanted) return pair[1]
    }
    return null
  }

  /** @param {unknown} name */
  getAll (name) {
    const pairs = this.#pairs
    requireArguments(arguments.length, 1, 'URLSearchParams.getAll')
    const wanted = toScalarText(name)
    /** @type {string[]} */
    const values = []
    for (let i = 0; i < pairs.length; i++) {
      const pair = /** @type {Pair} */ (pairs[i])
      if (pair[0] === wanted) append(values, pair[1])
    }
    return values
  }

  /** @param {unknown} name @param {unknown} [value] */
  has (name, value = undefined) {
    const isOther = this.#differsFrom(arguments.length, 'has', name, value)
    const pairs = this.#pairs
    for (let i = 0; i < pairs.length; i++) {
      if (!isOther(/** @type {Pair} */ (pairs[i]))) return true
    }
    return false
  }

  /** @param {unknown} name @param {unknown} value */
  set (name, value) {
    const pairs = this.#pairs
    requireArguments(arguments.length, 2, 'URLSearchParams.set')
    const wanted = toScalarText(name)
    const text = toScalarText(value)
    let isSet = false
    this.#keep((pair) => {
      if (pair[0] !== wanted) return true
      if (isSet) return false
      pair[1] = text
      return isSet = true
    })
    if (!isSet) append(pairs, [wanted, text])
    this.#tell()
  }

  sort () {
    arraySort(this.#pairs, (a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)
    this.#tell()
  }

  toString () { return serializeUrlEncoded(this.#pairs) }

  /** Whether a pair is none of those that are meant. @param {number} given @param {string} method @param {unknown} name @param {unknown} value @returns {(pair: Pair) => boolean} */
  #differsFrom (given, method, name, value) {
    requireArguments(given, 1, `URLSearchParams.${method}`)
    const wanted = toScalarText(name)
    const text = value === undefined ? undefined : toScalarText(value)
    return (pair) => pair[0] !== wanted || (text !== undefined && pair[1] !== text)
  }

  /** Takes out what is not to be kept, in place: who goes over the pairs goes on over what is left. @param {(pair: Pair) => boolean} isKept */
  #keep (isKept) {
    const pairs = this.#pairs
    let count = 0
    for (let i = 0; i < pairs.length; i++) {
      const pair = /** @type {Pair} */ (pairs[i])
      if (isKept(pair)) pairs[count++] = pair
    }
    pairs.length = count
  }

  #tell () {
    if (this.#owner !== undefined) this.#owner(serializeUrlEncoded(this.#pairs))
  }

  static {
    buildSearchParams = (query, owner) => {
      const params = new URLSearchParams()
      params.#pairs = parseUrlEncoded(query)
      params.#owner = owner
      return params
    }
    replaceSearchParams = (params, query) => { params.#pairs = parseUrlEncoded(query) }
    isSearchParams = (value) => isObject(value) && #pairs in value
    readPairs = (params) => params.#pairs
  }
}
shapeInterface(URLSearchParams, 'URLSearchParams', ['size', 'append', 'delete', 'get', 'getAll', 'has', 'set', 'sort', 'toString'])
definePairIteration(URLSearchParams, 'URLSearchParams', (params) => readPairs(params))

/** @param {unknown} init @returns {Pair[]} */
function readInit (init) {
  if (!isObject(init)) return readText(toScalarText(init))
  const method = init[SymbolIterator]
  if (method !== undefined && method !== null) return readSequence(init, method)
  return readRecord(init, toScalarText)
}

/** @param {string} text */
const readText = (text) => parseUrlEncoded(text[0] === '?' ? stringSlice(text, 1) : text)

/** @param {object} init @param {unknown} method */
function readSequence (init, method) {
  if (typeof method !== 'function') throw new TypeErrorConstructor('Cannot make URLSearchParams: the iterator of what was given is not a function')
  const lists = iterate(init, method, (item) => toSequence(item, toScalarText, 'A pair of URLSearchParams'), 'What URLSearchParams is made of')
  /** @type {Pair[]} */
  const pairs = []
  for (let i = 0; i < lists.length; i++) {
    const list = /** @type {string[]} */ (lists[i])
    if (list.length !== 2) throw new TypeErrorConstructor(`Cannot make URLSearchParams: a pair has ${list.length} items`)
    append(pairs, [/** @type {string} */ (list[0]), /** @type {string} */ (list[1])])
  }
  return pairs
}
