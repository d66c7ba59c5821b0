// @ts-check
import { UnitDecoder } from './utf8.js'

/** What bytes from 0x80 to 0x9f stand for; every other stands for itself. Source: https://encoding.spec.whatwg.org/index-windows-1252.txt */
const UPPER = [
  0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
  0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
]

/** windows-1252, which the standard has for what calls itself Latin 1 or ASCII, too: no byte is wrong. */
export class Latin1Decoder extends UnitDecoder {
  /** @override @param {Uint8Array} bytes @param {number} from @param {number} to @param {Uint16Array} units */
  decodeBlock (bytes, from, to, units) {
    let count = 0
    for (let i = from; i < to; i++) {
      const byte = /** @type {number} */ (bytes[i])
      units[count++] = byte >= 0x80 && byte <= 0x9f ? /** @type {number} */ (UPPER[byte - 0x80]) : byte
    }
    return count
  }
}
