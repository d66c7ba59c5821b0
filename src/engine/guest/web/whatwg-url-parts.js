// @ts-check
import {
  JSONParse, JSONStringify, ObjectCreate, Uint8ArrayConstructor, regExpExec, stringCharCodeAt, stringFromCharCode, stringIncludes, typedArrayByteLength,
} from '../intrinsics.js'
import { askNative } from '../natives.js'
import { Utf8Decoder, encodeBytes } from './utf8.js'

// What the build gives whatwg-url in place of its own: without the table of domain names and the encodings of 1990 it is a twentieth as large.

/** The two signs of inequality that no domain may hold either are one character with what follows them, for some. */
const FORBIDDEN = /[\0-\x20#%/:?@[\\\]^|\x7f]/

/**
 * A domain that is not all ASCII, as ASCII; null for one that is not valid. What no domain may hold is not asked about: the native would read it as
 * the part of a URL that it begins. Source: https://url.spec.whatwg.org/#concept-domain-to-ascii
 * @param {string} domain
 */
export function toASCII (domain) {
  if (regExpExec(FORBIDDEN, domain) !== null) return null
  return JSONParse(askNative('platform:url', 'toAscii', JSONStringify(domain)).text) || null
}

/** One byte each, made when it is first needed: most of what is encoded is one character. @type {Record<number, Uint8Array>} */
const single = ObjectCreate(null)

/** @param {string} text @returns {Uint8Array} */
export function utf8Encode (text) {
  const code = stringCharCodeAt(text, 0)
  if (text.length !== 1 || code > 0x7f) return encodeBytes(text)
  return single[code] ??= new Uint8ArrayConstructor([code])
}

/** @param {Uint8Array} bytes */
export const utf8DecodeWithoutBOM = (bytes) => new Utf8Decoder(false, true).decode(bytes, true)

const HEX = '0123456789ABCDEF'

/** Queries are UTF-8 always: other encodings are for documents. @param {string} _encoding @param {string} text @param {string} escaped characters */
export function percentEncodeAfterEncoding (_encoding, text, escaped) {
  const bytes = utf8Encode(text)
  let encoded = ''
  const length = typedArrayByteLength(bytes)
  for (let i = 0; i < length; i++) {
    const byte = /** @type {number} */ (bytes[i])
    const character = stringFromCharCode(byte)
    encoded += byte < 0x21 || byte > 0x7e || stringIncludes(escaped, character) ? `%${HEX[byte >> 4]}${HEX[byte & 0xf]}` : character
  }
  return encoded
}
