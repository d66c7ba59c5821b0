// @ts-check
import { TypeErrorConstructor, Uint16ArrayConstructor, stringCharCodeAt, stringFromCharCode, stringSlice, typedArrayByteLength } from '../intrinsics.js'
import { unitsToText } from '../bytes.js'

/** Bytes that are decoded at a time. */
const BLOCK = 16_384
/** Code units that one byte may end: those of a character that it completes, or of one that is wrong and of itself. */
const MORE = 8
/** The byte order mark. */
export const MARK = 0xfeff
/** What stands for what cannot be decoded. */
const REPLACEMENT = 0xfffd
/** Where code units are put together: no code of the user's runs meanwhile. */
const units = new Uint16ArrayConstructor(BLOCK + MORE)

/** Decodes bytes to code units as they come. Source: https://encoding.spec.whatwg.org/#dom-textdecoder-decode */
export class UnitDecoder {
  isFatal
  #keepsMark
  /** A byte order mark may still come. */
  #isFirst = true

  /** @param {boolean} isFatal throws a TypeError for what cannot be decoded @param {boolean} keepsMark keeps a byte order mark */
  constructor (isFatal, keepsMark) {
    this.isFatal = isFatal
    this.#keepsMark = keepsMark
  }

  /** @param {Uint8Array} bytes @param {boolean} isLast nothing of it follows: an unfinished character is wrong, and the next bytes begin anew */
  decode (bytes, isLast) {
    try {
      return this.#decodeAll(bytes) + (isLast && this.isUnfinished ? stringFromCharCode(this.wrong()) : '')
    } finally {
      if (isLast) {
        this.reset()
        this.#isFirst = true
      }
    }
  }

  /** What stands for what is wrong. */
  wrong () {
    this.reset()
    if (!this.isFatal) return REPLACEMENT
    throw new TypeErrorConstructor('Cannot decode text: the bytes are not of the encoding')
  }

  /** The bytes of a character are not all there. */
  get isUnfinished () { return false }

  /** Forgets the bytes of an unfinished character. */
  reset () {}

  /** Answers how many code units there are. @param {Uint8Array} _bytes @param {number} _from @param {number} _to @param {Uint16Array} _units */
  decodeBlock (_bytes, _from, _to, _units) { return 0 }

  /** Decodes the next bytes; answers up to where. @param {Uint8Array} bytes @param {number} from @param {number} length */
  decodePart (bytes, from, length) {
    const end = from + BLOCK < length ? from + BLOCK : length
    return { text: unitsToText(units, this.decodeBlock(bytes, from, end, units)), end }
  }

  /** @param {Uint8Array} bytes */
  #decodeAll (bytes) {
    const length = typedArrayByteLength(bytes)
    let whole = ''
    for (let from = 0; from < length;) {
      const { text, end } = this.decodePart(bytes, from, length)
      whole += this.#withoutMark(text)
      from = end
    }
    return whole
  }

  /** @param {string} text */
  #withoutMark (text) {
    if (!this.#isFirst || text === '') return text
    this.#isFirst = false
    return !this.#keepsMark && stringCharCodeAt(text, 0) === MARK ? stringSlice(text, 1) : text
  }
}
