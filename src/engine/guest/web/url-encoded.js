// @ts-check
import {
  URIDecode, URIEncode, Uint8ArrayConstructor, append, regExpExec, stringIndexOf, stringReplaceAll, stringSlice, typedArrayBuffer, typedArrayByteLength,
} from '../intrinsics.js'
import { Utf8Decoder, encodeBytes } from './utf8.js'

// application/x-www-form-urlencoded. Source: https://url.spec.whatwg.org/#application/x-www-form-urlencoded

/** @typedef {[name: string, value: string]} Pair */

/** What stands for itself: all else is escaped. */
const ESCAPED = /[^0-9A-Za-z*\-._]/

/**
 * Reads pairs from a text. A byte order mark in one is kept.
 * @param {string} text without lone surrogates
 */
export function parseUrlEncoded (text) {
  /** @type {Pair[]} */
  const pairs = []
  for (let from = 0; from < text.length;) {
    const ampersand = stringIndexOf(text, '&', from)
    const to = ampersand < 0 ? text.length : ampersand
    if (to > from) append(pairs, readPair(stringSlice(text, from, to)))
    from = to + 1
  }
  return pairs
}

/** @param {string} text @returns {Pair} */
function readPair (text) {
  const equals = stringIndexOf(text, '=')
  return equals < 0 ? [decode(text), ''] : [decode(stringSlice(text, 0, equals)), decode(stringSlice(text, equals + 1))]
}

/** @param {string} given */
function decode (given) {
  const text = stringReplaceAll(given, '+', ' ')
  if (stringIndexOf(text, '%') < 0) return text
  try {
    return URIDecode(text)
  } catch {
    return new Utf8Decoder(false, true).decode(decodePercents(text), true)
  }
}

/** What the language's own function refuses: bytes that are no UTF-8, and a percent sign that escapes nothing. @param {string} text */
function decodePercents (text) {
  const bytes = encodeBytes(text)
  const length = typedArrayByteLength(bytes)
  let count = 0
  for (let i = 0; i < length; i++) {
    const byte = /** @type {number} */ (bytes[i])
    const high = byte === 0x25 && i + 2 < length ? digitOf(bytes[i + 1]) : -1
    const low = high < 0 ? -1 : digitOf(bytes[i + 2])
    if (low >= 0) i += 2
    bytes[count++] = low < 0 ? byte : high << 4 | low
  }
  return new Uint8ArrayConstructor(typedArrayBuffer(bytes), 0, count)
}

/** The value of a hexadecimal digit, or -1. @param {any} byte */
function digitOf (byte) {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** @param {readonly Pair[]} pairs without lone surrogates */
export function serializeUrlEncoded (pairs) {
  let text = ''
  for (let i = 0; i < pairs.length; i++) {
    const pair = /** @type {Pair} */ (pairs[i])
    text += `${i === 0 ? '' : '&'}${encode(pair[0])}=${encode(pair[1])}`
  }
  return text
}

/** @param {string} text */
function encode (text) {
  if (regExpExec(ESCAPED, text) === null) return text
  let encoded = stringReplaceAll(URIEncode(text), '%20', '+')
  for (let i = 0; i < KEPT.length; i++) {
    const pair = /** @type {Pair} */ (KEPT[i])
    encoded = stringReplaceAll(encoded, pair[0], pair[1])
  }
  return encoded
}

/** What the language's own function does not escape, and this form does. @type {readonly Pair[]} */
const KEPT = [['!', '%21'], ["'", '%27'], ['(', '%28'], [')', '%29'], ['~', '%7E']]
