// @ts-check
import { Uint8ArrayConstructor, regExpExec, uint8ArrayFromBase64, uint8ArrayToBase64 } from '../intrinsics.js'
import { bytesToText, fillBytes } from '../bytes.js'
import { DOMException } from './dom-exception.js'
import { markNative } from '../native-code.js'
import { requireArguments, toText } from '../webidl.js'

const BEYOND_BYTES = /[^\0-\xff]/

// As members of an object: so they are no constructors.
export const { atob, btoa } = {
  /** Source: https://html.spec.whatwg.org/multipage/webappapis.html#dom-atob @param {unknown} data */
  atob (data) {
    requireArguments(arguments.length, 1, 'atob')
    return bytesToText(decode(toText(data)))
  },

  /** Source: https://html.spec.whatwg.org/multipage/webappapis.html#dom-btoa @param {unknown} data */
  btoa (data) {
    requireArguments(arguments.length, 1, 'btoa')
    const text = toText(data)
    if (regExpExec(BEYOND_BYTES, text) !== null) throw new DOMException('Cannot encode text: it has a character above U+00FF', 'InvalidCharacterError')
    const bytes = new Uint8ArrayConstructor(text.length)
    fillBytes(bytes, text)
    return uint8ArrayToBase64(bytes)
  },
}

markNative(atob)
markNative(btoa)

/** The language's own is exactly the forgiving one. Source: https://infra.spec.whatwg.org/#forgiving-base64-decode @param {string} text @returns {Uint8Array} */
function decode (text) {
  try {
    return uint8ArrayFromBase64(text)
  } catch {
    throw new DOMException('Cannot decode text: it is not Base64', 'InvalidCharacterError')
  }
}
