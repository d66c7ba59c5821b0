// @ts-check
import { BASE64, LATIN1, UCS2, UTF8, toEncodingNumber } from '../../web/node-library.js'
import { buildFailure } from './failure.js'
import { compare, compareOffset, indexOfBytes, indexOfNumber } from './search.js'
import { asciiSlice, base64Slice, base64Write, base64urlSlice, hexSlice, hexWrite, latin1Slice, latin1Write, ucs2Slice, ucs2Write } from './text.js'
import { asciiEnd, isUtf8, utf8Length, utf8Slice, utf8Write } from './utf8.js'
import { bytesOf, bytesOfAny, toIndex } from './views.js'

// What Node's `buffer` gets from C++ (node_buffer.cc), in JavaScript. Other bindings have what they share with it from here: it is a unit.

export { buildFailure } from './failure.js'
export { icuBinding } from './icu.js'
export { stringDecoderBinding } from './string-decoder.js'
export { bytesOf, bytesOfAny } from './views.js'

/** Failures of `atob`. */
const INVALID_CHARACTER = -2
const INPUT_LEFT = -1

/** @type {import('./text.js').Write[]} */
const WRITES = [latin1Write, utf8Write, base64Write, ucs2Write, latin1Write, hexWrite, latin1Write, base64Write]

/** As a method takes it: with bounds that are checked. @param {import('./text.js').Slice} slice */
const checkedSlice = (slice) => (/** @type {ArrayBufferView} */ view, /** @type {unknown} */ from, /** @type {unknown} */ to) => {
  const bytes = bytesOf(view)
  if (bytes.length === 0) return ''
  const start = toIndex(from, 0)
  const end = toIndex(to, bytes.length)
  if (end <= start) return ''
  if (end > bytes.length) throw buildFailure(/** @type {any} */ (RangeError), 'ERR_OUT_OF_RANGE', 'Index out of range')
  return slice(bytes, start, end)
}

/** As a method takes it: with bounds that are checked. @param {import('./text.js').Write} write */
const checkedWrite = (write) => (/** @type {ArrayBufferView} */ view, /** @type {unknown} */ text, /** @type {unknown} */ from, /** @type {unknown} */ most) => {
  const bytes = bytesOf(view)
  checkString(text)
  const start = toIndex(from, 0)
  if (start > bytes.length) throw buildFailure(/** @type {any} */ (RangeError), 'ERR_BUFFER_OUT_OF_BOUNDS', '"offset" is outside of buffer bounds')
  const room = Math.min(toIndex(most, bytes.length - start), bytes.length - start)
  return room === 0 ? 0 : write(bytes, text, start, room)
}

/** Its caller has checked where it starts. @param {import('./text.js').Write} write */
const staticWrite = (write) => (/** @type {ArrayBufferView} */ view, /** @type {unknown} */ text, /** @type {number} */ start, /** @type {number} */ room) => {
  const bytes = bytesOf(view)
  checkString(text)
  const from = Math.trunc(start) || 0
  return write(bytes, text, from, Math.max(0, Math.min(Math.trunc(room) || 0, bytes.length - from)))
}

/** @param {unknown} text @returns {asserts text is string} */
function checkString (text) {
  if (typeof text !== 'string') throw buildFailure(/** @type {any} */ (TypeError), 'ERR_INVALID_ARG_TYPE', 'argument must be a string')
}

/** @param {string} text @param {number} encoding */
export function encode (text, encoding) {
  const bytes = new Uint8Array(encoding === UTF8 ? utf8Length(text) : encoding === UCS2 ? text.length * 2 : text.length)
  const count = /** @type {import('./text.js').Write} */ (WRITES[encoding])(bytes, text, 0, bytes.length)
  return count === bytes.length ? bytes : bytes.subarray(0, count)
}

/** Answers -1 when there is nothing to fill it with, -2 when it does not reach so far. @param {ArrayBufferView} view @param {any} value @param {number} from @param {number} to @param {string} encoding */
function fill (view, value, from, to, encoding) {
  const bytes = bytesOf(view)
  const start = toIndex(from, 0)
  const end = toIndex(to, 0)
  if (start > end || end > bytes.length) return -2
  const isText = typeof value === 'string'
  if (!isText && !ArrayBuffer.isView(value)) return void bytes.fill(+value & 0xff, start, end)
  const source = isText ? encode(value, toEncodingNumber(encoding)) : bytesOf(value)
  if (start === end) return undefined
  if (source.length === 0) return -1
  bytes.set(source.subarray(0, end - start), start)
  for (let filled = source.length; filled < end - start; filled *= 2) bytes.copyWithin(start + filled, start, start + Math.min(filled, end - start - filled))
  return undefined
}

