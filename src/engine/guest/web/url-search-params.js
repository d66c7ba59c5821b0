// @ts-check
import { SymbolFor, SymbolIterator, append, arraySort, defineHidden, stringSlice } from '../intrinsics.js'
import { useUnit } from '../units.js'
import { definePairIteration } from './pair-iteration.js'
import { isObject, iterate, readRecord, shapeInterface, toScalarText } from '../webidl.js'
import { parseUrlEncoded, serializeUrlEncoded } from './url-encoded.js'

/** @typedef {import('./url-encoded.js').Pair} Pair */

/** Makes the pairs of a URL, which is told its query when they change. @type {(query: string, owner: (query: string) => void) => URLSearchParams} */
export let buildSearchParams
/** Of a URL whose query was set. @type {(params: URLSearchParams, query: string) => void} */
export let replaceSearchParams
/** @type {(value: any) => value is URLSearchParams} */
export let isSearchParams
/** Throws a TypeError for anything else. @type {(params: any) => Pair[]} */
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

  get size () { return readPairs(this).length }

  /** @param {unknown} name @param {unknown} value */
  append (name, value) {
    const pairs = readPairs(this)
    if (arguments.length < 2) throw useUnit('node-errors').buildMissing('name', 'value')
    append(pairs, [toScalarText(name), toScalarText(value)])
    this.#tell()
  }

  /** @param {unknown} name @param {unknown} [value] */
  delete (name, value = undefined) {
    const pairs = readPairs(this)
    keep(pairs, differsFrom(arguments.length, name, value))
    this.#tell()
  }

  /** @param {unknown} name */
  get (name) {
    const pairs = readPairs(this)
    if (arguments.length < 1) throw useUnit('node-errors').buildMissing('name')
    const wanted = toScalarText(name)
    for (let i = 0; i < pairs.length; i++) {
      const pair = /** @type {Pair} */ (pairs[i])
      if (pair[0] === wanted) return pair[1]
    }
    return null
  }

  /** @param {unknown} name */
  getAll (name) {
    const pairs = readPairs(this)
    if (arguments.length < 1) throw useUnit('node-errors').buildMissing('name')
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
    const pairs = readPairs(this)
    const isOther = differsFrom(arguments.length, name, value)
    for (let i = 0; i < pairs.length; i++) {
      if (!isOther(/** @type {Pair} */ (pairs[i]))) return true
    }
    return false
  }

  /** @param {unknown} name @param {unknown} value */
  set (name, value) {
    const pairs = readPairs(this)
    if (arguments.length < 2) throw useUnit('node-errors').buildMissing('name', 'value')
    const wanted = toScalarText(name)
    const text = toScalarText(value)
    let isSet = false
    keep(pairs, (pair) => {
      if (pair[0] !== wanted) return true
      if (isSet) return false
      pair[1] = text
      return isSet = true
    })
    if (!isSet) append(pairs, [wanted, text])
    this.#tell()
  }

  sort () {
    arraySort(readPairs(this), (a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)
    this.#tell()
  }

  toString () { return serializeUrlEncoded(readPairs(this)) }

  #tell () {
    if (this.#owner !== undefined) this.#owner(serializeUrlEncoded(this.#pairs))
  }

  static {
    const Class = this // by its name, the bundler would give it another
    buildSearchParams = (query, owner) => {
      const params = new Class()
      params.#pairs = parseUrlEncoded(query)
      params.#owner = owner
      return params
    }
    replaceSearchParams = (params, query) => { params.#pairs = parseUrlEncoded(query) }
    isSearchParams = (value) => isObject(value) && #pairs in value
    readPairs = (params) => {
      if (!isSearchParams(params)) throw useUnit('node-errors').buildInvalidThis('URLSearchParams')
      return params.#pairs
    }
  }
}
shapeInterface(URLSearchParams, 'URLSearchParams', ['size', 'append', 'delete', 'get', 'getAll', 'has', 'set', 'sort', 'toString'])
definePairIteration(URLSearchParams, 'URLSearchParams', readPairs, {
  /** @param {unknown} callback */
  refuse: (callback) => useUnit('node-errors').buildInvalidType('callback', 'Function', callback),
  refuseIterator: () => useUnit('node-errors').buildInvalidThis('URLSearchParamsIterator'),
  inspect: (left, depth, options, inspect) => useUnit('url-inspect').inspectIterator(left, 'URLSearchParams Iterator', depth, options, inspect),
})
defineHidden(URLSearchParams.prototype, SymbolFor('nodejs.util.inspect.custom'), {
  /** @this {URLSearchParams} @param {number | null} depth @param {object} options @param {Function} [inspect] */
  '[nodejs.util.inspect.custom]' (depth, options, inspect = undefined) { return useUnit('url-inspect').inspectPairs(readPairs(this), this.constructor.name, depth, options, inspect) },
}['[nodejs.util.inspect.custom]'])

/** Whether a pair is none of those that are meant. @param {number} given @param {unknown} name @param {unknown} value @returns {(pair: Pair) => boolean} */
function differsFrom (given, name, value) {
  if (given < 1) throw useUnit('node-errors').buildMissing('name')
  const wanted = toScalarText(name)
  const text = value === undefined ? undefined : toScalarText(value)
  return (pair) => pair[0] !== wanted || (text !== undefined && pair[1] !== text)
}

/** Takes out what is not to be kept, in place: who goes over the pairs goes on over what is left. @param {Pair[]} pairs @param {(pair: Pair) => boolean} isKept */
function keep (pairs, isKept) {
  let count = 0
  for (let i = 0; i < pairs.length; i++) {
    const pair = /** @type {Pair} */ (pairs[i])
    if (isKept(pair)) pairs[count++] = pair
  }
  pairs.length = count
}

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
  if (typeof method !== 'function') throw useUnit('node-errors').buildShown('ERR_ARG_NOT_ITERABLE', 'Query pairs must be iterable')
  /** @type {Pair[]} */
  const pairs = []
  const lists = iterate(init, method, readTuple)
  for (let i = 0; i < lists.length; i++) append(pairs, /** @type {Pair} */ (lists[i]))
  return pairs
}

/** @param {unknown} item @returns {Pair} */
function readTuple (item) {
  const method = isObject(item) ? item[SymbolIterator] : undefined
  const list = typeof method === 'function' ? iterate(item, method, toScalarText) : undefined
  if (list === undefined || list.length !== 2) throw useUnit('node-errors').buildShown('ERR_INVALID_TUPLE', 'Each query pair must be an iterable [name, value] tuple')
  return [/** @type {string} */ (list[0]), /** @type {string} */ (list[1])]
}
