// @ts-check
import { flushUnits, putText, takeUnits, unitsAt } from './units.js'

// UTF-8 as V8 and simdutf have it: what is wrong becomes U+FFFD, one for each maximal part of a sequence. Source: https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3/#G66453

const REPLACEMENT = 0xfffd

/** How many bytes a text takes. @param {string} text */
export function utf8Length (text) {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    bytes += unit < 0x800 ? 1 : 2
    if (isPair(text, i, unit)) i++
  }
  return bytes
}

/** @param {string} text @param {number} i @param {number} unit */
const isPair = (text, i, unit) => (unit & 0xfc00) === 0xd800 && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00

/**
 * Writes as many whole characters as there is room for; answers how many bytes they took.
 * @param {Uint8Array} bytes @param {string} text @param {number} start @param {number} room
 */
export function utf8Write (bytes, text, start, room) {
  const end = start + room
  let at = start
  let i = 0
  for (const ascii = Math.min(text.length, room); i < ascii; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) break
    bytes[at++] = unit
  }
  for (; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) {
      if (at + 1 > end) break
      bytes[at++] = unit
    } else if (unit < 0x800) {
      if (at + 2 > end) break
      bytes[at++] = 0xc0 | unit >> 6
      bytes[at++] = 0x80 | unit & 0x3f
    } else if (isPair(text, i, unit)) {
      if (at + 4 > end) break
      const point = 0x10000 + ((unit & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff)
      bytes[at++] = 0xf0 | point >> 18
      bytes[at++] = 0x80 | point >> 12 & 0x3f
      bytes[at++] = 0x80 | point >> 6 & 0x3f
      bytes[at++] = 0x80 | point & 0x3f
    } else {
      if (at + 3 > end) break
      const point = (unit & 0xf800) === 0xd800 ? REPLACEMENT : unit
      bytes[at++] = 0xe0 | point >> 12
      bytes[at++] = 0x80 | point >> 6 & 0x3f
      bytes[at++] = 0x80 | point & 0x3f
    }
  }
  return at - start
}

/** @param {Uint8Array} bytes @param {number} start @param {number} end */
export function utf8Slice (bytes, start, end) {
  const ascii = asciiEnd(bytes, start, end)
  let text = unitsAt(bytes, start, ascii)
  const put = takeUnits()
  let at = ascii
  while (at < end) {
    const length = sequenceLength(bytes, at, end)
    const first = /** @type {number} */ (bytes[at])
    if (length > 0 && first < 0x80) put.units[put.count++] = first
    else if (length === 2) put.units[put.count++] = (first & 0x1f) << 6 | tail(bytes, at + 1)
    else if (length === 3) put.units[put.count++] = (first & 0xf) << 12 | tail(bytes, at + 1) << 6 | tail(bytes, at + 2)
    else if (length === 4) {
      const offset = ((first & 7) << 18 | tail(bytes, at + 1) << 12 | tail(bytes, at + 2) << 6 | tail(bytes, at + 3)) - 0x10000
      put.units[put.count++] = 0xd800 | offset >> 10
      put.units[put.count++] = 0xdc00 | offset & 0x3ff
    } else put.units[put.count++] = REPLACEMENT
    at += Math.abs(length)
    if (put.count >= put.full) text = putText(text, put)
  }
  return text + flushUnits(put)
}

/** @param {Uint8Array} bytes @param {number} at */
const tail = (bytes, at) => /** @type {number} */ (bytes[at]) & 0x3f

/** Where the first byte is that is not ASCII. @param {Uint8Array} bytes @param {number} start @param {number} end */
export function asciiEnd (bytes, start, end) {
  let at = start
  while (at < end && /** @type {number} */ (bytes[at]) < 0x80) at++
  return at
}

/** @param {Uint8Array} bytes @param {number} start @param {number} end */
export function isUtf8 (bytes, start, end) {
  for (let at = asciiEnd(bytes, start, end); at < end;) {
    const length = sequenceLength(bytes, at, end)
    if (length < 0) return false
    at += length
  }
  return true
}

/**
 * How many bytes the character at a place takes; below zero, how many make no character.
 * @param {Uint8Array} bytes @param {number} at @param {number} end
 */
export function sequenceLength (bytes, at, end) {
  const first = /** @type {number} */ (bytes[at])
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return -1
  if (at + 1 >= end || !isSecond(first, /** @type {number} */ (bytes[at + 1]))) return -1
  if (first < 0xe0) return 2
  if (at + 2 >= end || !isTail(bytes, at + 2)) return -2
  if (first < 0xf0) return 3
  return at + 3 < end && isTail(bytes, at + 3) ? 4 : -3
}

/** @param {Uint8Array} bytes @param {number} at */
const isTail = (bytes, at) => (/** @type {number} */ (bytes[at]) & 0xc0) === 0x80

/** Some first bytes leave less than the whole range to the second. @param {number} first @param {number} second */
function isSecond (first, second) {
  switch (first) {
    case 0xe0: return second >= 0xa0 && second <= 0xbf
    case 0xed: return second >= 0x80 && second <= 0x9f
    case 0xf0: return second >= 0x90 && second <= 0xbf
    case 0xf4: return second >= 0x80 && second <= 0x8f
    default: return second >= 0x80 && second <= 0xbf
  }
}
