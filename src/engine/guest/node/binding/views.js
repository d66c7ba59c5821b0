// @ts-check
import { buildFailure } from './failure.js'

/** The bytes of a view, of whatever kind, where they are; none where its memory was given away. @param {ArrayBufferView} view @returns {Uint8Array} */
export function bytesOf (view) {
  if (!ArrayBuffer.isView(view)) throw buildFailure(/** @type {any} */ (TypeError), 'ERR_INVALID_ARG_TYPE', 'argument must be a buffer')
  return isDetached(view.buffer) ? new Uint8Array() : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** @param {ArrayBuffer | ArrayBufferView} source @returns {Uint8Array} */
export function bytesOfAny (source) {
  if (ArrayBuffer.isView(source)) return bytesOf(source)
  return isDetached(source) ? new Uint8Array() : new Uint8Array(source)
}

/** @param {any} buffer the types do not know of it yet */
const isDetached = (buffer) => buffer.byteLength === 0 && buffer.detached

/** An index as C++ reads it. @param {unknown} value @param {number} missing */
export function toIndex (value, missing) {
  if (value === undefined) return missing
  const index = Math.trunc(+/** @type {any} */ (value)) || 0
  if (index < 0) throw buildFailure(/** @type {any} */ (RangeError), 'ERR_OUT_OF_RANGE', 'Index out of range')
  return index
}
