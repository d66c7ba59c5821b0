// @ts-check
import { NumberParseInt, TypeErrorConstructor, regExpExec, stringIndexOf, stringSlice } from '../intrinsics.js'
import { useUnit } from '../units.js'
import { contentOf } from './blob.js'
import { Body, decodePercent, parseMimeType, serializeMimeType } from './body.js'
import { HeaderList, trimSpace } from './headers.js'
import { buildFacts, buildResponse } from './response.js'

/** @typedef {import('./request.js').Parts} Parts */

const BASE64 = /; *base64$/i
/** No position of a blob has more digits. */
const RANGE = /^bytes[\t ]*=[\t ]*(\d{0,15})[\t ]*-[\t ]*(\d{0,15})$/

/**
 * Answers a request whose URL leads to what is in the isolate. Throws a TypeError, which the standard calls a network error.
 * Source: https://fetch.spec.whatwg.org/#scheme-fetch
 * @param {Parts} parts
 */
export function fetchLocal (parts) {
  if (parts.body !== null) parts.body.open().cancel(undefined)
  const hash = stringIndexOf(parts.url, '#')
  const url = hash < 0 ? parts.url : stringSlice(parts.url, 0, hash)
  return stringSlice(url, 0, 5) === 'data:' ? fetchData(url) : fetchBlob(url, parts)
}

/** Source: https://fetch.spec.whatwg.org/#data-url-processor @param {string} url */
function fetchData (url) {
  const comma = stringIndexOf(url, ',')
  if (comma < 0) throw new TypeErrorConstructor('Cannot fetch: the data: URL has no comma')
  let type = trimSpace(stringSlice(url, 5, comma))
  let bytes = decodePercent(stringSlice(url, comma + 1))
  const suffix = regExpExec(BASE64, type)
  if (suffix !== null) {
    bytes = decodeBase64(bytes)
    type = stringSlice(type, 0, type.length - suffix[0].length)
  }
  const parsed = parseMimeType(stringSlice(type, 0, 1) === ';' ? `text/plain${type}` : type)
  const list = new HeaderList()
  list.append('content-type', parsed === null ? 'text/plain;charset=US-ASCII' : serializeMimeType(parsed))
  return respond(url, 200, list, bytes)
}

/** @param {string} text @returns {string} */
function decodeBase64 (text) {
  try {
    return useUnit('base64').atob(text)
  } catch {
    throw new TypeErrorConstructor('Cannot fetch: the data: URL says that it is Base64, and is not')
  }
}

/** @param {string} url @param {Parts} parts */
function fetchBlob (url, { blob, method, list: headers }) {
  if (blob === null) throw new TypeErrorConstructor(`Cannot fetch "${url}": there is no such blob URL in this run, or it was revoked`)
  if (method !== 'GET') throw new TypeErrorConstructor(`Cannot fetch "${url}": a blob URL takes method GET, and not ${method}`)
  const { bytes, type } = contentOf(blob)
  const wanted = headers.get('range')
  const list = new HeaderList()
  if (wanted === null) {
    list.append('content-length', `${bytes.length}`)
    list.append('content-type', type)
    return respond(url, 200, list, bytes)
  }
  const { from, to } = readRange(wanted, bytes.length)
  list.append('content-length', `${to - from}`)
  list.append('content-type', type)
  list.append('content-range', `bytes ${from}-${to - 1}/${bytes.length}`)
  return respond(url, 206, list, stringSlice(bytes, from, to))
}

/** Source: https://fetch.spec.whatwg.org/#simple-range-header-value @param {string} value @param {number} length */
function readRange (value, length) {
  const found = regExpExec(RANGE, value)
  const first = found?.[1] ?? ''
  const last = found?.[2] ?? ''
  const from = first === '' ? length - NumberParseInt(last) : NumberParseInt(first)
  const to = first === '' || last === '' ? length : NumberParseInt(last) + 1
  if (found === null || first + last === '' || from < 0 || from >= length || to <= from) {
    throw new TypeErrorConstructor(`Cannot fetch: range "${value}" is none, or is not in a blob of ${length} bytes`)
  }
  return { from, to: to > length ? length : to }
}

/** @param {string} url @param {number} status @param {HeaderList} list @param {string} bytes */
function respond (url, status, list, bytes) {
  const facts = buildFacts('basic', status, status === 200 ? 'OK' : 'Partial Content')
  facts.url = url
  return buildResponse(facts, list, new Body(bytes, null, null))
}
