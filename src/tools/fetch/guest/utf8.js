// @ts-check
import {
  TypeErrorConstructor, Uint16ArrayConstructor, Uint8ArrayConstructor, regExpExec, stringCharCodeAt, stringFromCharCode, stringSlice, stringToWellFormed, utf8Length,
} from '../../../engine/guest/intrinsics.js'
import { bytesToText, unitsToText } from '../../../engine/guest/bytes.js'

// UTF-8, with bytes as strings of one character each: so they come from the host, and so they go to it.

const NOT_ASCII = /[^\0-\x7f]/
/** Bytes that are decoded at a time. */
const BLOCK = 16_384
const REPLACEMENT = 0xfffd
const MARK = 0xfeff

/** @param {string} text a lone surrogate becomes U+FFFD @returns {string} */
export function encodeUtf8 (text) {
  return regExpExec(NOT_ASCII, text) === null ? text : bytesToText(encodeBytes(text))
}

/** @param {string} given a lone surrogate becomes U+FFFD */
export function encodeBytes (given) {
  const text = stringToWellFormed(given)
  const bytes = new Uint8ArrayConstructor(utf8Length(text))
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const unit = stringCharCodeAt(text, i)
    if (unit < 0x80) bytes[at++] = unit
    else if (unit < 0x800) {
      bytes[at++] = 0xc0 | unit >> 6
      bytes[at++] = 0x80 | unit & 0x3f
    } else if (unit < 0xd800 || unit > 0xdfff) {
      bytes[at++] = 0xe0 | unit >> 12
      bytes[at++] = 0x80 | unit >> 6 & 0x3f
      bytes[at++] = 0x80 | unit & 0x3f
    } else {
      const point = 0x10000 + ((unit & 0x3ff) << 10 | stringCharCodeAt(text, ++i) & 0x3ff)
      bytes[at++] = 0xf0 | point >> 18
      bytes[at++] = 0x80 | point >> 12 & 0x3f
      bytes[at++] = 0x80 | point >> 6 & 0x3f
      bytes[at++] = 0x80 | point & 0x3f
    }
  }
  return bytes
}

/** UTF-8 decode: without a byte order mark, and with U+FFFD for what is not UTF-8. Source: https://encoding.spec.whatwg.org/#utf-8-decode @param {string} bytes */
export function decodeUtf8 (bytes) {
  return new Utf8Decoder(false, false).decode(bytes, true)
}

/** Decodes bytes as they come. Source: https://encoding.spec.whatwg.org/#utf-8-decoder */
export class Utf8Decoder {
  #isFatal
  #keepsMark
  /** A byte order mark may still come. */
  #isFirst = true
  // What is known of a character whose bytes are not all there: its bits so far, how many bytes it needs and has, and where the next may lie.
  #point = 0
  #needed = 0
  #seen = 0
  #lower = 0x80
  #upper = 0xbf

  /** @param {boolean} isFatal throws a TypeError for what is not UTF-8 @param {boolean} keepsMark keeps a byte order mark */
  constructor (isFatal, keepsMark) {
    this.#isFatal = isFatal
    this.#keepsMark = keepsMark
  }

  /** @param {string} bytes @param {boolean} isLast nothing of it follows: an unfinished character is wrong, and the next bytes begin anew */
  decode (bytes, isLast) {
    const text = this.#withoutMark(this.#needed === 0 && regExpExec(NOT_ASCII, bytes) === null ? bytes : this.#decodeAll(bytes))
    if (!isLast) return text
    const isUnfinished = this.#needed > 0
    this.#reset()
    const end = isUnfinished ? stringFromCharCode(this.#wrong()) : ''
    this.#isFirst = true
    return text + end
  }

  /** @param {string} text */
  #withoutMark (text) {
    if (!this.#isFirst || text === '') return text
    this.#isFirst = false
    return !this.#keepsMark && stringCharCodeAt(text, 0) === MARK ? stringSlice(text, 1) : text
  }

  /** @param {string} bytes */
  #decodeAll (bytes) {
    const units = new Uint16ArrayConstructor(BLOCK + 8)
    let text = ''
    for (let from = 0; from < bytes.length; from += BLOCK) {
      const to = from + BLOCK < bytes.length ? from + BLOCK : bytes.length
      text += unitsToText(units, this.#decodeBlock(bytes, from, to, units))
    }
    return text
  }

  /** Answers how many code units there are. @param {string} bytes @param {number} from @param {number} to @param {Uint16Array} units */
  #decodeBlock (bytes, from, to, units) {
    let count = 0
    for (let i = from; i < to; i++) {
      const byte = stringCharCodeAt(bytes, i)
      if (this.#needed === 0) {
        if (byte < 0x80) units[count++] = byte
        else if (!this.#begin(byte)) units[count++] = this.#wrong()
      } else if (byte < this.#lower || byte > this.#upper) {
        this.#reset()
        units[count++] = this.#wrong()
        i-- // it may begin the next one
      } else {
        this.#point = this.#point << 6 | byte & 0x3f
        this.#lower = 0x80
        this.#upper = 0xbf
        if (++this.#seen < this.#needed) continue
        const point = this.#point
        this.#reset()
        if (point < 0x10000) units[count++] = point
        else {
          units[count++] = 0xd7c0 + (point >> 10)
          units[count++] = 0xdc00 + (point & 0x3ff)
        }
      }
    }
    return count
  }

  /** @param {number} byte that begins a character of several bytes, if it can */
  #begin (byte) {
    if (byte >= 0xc2 && byte <= 0xdf) {
      this.#needed = 1
      this.#point = byte & 0x1f
    } else if (byte >= 0xe0 && byte <= 0xef) {
      if (byte === 0xe0) this.#lower = 0xa0
      if (byte === 0xed) this.#upper = 0x9f
      this.#needed = 2
      this.#point = byte & 0xf
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      if (byte === 0xf0) this.#lower = 0x90
      if (byte === 0xf4) this.#upper = 0x8f
      this.#needed = 3
      this.#point = byte & 0x7
    }
    return this.#needed > 0
  }

  #reset () {
    this.#point = 0
    this.#needed = 0
    this.#seen = 0
    this.#lower = 0x80
    this.#upper = 0xbf
  }

  #wrong () {
    if (!this.#isFatal) return REPLACEMENT
    this.#isFirst = true
    throw new TypeErrorConstructor('Cannot decode text: the bytes are not UTF-8')
  }
}
