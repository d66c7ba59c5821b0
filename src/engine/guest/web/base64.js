// @ts-check
import { Uint8ArrayConstructor, regExpExec, uint8ArrayFromBase64, uint8ArrayToBase64 } from '../intrinsics.js'
import { bytesToText, fillBytes } from '../bytes.js'
import { DOMException } from './dom-exception.js'
import { markNative } from '../native-code.js'
import { useUnit } from '../units.js'
import { toText } from '../webidl.js'

const BEYOND_BYTES = /[^\0-\xff]/
const STRANGE = /[^A-Za-z0-9+/=\t\n\f\r ]/

// As members of an object: so they are no constructors. Errors are in the words of Node.
export const { atob, btoa } = {
  /** Source: https://html.spec.whatwg.org/multipage/webappapis.html#dom-atob @param {unknown} data */
  atob (data) {
    requireInput(arguments.length)
    return bytesToText(decode(toText(data)))
  },

  /** Source: https://html.spec.whatwg.org/multipage/webappapis.html#dom-btoa @param {unknown} data */
  btoa (data) {
    requireInput(arguments.length)
    const text = toText(data)
    if (regExpExec(BEYOND_BYTES, text) !== null) throw new DOMException('Invalid character', 'InvalidCharacterError')
    const bytes = new Uint8ArrayConstructor(text.length)
    fillBytes(bytes, text)
    return uint8ArrayToBase64(bytes)
  },
}

markNative(atob)
markNative(btoa)

/** @param {number} count */
function requireInput (count) {
  if (count === 0) throw useUnit('node-errors').buildMissing('input')
}

/** The language's own is exactly the forgiving one. Source: https://infra.spec.whatwg.org/#forgiving-base64-decode @param {string} text @returns {Uint8Array} */
function decode (text) {
  try {
    return uint8ArrayFromBase64(text)
  } catch {
    throw new DOMException(leavesOne(text) ? 'The string to be decoded is not correctly encoded.' : 'Invalid character', 'InvalidCharacterError')
  }
}

/** Whether one character is left when the others are taken in fours: Node calls that wrong in another way. @param {string} text */
function leavesOne (text) {
  if (regExpExec(STRANGE, text) !== null) return false
  let digits = 0
  let pads = 0
  for (let i = 0; i < text.length; i++) {
    const character = /** @type {string} */ (text[i])
    if (character <= ' ') continue
    if (character === '=') pads++
    else if (pads > 0) return false
    else digits++
  }
  return pads <= 2 && digits % 4 === 1
}
