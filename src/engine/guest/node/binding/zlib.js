// @ts-check
import { zlibConstants as constants } from 'node-library:facts'
import { uint8ArrayFromBase64, uint8ArrayToBase64 } from '../../intrinsics.js'
import { askNative } from '../../natives.js'
import { queueTick } from '../../web/node-library.js'
import { bytesOf, encode } from './buffer.js'

// What Node's `zlib` gets from C++ (node_zlib.cc), by a native of the platform.

const NATIVE = 'platform:zlib'
/** What the native takes at a time, and what it makes. */
const INPUT_BYTES = 65_536
const OUTPUT_BYTES = 131_072
/** By their numbers. */
const KINDS = ['', 'deflate', 'inflate', 'gzip', 'gunzip', 'deflateRaw', 'inflateRaw', 'unzip']
const NO_FLUSH = 0
const UTF8 = 1

/** @param {string} method @param {Record<string, unknown>} args @param {Uint8Array} [bytes] @returns {any} */
const ask = (method, args, bytes) => JSON.parse(askNative(NATIVE, method, JSON.stringify(args), bytes === undefined ? '' : uint8ArrayToBase64(bytes)).text)

class Zlib {
  #kind
  #id = 0
  /** Room that is left in the output, and bytes that are left of the input. @type {Uint32Array} */
  #state = new Uint32Array(2)
  /** @type {Function} */
  #callback = () => {}
  /** @type {Record<string, unknown>} */
  #options = {}
  /** @type {Uint8Array | undefined} */
  #dictionary
  /** @type {(message: string, errno: number, code: string) => void} */
  onerror = () => {}

  /** @param {number} mode */
  constructor (mode) {
    this.#kind = KINDS[mode]
  }

  /** @param {number} windowBits @param {number} level @param {number} memLevel @param {number} strategy @param {Uint32Array} state @param {Function} callback @param {ArrayBufferView} [dictionary] */
  init (windowBits, level, memLevel, strategy, state, callback, dictionary) {
    this.#options = { windowBits, level: level + 1, memLevel, strategy }
    this.#state = state
    this.#callback = callback
    this.#dictionary = dictionary && bytesOf(dictionary)
  }

  /** @param {number} flush @param {Uint8Array | null} input @param {number} from @param {number} length @param {Uint8Array} output @param {number} outputFrom @param {number} room */
  writeSync (flush, input, from, length, output, outputFrom, room) {
    this.#tell(this.#work(flush, { input, from, length, output, outputFrom, room }))
  }

  /** Tells in a turn of its own. @param {number} flush @param {Uint8Array | null} input @param {number} from @param {number} length @param {Uint8Array} output @param {number} outputFrom @param {number} room */
  write (flush, input, from, length, output, outputFrom, room) {
    const end = this.#work(flush, { input, from, length, output, outputFrom, room })
    queueTick(() => {
      if (this.#tell(end)) this.#callback()
    }, [])
  }

  /** @param {number} level @param {number} strategy */
  params (level, strategy) {
    this.#open()
    this.#tell(ask('params', { id: this.#id, level: level + 1, strategy }) ?? {})
  }

  reset () {
    if (this.#id > 0) this.#tell(ask('reset', { id: this.#id }) ?? {})
  }

  close () {
    if (this.#id > 0) ask('close', { id: this.#id })
    this.#id = -1
  }

  _setAsyncBuffer () {}

  /** When there is something to do: many are made and never used. */
  #open () {
    if (this.#id === 0) this.#id = ask('open', { kind: this.#kind, ...this.#options, hasDictionary: this.#dictionary !== undefined }, this.#dictionary)
  }

  /**
   * @typedef {{ failure?: [message: string, errno: number, code: string], room?: number, left?: number }} End
   * @param {number} flush @param {{ input: Uint8Array | null, from: number, length: number, output: Uint8Array, outputFrom: number, room: number }} what @returns {End}
   */
  #work (flush, { input, from, length, output, outputFrom, room }) {
    if (this.#id < 0) return { room, left: length }
    this.#open()
    const bytes = input === null ? new Uint8Array() : bytesOf(input)
    let [left, roomLeft, isWhole, isFull] = [length, room, true, true]
    do {
      const at = from + length - left
      const size = Math.min(left, INPUT_BYTES)
      isWhole = size === left
      const answer = ask('write', { id: this.#id, flush: isWhole ? flush : NO_FLUSH, room: Math.min(roomLeft, OUTPUT_BYTES) }, bytes.subarray(at, at + size))
      if (answer.failure !== undefined) return answer
      const made = uint8ArrayFromBase64(answer.made)
      bytesOf(output).set(made, outputFrom + room - roomLeft)
      roomLeft -= made.length
      left -= size - answer.left
      isFull = answer.isFull
      if (!isFull && answer.left > 0) break // what was compressed has ended
    } while (roomLeft > 0 && (isFull || !isWhole))
    return { room: roomLeft, left }
  }

  /** @param {End} end */
  #tell ({ failure, room, left }) {
    if (failure !== undefined) {
      this.onerror(...failure)
      return false
    }
    if (room !== undefined && left !== undefined) this.#state.set([room, left])
    return true
  }
}

/** @param {string} name */
const refuse = (name) => class {
  constructor () {
    throw Object.assign(new Error(`Cannot use ${name}: it is not available in the sandbox; use gzip or deflate`), { code: 'PERMISSION_DENIED' })
  }
}

/** Source: ISO 3309, with the polynomial of gzip. */
const TABLE = new Uint32Array(256).map((_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb8_8320 ^ (sum >>> 1) : sum >>> 1
  return sum
})

/** @param {string | ArrayBufferView} data @param {number} value */
function crc32 (data, value) {
  const bytes = typeof data === 'string' ? encode(data, UTF8) : bytesOf(data)
  let sum = ~value
  for (let i = 0; i < bytes.length; i++) sum = /** @type {number} */ (TABLE[(sum ^ /** @type {number} */ (bytes[i])) & 0xff]) ^ (sum >>> 8)
  return ~sum >>> 0
}

export const zlibConstants = constants
export const zlibBinding = {
  Zlib, crc32, BrotliEncoder: refuse('Brotli'), BrotliDecoder: refuse('Brotli'), ZstdCompress: refuse('Zstandard'), ZstdDecompress: refuse('Zstandard'),
}
