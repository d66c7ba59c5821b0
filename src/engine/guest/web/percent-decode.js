// @ts-check
import { stringCharCodeAt, stringFromCharCode, stringIndexOf, stringSlice } from '../intrinsics.js'

/** Source: https://url.spec.whatwg.org/#percent-decode @param {string} bytes */
export function decodePercent (bytes) {
  let text = ''
  let from = 0
  for (let at = stringIndexOf(bytes, '%'); at >= 0; at = stringIndexOf(bytes, '%', at + 1)) {
    const high = hexValue(stringCharCodeAt(bytes, at + 1))
    const low = hexValue(stringCharCodeAt(bytes, at + 2))
    if (high < 0 || low < 0) continue
    text += stringSlice(bytes, from, at) + stringFromCharCode(high << 4 | low)
    from = at + 3
    at += 2
  }
  return text + stringSlice(bytes, from)
}

/** Of a digit; -1 of anything else. @param {number} unit */
function hexValue (unit) {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30
  const small = unit | 0x20
  return small >= 0x61 && small <= 0x66 ? small - 0x57 : -1
}
