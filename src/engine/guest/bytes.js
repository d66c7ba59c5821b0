// @ts-check
import {
  ArrayBufferConstructor, ArrayBufferIsView, TypeErrorConstructor, Uint8ArrayConstructor, arrayBufferByteLength, arrayBufferIsDetached,
  dataViewBuffer, dataViewByteLength, dataViewByteOffset, stringCharCodeAt, stringFromCharCode, typedArrayBuffer, typedArrayByteLength,
  typedArrayByteOffset, typedArrayKind,
} from './intrinsics.js'

// Bytes cross to the host as strings with one character for each: nothing but primitives crosses.

/** @typedef {ArrayBuffer | ArrayBufferView} BufferSource */

/** @param {unknown} value @returns {value is ArrayBuffer} */
function isArrayBuffer (value) {
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

/** Elements of a typed array are its own: reading those that exist asks no prototype. @param {any} bytes a Uint8Array */
export function bytesToText (bytes) {
  const length = typedArrayByteLength(bytes)
  const whole = length - length % 8
  let text = ''
  let i = 0
  for (; i < whole; i += 8) { // eight at a time: three times as fast as one
    text += stringFromCharCode(bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3], bytes[i + 4], bytes[i + 5], bytes[i + 6], bytes[i + 7])
  }
  for (; i < length; i++) text += stringFromCharCode(bytes[i])
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
