// @ts-check
import { unitsAt } from './units.js'

// The encodings of Buffer that are not UTF-8: between bytes and text. What V8 does itself is left to it.

const { setFromBase64, setFromHex, subarray, toBase64, toHex } = /** @type {any} */ (Uint8Array.prototype)
const { apply } = Reflect

/** @typedef {(bytes: Uint8Array, start: number, end: number) => string} Slice */
/** @typedef {(bytes: Uint8Array, text: string, start: number, room: number) => number} Write answers how many bytes it wrote */

/** @param {Uint8Array} bytes @param {number} start @param {number} end @returns {Uint8Array} */
const part = (bytes, start, end) => apply(subarray, bytes, [start, end])

/** @type {Slice} */
export const latin1Slice = (bytes, start, end) => unitsAt(bytes, start, end)
/** @type {Slice} */
export const asciiSlice = (bytes, start, end) => unitsAt(bytes, start, end, 0x7f)
/** @type {Slice} */
export const hexSlice = (bytes, start, end) => apply(toHex, part(bytes, start, end), [])
/** @type {Slice} */
export const base64Slice = (bytes, start, end) => apply(toBase64, part(bytes, start, end), [])
/** @type {Slice} */
export const base64urlSlice = (bytes, start, end) => apply(toBase64, part(bytes, start, end), [{ __proto__: null, alphabet: 'base64url', omitPadding: true }])

/** Little-endian, as every machine is that we run on. @type {Slice} */
export function ucs2Slice (bytes, start, end) {
  const count = (end - start) >> 1
  const from = bytes.byteOffset + start
  const units = from % 2 === 0 ? new Uint16Array(bytes.buffer, from, count) : new Uint16Array(bytes.slice(start, start + count * 2).buffer)
  return unitsAt(/** @type {any} */ (units), 0, count, 0xffff)
}

/** @type {Write} */
export function latin1Write (bytes, text, start, room) {
  const count = Math.min(room, text.length)
  for (let i = 0; i < count; i++) bytes[start + i] = text.charCodeAt(i)
  return count
}

/** @type {Write} */
export function ucs2Write (bytes, text, start, room) {
  const count = Math.min(room >> 1, text.length)
  for (let i = 0, at = start; i < count; i++) {
    const unit = text.charCodeAt(i)
    bytes[at++] = unit
    bytes[at++] = unit >> 8
  }
  return count * 2
}

/** Ends before the first pair that is not hexadecimal. @type {Write} */
export function hexWrite (bytes, text, start, room) {
  const count = Math.min(room, text.length >> 1)
  const whole = text.length === count * 2 ? text : text.slice(0, count * 2)
  try {
    return apply(setFromHex, part(bytes, start, start + count), [whole]).written
  } catch {
    return hexWriteSlowly(bytes, whole, start)
  }
}

/** @param {Uint8Array} bytes @param {string} text @param {number} start */
function hexWriteSlowly (bytes, text, start) {
  let at = start
  for (let i = 0; i < text.length; i += 2) {
    const high = hexDigit(text.charCodeAt(i))
    const low = hexDigit(text.charCodeAt(i + 1))
    if (high < 0 || low < 0) break
    bytes[at++] = high << 4 | low
  }
  return at - start
}

/** @param {number} unit */
function hexDigit (unit) {
  const code = unit & 0xff // Node looks at one byte of each character
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

const URL_LETTERS = /[-_]/

/** Takes either alphabet, whatever is between, and no padding; ends at the first `=`. @type {Write} */
export function base64Write (bytes, text, start, room) {
  if (room * 4 >= text.length * 3) {
    try {
      return apply(setFromBase64, part(bytes, start, start + room), [text, { __proto__: null, alphabet: URL_LETTERS.test(text) ? 'base64url' : 'base64' }]).written
    } catch {
      // not as the standard has it
    }
  }
  return base64WriteSlowly(bytes, text, start, start + room)
}

/** @param {Uint8Array} bytes @param {string} text @param {number} start @param {number} end */
function base64WriteSlowly (bytes, text, start, end) {
  let at = start
  let bits = 0
  let count = 0
  for (let i = 0; i < text.length && at < end; i++) {
    const code = text.charCodeAt(i) & 0xff
    if (code === 0x3d) break
    const value = base64Digit(code)
    if (value < 0) continue
    bits = bits << 6 | value
    count += 6
    if (count < 8) continue
    count -= 8
    bytes[at++] = bits >> count
    bits &= (1 << count) - 1
  }
  return at - start
}

/** @param {number} code */
function base64Digit (code) {
  if (code >= 0x41 && code <= 0x5a) return code - 0x41
  if (code >= 0x61 && code <= 0x7a) return code - 0x47
  if (code >= 0x30 && code <= 0x39) return code + 4
  if (code === 0x2b || code === 0x2d) return 62
  return code === 0x2f || code === 0x5f ? 63 : -1
}
