// @ts-check
import {
  ArrayBufferConstructor, ArrayBufferIsView, ReflectApply, TypeErrorConstructor, Uint8ArrayConstructor, arrayBufferByteLength, arrayBufferIsDetached,
  dataViewBuffer, dataViewByteLength, dataViewByteOffset, stringCharCodeAt, stringFromCharCode, typedArrayBuffer, typedArrayByteLength,
  typedArrayByteOffset, typedArrayKind,
} from './intrinsics.js'

// Bytes cross to the host as strings with one character for each: nothing but primitives crosses.

/** @typedef {ArrayBuffer | ArrayBufferView} BufferSource */

/** @param {unknown} value @returns {value is ArrayBuffer} */
export function isArrayBuffer (value) {
  try {
    arrayBufferByteLength(value)
    return true
  } catch {
    return false
  }
}

/** An ArrayBuffer or a view on one. @param {unknown} value @returns {value is BufferSource} */
export const isBufferSource = (value) => ArrayBufferIsView(value) || isArrayBuffer(value)

/** @param {unknown} value @param {string} what @returns {BufferSource} */
export function toBufferSource (value, what) {
  if (isBufferSource(value)) return value
  throw new TypeErrorConstructor(`${what} is neither an ArrayBuffer nor a view on one`)
}

/**
 * The bytes of a buffer or a view as they are now. Not a copy. One whose buffer was given away has none.
 * @param {BufferSource} source
 */
export function viewBytes (source) {
  if (!ArrayBufferIsView(source)) return arrayBufferIsDetached(source) ? new Uint8ArrayConstructor(0) : new Uint8ArrayConstructor(source)
  const isTyped = typedArrayKind(source) !== undefined
  const buffer = isTyped ? typedArrayBuffer(source) : dataViewBuffer(source)
  if (arrayBufferIsDetached(buffer)) return new Uint8ArrayConstructor(0)
  if (isTyped) return new Uint8ArrayConstructor(buffer, typedArrayByteOffset(source), typedArrayByteLength(source))
  return new Uint8ArrayConstructor(buffer, dataViewByteOffset(source), dataViewByteLength(source))
}

/** Characters that are made at a time: five times as fast as eight are. */
const BLOCK = 1024
/** @type {number[]} */
const block = new Array(BLOCK).fill(0) // before user code: every isolate pays for it

/** @param {Uint8Array} bytes */
export const bytesToText = (bytes) => unitsToText(bytes, typedArrayByteLength(bytes))

/**
 * Makes a text of the first elements of a typed array. They are its own, as those of the block are: reading and setting what exists asks no prototype.
 * @param {any} units @param {number} count
 */
export function unitsToText (units, count) {
  const whole = count - count % BLOCK
  let text = ''
  let i = 0
  while (i < whole) {
    for (let j = 0; j < BLOCK; j++) block[j] = units[i++]
    text += ReflectApply(stringFromCharCode, undefined, block)
  }
  for (; i + 8 <= count; i += 8) {
    text += stringFromCharCode(units[i], units[i + 1], units[i + 2], units[i + 3], units[i + 4], units[i + 5], units[i + 6], units[i + 7])
  }
  for (; i < count; i++) text += stringFromCharCode(units[i])
  return text
}

/** @param {Uint8Array} bytes as many as the text has characters @param {string} text */
export function fillBytes (bytes, text) {
  for (let i = 0; i < text.length; i++) bytes[i] = stringCharCodeAt(text, i)
}

/** @param {string} text @returns {ArrayBuffer} */
export function textToBuffer (text) {
  const buffer = new ArrayBufferConstructor(text.length)
  fillBytes(new Uint8ArrayConstructor(buffer), text)
  return buffer
}
