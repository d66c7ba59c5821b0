// @ts-check
import { Uint8ArrayConstructor, regExpExec, stringCharCodeAt, stringSlice, stringToWellFormed, utf8Length } from '../intrinsics.js'
import { bytesToText, fillBytes } from '../bytes.js'
import { FAR, decodeBytesFar, decodeFar, encodeBytesFar, encodeFar, findUnfinished } from './far-text.js'
import { MARK, UnitDecoder } from './unit-decoder.js'

export { UnitDecoder }

const NOT_ASCII = /[^\0-\x7f]/

/** UTF-8 encode, to one character for each byte: so bytes go to the host. @param {string} text a lone surrogate becomes U+FFFD @returns {string} */
export function encodeUtf8 (text) {
  if (regExpExec(NOT_ASCII, text) === null) return text
  return text.length >= FAR ? encodeBytesFar(text) : bytesToText(encodeBytes(text))
}

/** @param {string} given a lone surrogate becomes U+FFFD */
export function encodeBytes (given) {
  if (given.length >= FAR) return encodeFar(given)
  if (regExpExec(NOT_ASCII, given) === null) {
    const bytes = new Uint8ArrayConstructor(given.length)
    fillBytes(bytes, given)
    return bytes
  }
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

/**
 * UTF-8 decode, of one character for each byte: without a byte order mark, and with U+FFFD for what is not UTF-8.
 * Source: https://encoding.spec.whatwg.org/#utf-8-decode @param {string} text
 */
export function decodeUtf8 (text) {
  if (regExpExec(NOT_ASCII, text) === null) return text
  if (text.length >= FAR) return withoutMark(decodeBytesFar(text))
  const bytes = new Uint8ArrayConstructor(text.length)
  fillBytes(bytes, text)
  return new Utf8Decoder(false, false).decode(bytes, true)
}

/** @param {string} text */
const withoutMark = (text) => stringCharCodeAt(text, 0) === MARK ? stringSlice(text, 1) : text

/** Decodes bytes as they come. Source: https://encoding.spec.whatwg.org/#utf-8-decoder */
export class Utf8Decoder extends UnitDecoder {
  // What is known of a character whose bytes are not all there: its bits so far, how many bytes it still needs, and where the next may lie.
  #point = 0
  #missing = 0
  #lower = 0x80
  #upper = 0xbf

  /** @override */
  get isUnfinished () { return this.#missing > 0 }

  /** @override */
  reset () {
    this.#missing = 0
    this.#lower = 0x80
    this.#upper = 0xbf
  }

  /** @override @param {Uint8Array} bytes @param {number} from @param {number} length */
  decodePart (bytes, from, length) {
    if (length - from < FAR) return super.decodePart(bytes, from, length)
    if (this.isUnfinished) return super.decodePart(bytes, from, from + 1)
    const end = findUnfinished(bytes, length)
    return { text: decodeFar(bytes, from, end, this.isFatal), end }
  }

  /** @override @param {Uint8Array} bytes @param {number} from @param {number} to @param {Uint16Array} units */
  decodeBlock (bytes, from, to, units) {
    let point = this.#point
    let missing = this.#missing
    let lower = this.#lower
    let upper = this.#upper
    let count = 0
    for (let i = from; i < to; i++) {
      const byte = /** @type {number} */ (bytes[i])
      if (missing === 0) {
        if (byte < 0x80) units[count++] = byte
        else if (byte >= 0xc2 && byte <= 0xdf) {
          missing = 1
          point = byte & 0x1f
        } else if (byte >= 0xe0 && byte <= 0xef) {
          if (byte === 0xe0) lower = 0xa0
          if (byte === 0xed) upper = 0x9f
          missing = 2
          point = byte & 0xf
        } else if (byte >= 0xf0 && byte <= 0xf4) {
          if (byte === 0xf0) lower = 0x90
          if (byte === 0xf4) upper = 0x8f
          missing = 3
          point = byte & 0x7
        } else units[count++] = this.wrong()
        continue
      }
      const isPart = byte >= lower && byte <= upper
      lower = 0x80
      upper = 0xbf
      if (!isPart) {
        missing = 0
        units[count++] = this.wrong()
        i-- // it may begin the next one
        continue
      }
      point = point << 6 | byte & 0x3f
      if (--missing > 0) continue
      if (point < 0x10000) units[count++] = point
      else {
        units[count++] = 0xd7c0 + (point >> 10)
        units[count++] = 0xdc00 + (point & 0x3ff)
      }
    }
    this.#point = point
    this.#missing = missing
    this.#lower = lower
    this.#upper = upper
    return count
  }
}
