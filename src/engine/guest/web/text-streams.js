// @ts-check
import { stringCharCodeAt, stringSlice } from '../intrinsics.js'
import { toBufferSource, viewBytes } from '../bytes.js'
import { shapeInterface, toDictionary, toText } from '../webidl.js'
import { createDecoder, findName } from './encoding.js'
import { createTransform } from './streams.js'
import { encodeBytes } from './utf8.js'

/** Source: https://encoding.spec.whatwg.org/#interface-textencoderstream */
export class TextEncoderStream {
  #transform = createEncoder()

  get encoding () { return this.#transform && 'utf-8' }
  get readable () { return this.#transform.readable }
  get writable () { return this.#transform.writable }
}
shapeInterface(TextEncoderStream, 'TextEncoderStream', ['encoding', 'readable', 'writable'])

/** The first half of a pair may be in one chunk, and the second in the next. */
function createEncoder () {
  let half = ''
  return createTransform({
    transform (chunk, enqueue) {
      const text = half + toText(chunk)
      const last = text === '' ? 0 : stringCharCodeAt(text, text.length - 1)
      half = last >= 0xd800 && last <= 0xdbff ? stringSlice(text, -1) : ''
      const whole = half === '' ? text : stringSlice(text, 0, -1)
      if (whole !== '') enqueue(encodeBytes(whole))
    },
    flush (enqueue) {
      if (half !== '') enqueue(encodeBytes(half))
    },
  })
}

/** Source: https://encoding.spec.whatwg.org/#interface-textdecoderstream */
export class TextDecoderStream {
  #encoding
  #isFatal
  #keepsMark
  #transform

  /** @param {unknown} [label] @param {unknown} [init] */
  constructor (label = 'utf-8', init = undefined) {
    const text = toText(label)
    const options = toDictionary(init, 'The options of a decoder')
    this.#isFatal = !!options['fatal']
    this.#keepsMark = !!options['ignoreBOM']
    this.#encoding = findName(text)
    const decoder = createDecoder(this.#encoding, this.#isFatal, this.#keepsMark)
    this.#transform = createTransform({
      transform (chunk, enqueue) {
        const decoded = decoder.decode(viewBytes(toBufferSource(chunk, 'What is to be decoded')), false)
        if (decoded !== '') enqueue(decoded)
      },
      flush (enqueue) {
        const rest = decoder.decode(encodeBytes(''), true)
        if (rest !== '') enqueue(rest)
      },
    })
  }

  get encoding () { return this.#encoding }
  get fatal () { return this.#isFatal }
  get ignoreBOM () { return this.#keepsMark }
  get readable () { return this.#transform.readable }
  get writable () { return this.#transform.writable }
}
shapeInterface(TextDecoderStream, 'TextDecoderStream', ['encoding', 'fatal', 'ignoreBOM', 'readable', 'writable'])
