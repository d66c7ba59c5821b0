// @ts-check
import {
  RangeErrorConstructor, TypeErrorConstructor, regExpExec, stringCharCodeAt, stringSlice, stringToLowerCase, typedArrayByteLength, typedArrayKind,
} from '../../../engine/guest/intrinsics.js'
import { bytesToText, fillBytes, toBufferSource, viewBytes } from '../../../engine/guest/bytes.js'
import { buildWords, requireArguments, shapeInterface, toDictionary, toScalarText, toText } from '../../../engine/guest/webidl.js'
import { Utf8Decoder, encodeBytes, encodeUtf8 } from './utf8.js'

const LABELS = buildWords(['unicode-1-1-utf-8', 'unicode11utf8', 'unicode20utf8', 'utf-8', 'utf8', 'x-unicode20utf8'])
const LABEL = /[^\t\n\f\r ](?:.*[^\t\n\f\r ])?/s

/** Source: https://encoding.spec.whatwg.org/#interface-textencoder */
export class TextEncoder {
  #encoding = 'utf-8'

  get encoding () { return this.#encoding }

  /** @param {unknown} [input] */
  encode (input = '') {
    this.#check()
    return encodeBytes(toText(input))
  }

  /** @param {unknown} source @param {unknown} destination */
  encodeInto (source, destination) {
    this.#check()
    requireArguments(arguments.length, 2, 'TextEncoder.encodeInto')
    const text = toScalarText(source)
    if (typedArrayKind(destination) !== 'Uint8Array') throw new TypeErrorConstructor('Cannot encode text: the destination is not a Uint8Array')
    const room = viewBytes(/** @type {Uint8Array} */ (destination))
    const { read, written } = measure(text, typedArrayByteLength(room))
    fillBytes(room, encodeUtf8(stringSlice(text, 0, read)))
    return { read, written }
  }

  #check () { return this.#encoding }
}
shapeInterface(TextEncoder, 'TextEncoder', ['encoding', 'encode', 'encodeInto'])

/** How much of a text fits into so many bytes, by whole characters. @param {string} text without lone surrogates @param {number} room */
function measure (text, room) {
  let read = 0
  let written = 0
  while (read < text.length) {
    const unit = stringCharCodeAt(text, read)
    const isPair = unit >= 0xd800 && unit <= 0xdfff
    const bytes = isPair ? 4 : unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3
    if (written + bytes > room) break
    written += bytes
    read += isPair ? 2 : 1
  }
  return { read, written }
}

/** UTF-8 only: of another encoding it says that it does not know it. Source: https://encoding.spec.whatwg.org/#interface-textdecoder */
export class TextDecoder {
  #isFatal
  #ignoresMark
  #decoder

  /** @param {unknown} [label] @param {unknown} [init] */
  constructor (label = 'utf-8', init = undefined) {
    const text = toText(label)
    const options = toDictionary(init, 'The options of a decoder')
    this.#isFatal = !!options['fatal']
    this.#ignoresMark = !!options['ignoreBOM']
    const found = regExpExec(LABEL, text)
    if (found === null || !(stringToLowerCase(found[0]) in LABELS)) throw new RangeErrorConstructor(`Cannot make TextDecoder: encoding "${text}" is not known`)
    this.#decoder = new Utf8Decoder(this.#isFatal, this.#ignoresMark)
  }

  get encoding () { return this.#decoder && 'utf-8' }
  get fatal () { return this.#isFatal }
  get ignoreBOM () { return this.#ignoresMark }

  /** @param {unknown} [input] @param {unknown} [options] */
  decode (input = undefined, options = undefined) {
    const decoder = this.#decoder
    const source = input === undefined ? undefined : toBufferSource(input, 'What is to be decoded')
    const isLast = !toDictionary(options, 'The options of decode')['stream']
    return decoder.decode(source === undefined ? '' : bytesToText(viewBytes(source)), isLast)
  }
}
shapeInterface(TextDecoder, 'TextDecoder', ['encoding', 'fatal', 'ignoreBOM', 'decode'])
