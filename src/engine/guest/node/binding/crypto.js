// @ts-check
import { cryptoConstants as constants, cryptoHashes } from 'node-library:facts'
import { bytesToText, fillBytes } from '../../bytes.js'
import { askNative } from '../../natives.js'
import { toBuffer, toEncodingNumber } from '../../web/node-library.js'
import { buildFailure, bytesOfAny, encode } from './buffer.js'

// What Node's `crypto` gets from C++, by the native of the tool of that name.

/** Bytes that one call of the native may bring; 0 until it was asked. */
let callBytes = 0

/**
 * @param {string} method @param {Record<string, unknown>} args @param {string} [bytes]
 * @returns {{ id?: number, bytes: string }}
 */
function ask (method, args, bytes = '') {
  const answer = askNative('crypto', method, JSON.stringify(args), bytes)
  const { error, id } = JSON.parse(answer.text) ?? {}
  if (error !== undefined) throw revive(error)
  return { id, bytes: answer.bytes }
}

/** An error of Node's own, from the other side. @param {{ name: string, message: string, code?: string, library?: string, reason?: string }} described */
function revive ({ name, message, ...more }) {
  const Kind = name === 'TypeError' ? TypeError : name === 'RangeError' ? RangeError : Error
  return Object.assign(new Kind(message), more)
}

/** Throws unless the run has the tool. */
function readBounds () {
  if (callBytes > 0) return callBytes
  if (!Object.hasOwn(globalThis, 'crypto')) {
    throw buildFailure(/** @type {any} */ (Error), 'PERMISSION_DENIED', 'Cannot use node:crypto: the job has not asked for the tool "crypto"; name it in its "tools"')
  }
  callBytes = JSON.parse(askNative('crypto', 'bounds', '{}').text).bytes
  return callBytes
}

/** @param {unknown} data @param {unknown} [encoding] */
function textOf (data, encoding) {
  return bytesToText(typeof data === 'string' ? encode(data, toEncodingNumber(encoding)) : bytesOfAny(/** @type {any} */ (data)))
}

/** @param {string} text one character a byte @param {unknown} encoding */
function give (text, encoding) {
  const bytes = new Uint8Array(text.length)
  fillBytes(bytes, text)
  const buffer = toBuffer(bytes)
  return typeof encoding === 'string' && buffer.constructor.isEncoding(encoding) ? buffer.toString(encoding) : buffer
}

/** A digest that is under way: short ones are kept here and made in one call. */
class Digest {
  /** @type {Record<string, unknown>} */
  #begin = {}
  #key = ''
  #pending = ''
  #id = 0

  /** @param {Record<string, unknown>} begin @param {string} [key] */
  _begin (begin, key) {
    const most = readBounds()
    this.#begin = begin
    if (key === undefined) return
    if (key.length > most) throw new RangeError(`Cannot make HMAC: the key has ${key.length} bytes, allowed are ${most}`)
    this.#key = key
    this.#begin.key = { at: 0, size: key.length }
  }

  /** Finds out whether there is such a digest. */
  _check () {
    this.#ask('hash', '')
  }

