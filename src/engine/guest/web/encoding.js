// @ts-check
import {
  ObjectCreate, RangeErrorConstructor, TypeErrorConstructor, defineValue, regExpExec, stringCharCodeAt, stringSlice, stringToLowerCase, typedArrayByteLength,
  typedArrayKind, typedArraySet,
} from '../intrinsics.js'
import { toBufferSource, viewBytes } from '../bytes.js'
import { link } from '../units.js'
import { requireArguments, shapeInterface, toDictionary, toScalarText, toText } from '../webidl.js'
import { Latin1Decoder } from './latin1-decoder.js'
import { Utf16Decoder } from './utf16-decoder.js'
import { Utf8Decoder, encodeBytes } from './utf8.js'

/** Labels of the encodings that are always here. Source: https://encoding.spec.whatwg.org/#names-and-labels @type {Record<string, string>} */
const LABELS = ObjectCreate(null)
name('utf-8', ['unicode-1-1-utf-8', 'unicode11utf8', 'unicode20utf8', 'utf-8', 'utf8', 'x-unicode20utf8'])
name('utf-16le', ['csunicode', 'iso-10646-ucs-2', 'ucs-2', 'unicode', 'unicodefeff', 'utf-16', 'utf-16le'])
name('utf-16be', ['unicodefffe', 'utf-16be'])
name('windows-1252', [
  'ansi_x3.4-1968', 'ascii', 'cp1252', 'cp819', 'csisolatin1', 'ibm819', 'iso-8859-1', 'iso-ir-100', 'iso8859-1', 'iso88591', 'iso_8859-1',
  'iso_8859-1:1987', 'l1', 'latin1', 'us-ascii', 'windows-1252', 'x-cp1252',
])
const LABEL = /[^\t\n\f\r ](?:.*[^\t\n\f\r ])?/s

/** @param {string} encoding @param {string[]} labels */
function name (encoding, labels) {
  for (let i = 0; i < labels.length; i++) LABELS[/** @type {string} */ (labels[i])] = encoding
}

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
    typedArraySet(room, encodeBytes(stringSlice(text, 0, read)))
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

/** Source: https://encoding.spec.whatwg.org/#interface-textdecoder */
export class TextDecoder {
  #encoding
  #isFatal
  #keepsMark
  #decoder

  /** @param {unknown} [label] @param {unknown} [init] */
  constructor (label = 'utf-8', init = undefined) {
    const text = toText(label)
    const options = toDictionary(init, 'The options of a decoder')
    this.#isFatal = !!options['fatal']
    this.#keepsMark = !!options['ignoreBOM']
    this.#encoding = findName(text)
    this.#decoder = createDecoder(this.#encoding, this.#isFatal, this.#keepsMark)
  }

  get encoding () { return this.#encoding }
  get fatal () { return this.#isFatal }
  get ignoreBOM () { return this.#keepsMark }

  /** @param {unknown} [input] @param {unknown} [options] */
  decode (input = undefined, options = undefined) {
    const decoder = this.#decoder
    const source = input === undefined ? undefined : toBufferSource(input, 'What is to be decoded')
    const isLast = !toDictionary(options, 'The options of decode')['stream']
    try {
      return decoder.decode(viewBytes(source ?? NOTHING), isLast)
    } catch (error) {
      throw this.#isFatal ? withCode(new TypeErrorConstructor(`The encoded data was not valid for encoding ${this.#encoding}`), 'ERR_ENCODING_INVALID_ENCODED_DATA') : error
    }
  }
}
shapeInterface(TextDecoder, 'TextDecoder', ['encoding', 'fatal', 'ignoreBOM', 'decode'])

const NOTHING = encodeBytes('')

/** The encoding that has this label. Throws a RangeError for none that there is. @param {string} label */
export function findName (label) {
  const found = regExpExec(LABEL, label)
  const wanted = found === null ? '' : stringToLowerCase(found[0])
  const known = LABELS[wanted] ?? (wanted === '' ? null : link('legacy-encodings').findEncoding(wanted))
  if (known === null) throw withCode(new RangeErrorConstructor(`The "${label}" encoding is not supported`), 'ERR_ENCODING_NOT_SUPPORTED')
  return /** @type {string} */ (known)
}

/** Node's errors have codes, which code that was written for it looks at. @param {Error} error @param {string} code */
function withCode (error, code) {
  defineValue(error, 'code', code)
  return error
}

/**
 * Decodes bytes as they come; after the last ones, others begin anew.
 * @param {string} encoding as `encoding` of a TextDecoder has it @param {boolean} isFatal @param {boolean} keepsMark
 * @returns {{ decode: (bytes: Uint8Array, isLast: boolean) => string }}
 */
export function createDecoder (encoding, isFatal, keepsMark) {
  if (encoding === 'utf-8') return new Utf8Decoder(isFatal, keepsMark)
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return new Utf16Decoder(encoding === 'utf-16be', isFatal, keepsMark)
  if (encoding === 'windows-1252') return new Latin1Decoder(isFatal, keepsMark)
  return link('legacy-encodings').createLegacyDecoder(encoding, isFatal)
}

/** What most code does with it. */
export function rehearse () {
  new TextDecoder().decode(new TextEncoder().encode('ä'))
}