/** It is safe: nothing of what was in the memory before is to be seen. @param {number} size */
function createUnsafeArrayBuffer (size) {
  try {
    return new ArrayBuffer(size)
  } catch {
    throw buildFailure(/** @type {any} */ (RangeError), 'ERR_MEMORY_ALLOCATION_FAILED', 'Failed to allocate memory')
  }
}

/** Turns groups of bytes around. @param {number} size */
const swap = (size) => (/** @type {ArrayBufferView} */ view) => {
  const bytes = bytesOf(view)
  for (let at = 0; at + size <= bytes.length; at += size) {
    for (let i = at, j = at + size - 1; i < j; i++, j--) {
      const byte = /** @type {number} */ (bytes[i])
      bytes[i] = /** @type {number} */ (bytes[j])
      bytes[j] = byte
    }
  }
}

/** Answers the number of a failure when it cannot. Source: Atob of node_buffer.cc @param {string} input */
function atob (input) {
  const text = input.replace(/[\t\n\f\r ]+/g, '')
  const bare = text.replace(/={1,2}$/, '')
  if (/[^A-Za-z0-9+/]/.test(bare)) return INVALID_CHARACTER
  if (bare.length % 4 === 1) return INPUT_LEFT
  if (bare.length < text.length && text.length % 4 !== 0) return INVALID_CHARACTER
  const bytes = encode(bare, BASE64)
  return latin1Slice(bytes, 0, bytes.length)
}

/** @param {string} input */
function btoa (input) {
  if (/[^\0-\xff]/.test(input)) return -1
  const bytes = encode(input, LATIN1)
  return base64Slice(bytes, 0, bytes.length)
}

export const bufferBinding = {
  kMaxLength: Number.MAX_SAFE_INTEGER,
  /** Source: V8's String::kMaxLength on 64-bit machines. */
  kStringMaxLength: 0x1fff_ffe8,
  asciiSlice: checkedSlice(asciiSlice),
  base64Slice: checkedSlice(base64Slice),
  base64urlSlice: checkedSlice(base64urlSlice),
  latin1Slice: checkedSlice(latin1Slice),
  hexSlice: checkedSlice(hexSlice),
  ucs2Slice: checkedSlice(ucs2Slice),
  utf8Slice: checkedSlice(utf8Slice),
  base64Write: checkedWrite(base64Write),
  base64urlWrite: checkedWrite(base64Write),
  hexWrite: checkedWrite(hexWrite),
  ucs2Write: checkedWrite(ucs2Write),
  asciiWriteStatic: staticWrite(latin1Write),
  latin1WriteStatic: staticWrite(latin1Write),
  utf8WriteStatic: staticWrite(utf8Write),
  byteLengthUtf8: utf8Length,
  compare,
  compareOffset,
  indexOfNumber,
  fill,
  atob,
  btoa,
  swap16: swap(2),
  swap32: swap(4),
  swap64: swap(8),
  createUnsafeArrayBuffer,
  arrayBufferAlignedOffset: () => 0,
  setDetachKey () {},

  /** @param {ArrayBufferView} source @param {ArrayBufferView} target @param {number} targetStart @param {number} sourceStart @param {number} count */
  copy (source, target, targetStart, sourceStart, count) {
    bytesOf(target).set(bytesOf(source).subarray(sourceStart, sourceStart + count), targetStart)
    return count
  },

  /** @param {ArrayBufferView} view @param {string} text @param {number} offset @param {number} encoding @param {boolean} isForward @param {number} end */
  indexOfString: (view, text, offset, encoding, isForward, end) => indexOfBytes(bytesOf(view), encode(text, encoding), { offset, isForward, end, isWide: encoding === UCS2, isText: true }),

  /** @param {ArrayBufferView} view @param {ArrayBufferView} needle @param {number} offset @param {number} encoding @param {boolean} isForward @param {number} end */
  indexOfBuffer: (view, needle, offset, encoding, isForward, end) => indexOfBytes(bytesOf(view), bytesOf(needle), { offset, isForward, end, isWide: encoding === UCS2, isText: false }),

  /** @param {ArrayBuffer | ArrayBufferView} source */
  isAscii (source) {
    const bytes = bytesOfAny(source)
    return asciiEnd(bytes, 0, bytes.length) === bytes.length
  },

  /** @param {ArrayBuffer | ArrayBufferView} source */
  isUtf8 (source) {
    const bytes = bytesOfAny(source)
    return isUtf8(bytes, 0, bytes.length)
  },
}