  /** @param {unknown} data @param {unknown} encoding */
  update (data, encoding) {
    this.#pending += textOf(data, encoding)
    while (this.#pending.length > callBytes) this.#hand(callBytes)
    return true
  }

  /** @param {unknown} [encoding] */
  digest (encoding) {
    if (this.#id === 0) return give(this.#ask('hash', this.#pending).bytes, encoding)
    if (this.#pending !== '') this.#hand(this.#pending.length)
    return give(ask('hashDigest', { id: this.#id }).bytes, encoding)
  }

  /** @param {Digest} other @param {Record<string, unknown>} more */
  _copy (other, more) {
    this.#begin = { ...other.#begin, ...more }
    this.#key = other.#key
    this.#pending = other.#pending
    if (other.#id !== 0) this.#id = /** @type {number} */ (ask('hashCopy', { ...more, id: other.#id }).id)
  }

  /** @param {number} size */
  #hand (size) {
    if (this.#id === 0) this.#id = /** @type {number} */ (ask('hashOpen', this.#begin, this.#key).id)
    ask('hashUpdate', { id: this.#id, data: { at: 0, size } }, this.#pending.slice(0, size))
    this.#pending = this.#pending.slice(size)
  }

  /** @param {string} method @param {string} data */
  #ask (method, data) {
    return ask(method, { ...this.#begin, data: { at: this.#key.length, size: data.length } }, this.#key + data)
  }
}

const known = new Set(cryptoHashes)

class Hash extends Digest {
  /** @param {string | Hash} algorithm @param {number} [outputLength] */
  constructor (algorithm, outputLength) {
    super()
    const more = outputLength === undefined ? {} : { outputLength }
    if (algorithm instanceof Hash) {
      this._copy(algorithm, more)
      return
    }
    this._begin({ algorithm, ...more })
    if (outputLength !== undefined || !known.has(algorithm)) this._check()
  }
}

class Hmac extends Digest {
  /** @param {string} algorithm @param {ArrayBuffer | ArrayBufferView} key */
  init (algorithm, key) {
    this._begin({ algorithm }, textOf(key))
    if (!known.has(algorithm)) this._check()
  }
}

/** @param {string} algorithm @param {number} _id @param {object} _cache @param {string | ArrayBufferView} input @param {string} encoding @param {number} _number @param {number} [outputLength] */
function oneShotDigest (algorithm, _id, _cache, input, encoding, _number, outputLength) {
  try {
    const hash = new Hash(algorithm, outputLength)
    hash.update(input, 'utf8')
    return hash.digest(encoding)
  } catch (error) {
    if (error instanceof Error && error.message === 'Digest method not supported') error.message = `Digest method ${algorithm} is not supported`
    if (error instanceof Error && /** @type {any} */ (error).code === 'ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH') throw new Error(`Output length ${outputLength} is invalid for ${algorithm}, which does not support XOF`)
    throw error
  }
}

/** Fills some bytes at random. Asynchronous ones tell of it in a turn of their own. */
class RandomBytesJob {
  #isLater
  #bytes
  /** @type {((error?: unknown) => void) | undefined} */
  ondone

  /** @param {number} mode @param {ArrayBuffer | ArrayBufferView} buffer @param {number} offset @param {number} size */
  constructor (mode, buffer, offset, size) {
    this.#isLater = mode === ASYNC
    this.#bytes = bytesOfAny(buffer).subarray(offset, offset + size)
  }

  run () {
    const most = readBounds()
    for (let at = 0; at < this.#bytes.length; at += most) {
      const size = Math.min(most, 65_536, this.#bytes.length - at)
      fillBytes(this.#bytes.subarray(at, at + size), askNative('crypto', 'random', JSON.stringify({ size })).bytes)
    }
    if (this.#isLater) /** @type {any} */ (globalThis).setTimeout(() => this.ondone?.())
    return []
  }
}

/** @param {ArrayBuffer | ArrayBufferView} left @param {ArrayBuffer | ArrayBufferView} right */
function timingSafeEqual (left, right) {
  const a = bytesForComparison(left, 'buf1')
  const b = bytesForComparison(right, 'buf2')
  if (a.length !== b.length) throw buildFailure(/** @type {any} */ (RangeError), 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length')
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= /** @type {number} */ (a[i]) ^ /** @type {number} */ (b[i])
  return difference === 0
}

/** @param {any} value @param {string} name */
function bytesForComparison (value, name) {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return bytesOfAny(value)
  throw buildFailure(/** @type {any} */ (TypeError), 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.`)
}

const ASYNC = 0

export const cryptoConstants = constants

export const cryptoBinding = {
  kCryptoJobAsync: ASYNC,
  kCryptoJobSync: 1,
  kCryptoJobWebCrypto: 2,
  Hash,
  Hmac,
  oneShotDigest,
  RandomBytesJob,
  timingSafeEqual,
  secureBuffer: (/** @type {number} */ size) => new Uint8Array(size),
  getCachedAliases: () => ({}),
  getCachedMacAliases: () => ({}),
  getFipsCrypto: () => 0,
  getFipsCryptoGeneration: () => 0,
  getHashes: () => cryptoHashes,
  getMacs: () => [],
  getCiphers: () => [],
  getCurves: () => [],
  getPqcKeyTypes: () => [],
}
