// @ts-check
import { typedArrayByteLength } from './intrinsics.js'

/** Source: INSPECT_MAX_BYTES of `node:buffer`. */
const BYTES_MAX = 50
const DIGITS = '0123456789abcdef'

/** Writes a Buffer as Node does, in a form in which secrets are looked for. @param {Uint8Array} buffer */
export function inspectBuffer (buffer) {
  const length = typedArrayByteLength(buffer)
  let text = '<Buffer'
  for (let i = 0; i < length && i < BYTES_MAX; i++) {
    const byte = /** @type {number} */ (buffer[i])
    text += ` ${DIGITS[byte >> 4]}${DIGITS[byte & 15]}`
  }
  const left = length - BYTES_MAX
  return left > 0 ? `${text} ... ${left} more byte${left > 1 ? 's' : ''}>` : `${text}${length === 0 ? ' ' : ''}>`
}
