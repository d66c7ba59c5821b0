// @ts-check
import { UnitDecoder } from './utf8.js'

/** Source: https://encoding.spec.whatwg.org/#shared-utf-16-decoder */
export class Utf16Decoder extends UnitDecoder {
  #isBig
  /** The first byte of a code unit whose second one is not there; -1 for none. */
  #byte = -1
  /** The first half of a surrogate pair whose second one is not there; -1 for none. */
  #half = -1

  /** @param {boolean} isBig the first byte of two is the greater @param {boolean} isFatal @param {boolean} keepsMark */
  constructor (isBig, isFatal, keepsMark) {
    super(isFatal, keepsMark)
    this.#isBig = isBig
  }

  /** @override */
  get isUnfinished () { return this.#byte >= 0 || this.#half >= 0 }

  /** @override */
  reset () {
    this.#byte = -1
    this.#half = -1
  }

  /** @override @param {Uint8Array} bytes @param {number} from @param {number} to @param {Uint16Array} units */
  decodeBlock (bytes, from, to, units) {
    const isBig = this.#isBig
    let first = this.#byte
    let half = this.#half
    let count = 0
    for (let i = from; i < to; i++) {
      const byte = /** @type {number} */ (bytes[i])
      if (first < 0) {
        first = byte
        continue
      }
      const unit = isBig ? first << 8 | byte : byte << 8 | first
      const isHigh = unit >= 0xd800 && unit <= 0xdbff
      const isLow = unit >= 0xdc00 && unit <= 0xdfff
      first = -1
      if (half >= 0 && !isLow) units[count++] = this.wrong()
      if (isHigh) {
        half = unit
        continue
      }
      if (isLow && half >= 0) units[count++] = half
      units[count++] = isLow && half < 0 ? this.wrong() : unit
      half = -1
    }
    this.#byte = first
    this.#half = half
    return count
  }
}
