// @ts-check
import { TypeErrorConstructor, safe, stringSlice, uint8ArrayFromBase64, uint8ArrayToBase64 } from '../intrinsics.js'
import { toBufferSource, viewBytes } from '../bytes.js'
import { QuotaExceededError } from './dom-exception.js'
import { askNative } from '../natives.js'
import { buildWords, requireArguments, shapeInterface, toWord } from '../webidl.js'
import { createTransform } from './streams.js'

/** Source: https://compression.spec.whatwg.org/#supported-formats */
const FORMATS = buildWords(['deflate', 'deflate-raw', 'gzip'])
/** What the native takes at a time, in characters of Base64: whole groups of four. */
const SLICE_CHARS = 349_524
/** What a piece of the native's begins with when there is another. */
const MORE = 'm'

/** Source: https://compression.spec.whatwg.org/#compression-stream */
export class CompressionStream {
  #transform

  /** @param {unknown} format */
  constructor (format) {
    requireArguments(arguments.length, 1, 'CompressionStream')
    this.#transform = createCoder(true, toWord(format, FORMATS, 'Format'))
  }

  get readable () { return this.#transform.readable }
  get writable () { return this.#transform.writable }
}
shapeInterface(CompressionStream, 'CompressionStream', ['readable', 'writable'])

/** Source: https://compression.spec.whatwg.org/#decompression-stream */
export class DecompressionStream {
  #transform

  /** @param {unknown} format */
  constructor (format) {
    requireArguments(arguments.length, 1, 'DecompressionStream')
    this.#transform = createCoder(false, toWord(format, FORMATS, 'Format'))
  }

  get readable () { return this.#transform.readable }
  get writable () { return this.#transform.writable }
}
shapeInterface(DecompressionStream, 'DecompressionStream', ['readable', 'writable'])

/** @param {boolean} isCompressor @param {string} format */
function createCoder (isCompressor, format) {
  const coder = new Coder(isCompressor, format)
  return createTransform({
    transform: (chunk, enqueue, room) => coder.code(viewBytes(toBufferSource(chunk, 'The chunk')), enqueue, room),
    flush: (enqueue, room) => coder.finish(enqueue, room),
    cancel: () => coder.close(),
  })
}

/**
 * The stream of the native that does the work, which is opened when there is something to do. Pieces are made as readers take them: what a few bytes
 * can be blown up to is never there all at once.
 * @typedef {import('./streams.js').Enqueue} Enqueue
 * @typedef {import('./streams.js').Room} Room
 */
class Coder {
  #isCompressor
  #format
  /** That of the native; 0 before it is opened, -1 after it is closed. */
  #id = 0

  /** @param {boolean} isCompressor @param {string} format */
  constructor (isCompressor, format) {
    this.#isCompressor = isCompressor
    this.#format = format
  }

  /** @param {Uint8Array} bytes @param {Enqueue} enqueue @param {Room} room */
  async code (bytes, enqueue, room) {
    const text = uint8ArrayToBase64(bytes)
    for (let from = 0; from < text.length && this.#id >= 0; from += SLICE_CHARS) {
      await safe(this.#pass('write', stringSlice(text, from, from + SLICE_CHARS), enqueue, room))
    }
  }

  /** @param {Enqueue} enqueue @param {Room} room */
  async finish (enqueue, room) {
    await safe(this.#pass('finish', '', enqueue, room))
    this.#id = -1
  }

  close () {
    if (this.#id > 0) ask('close', `{"id":${this.#id}}`, '')
    this.#id = -1
  }

  /** @param {string} method @param {string} bytes Base64 @param {Enqueue} enqueue @param {Room} room */
  async #pass (method, bytes, enqueue, room) {
    let hasMore = this.#take(method, bytes, enqueue)
    while (hasMore) {
      await safe(room())
      if (this.#id < 0) return
      hasMore = this.#take('more', '', enqueue)
    }
  }

  /** Hands on one piece; answers whether there is another. @param {string} method @param {string} bytes @param {Enqueue} enqueue */
  #take (method, bytes, enqueue) {
    if (this.#id === 0) this.#id = +ask('open', `{"isCompressor":${this.#isCompressor},"format":"${this.#format}"}`, '')
    const piece = ask(method, `{"id":${this.#id}}`, bytes)
    if (piece.length > 1) enqueue(uint8ArrayFromBase64(stringSlice(piece, 1)))
    return piece[0] === MORE
  }
}

/** @param {string} method @param {string} args @param {string} bytes */
function ask (method, args, bytes) {
  try {
    return askNative('platform:compression', method, args, bytes).text
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error)
    throw name === 'QuotaExceededError' ? new QuotaExceededError(message) : new TypeErrorConstructor(message)
  }
}
