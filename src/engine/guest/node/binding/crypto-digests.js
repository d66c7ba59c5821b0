// @ts-check
import { cryptoHashes } from 'node-library:facts'
import { buildFailure } from './buffer.js'
import { Call, give, readBounds, textOf } from './crypto-native.js'
import { keyMember, secretOf } from './crypto-keys.js'

// Hash, Hmac, Sign and Verify of Node's C++ (crypto_hash.cc, crypto_hmac.cc, crypto_sig.cc).

/** What is given to it piece by piece. Short ones are kept here, and made in one call. */
class Stream {
  /** @type {Record<string, unknown>} */
  #begin = {}
  /** @type {(call: Call) => Call} */
  #fill = (call) => call
  #pending = ''
  #id = 0
  #kind

  /** @param {'hash' | 'hmac' | 'mac' | 'sign' | 'verify'} kind */
  constructor (kind) {
    this.#kind = kind
  }

  /** @param {Record<string, unknown>} begin @param {(call: Call) => Call} [fill] gives a call the bytes that it begins with */
  _begin (begin, fill) {
    readBounds()
    this.#begin = begin
    if (fill !== undefined) this.#fill = fill
  }

  /** @param {unknown} data @param {unknown} [encoding] */
  update (data, encoding) {
    const most = readBounds()
    this.#pending += textOf(data, encoding)
    while (this.#pending.length > most) this.#hand(most)
    return true
  }

  /** What it comes to. @param {string} whole what makes it in one call @param {string} end what ends one that is under way @param {(call: Call) => Call} [add] @returns {Record<string, any>} */
  _end (whole, end, add = (call) => call) {
    if (this.#id === 0) return add(this.#open().bytes('data', this.#pending)).ask(whole)
    if (this.#pending !== '') this.#hand(this.#pending.length)
    return add(new Call().put({ id: this.#id })).ask(end)
  }

  /** @param {Stream} other @param {Record<string, unknown>} more */
  _copy (other, more) {
    this.#begin = { ...other.#begin, ...more }
    this.#fill = other.#fill
    this.#pending = other.#pending
    if (other.#id !== 0) this.#id = new Call().put({ ...more, id: other.#id }).ask('hashCopy').id
  }

  /** @param {number} size */
  #hand (size) {
    if (this.#id === 0) this.#id = this.#open().ask(`${this.#kind}Open`).id
    new Call().put({ id: this.#id }).bytes('data', this.#pending.slice(0, size)).ask('update')
    this.#pending = this.#pending.slice(size)
  }

  #open () {
    return this.#fill(new Call().put(this.#begin))
  }
}

const known = new Set(cryptoHashes)

export class Hash extends Stream {
  /** @param {string | Hash} algorithm @param {number} [outputLength] */
  constructor (algorithm, outputLength) {
    super('hash')
    const more = outputLength === undefined ? {} : { outputLength }
    if (algorithm instanceof Hash) {
      this._copy(algorithm, more)
      return
    }
    this._begin({ algorithm, ...more })
    if (outputLength !== undefined || !known.has(algorithm)) this._end('hash', '')
  }

  /** @param {unknown} [encoding] */
  digest (encoding) {
    return give(this._end('hash', 'digest').made, encoding)
  }
}

export class Hmac extends Stream {
  constructor () {
    super('hmac')
  }

  /** @param {string} algorithm @param {any} key */
  init (algorithm, key) {
    const secret = secretOf(key)
    this._begin({ algorithm }, (call) => call.bytes('key', secret))
    if (!known.has(algorithm)) this._end('hmac', '')
  }

  /** @param {unknown} [encoding] */
  digest (encoding) {
    return give(this._end('hmac', 'digest').made, encoding)
  }
}

export class Mac extends Stream {
  /**
   * @param {string} algorithm @param {number} _id @param {object} _cache @param {any} key @param {string} [digest] @param {string} [cipher]
   * @param {any} [iv] @param {any} [customization] @param {any} [salt] @param {number} [outputLength]
   */
  constructor (algorithm, _id, _cache, key, digest, cipher, iv, customization, salt, outputLength) {
    super('mac')
    const parts = { key: secretOf(key), iv: copyText(iv), customization: copyText(customization), salt: copyText(salt) }
    this._begin({ algorithm, digest, cipher, outputLength }, (call) => call.bytes('key', parts.key).bytes('iv', parts.iv).bytes('customization', parts.customization).bytes('salt', parts.salt))
    this._end('mac', '') // finds out whether there is such a one
  }

  /** @param {unknown} [encoding] */
  final (encoding) {
    return give(this._end('mac', 'digestMac').made, encoding)
  }
}

/** As it is now: code may change it before it is used. @param {any} bytes */
const copyText = (bytes) => bytes === undefined ? undefined : textOf(bytes)

/** @param {unknown} padding @param {unknown} saltLength @param {number} encoding */
export const signingOptions = (padding, saltLength, encoding) => ({ padding, saltLength, dsaEncoding: encoding === P1363 ? 'ieee-p1363' : 'der' })

/** The forms of a signature that has two numbers. */
export const DER = 0
export const P1363 = 1

/** What Sign and Verify have in common: they end when they have answered. */
class Signing extends Stream {
  #isReady = false

  /** @param {string} algorithm */
  init (algorithm) {
    this._begin({ algorithm })
    if (!known.has(algorithm)) new Call().put({ algorithm }).ask('checkDigest')
    this.#isReady = true
  }

  /** @override @param {unknown} data @param {unknown} [encoding] */
  update (data, encoding) {
    this._checkReady()
    return super.update(data, encoding)
  }

  _checkReady () {
    if (!this.#isReady) throw buildFailure(/** @type {any} */ (Error), 'ERR_CRYPTO_INVALID_STATE', 'Not initialised')
  }

  _settle () {
    this.#isReady = false
  }
}

export class Sign extends Signing {
  constructor () {
    super('sign')
  }

  /** @param {any} data @param {number} format @param {any} type @param {any} passphrase @param {any} curve @param {any} padding @param {any} saltLength @param {number} encoding */
  sign (data, format, type, passphrase, curve, padding, saltLength, encoding) {
    this._checkReady()
    const { made } = this._end('signDigest', 'signEnd', (call) => call.child('key', keyMember([data, format, type, passphrase, curve])).put(signingOptions(padding, saltLength, encoding)))
    this._settle()
    return give(made)
  }
}

export class Verify extends Signing {
  constructor () {
    super('verify')
  }

  /** @param {any} data @param {number} format @param {any} type @param {any} passphrase @param {any} curve @param {any} signature @param {any} padding @param {any} saltLength @param {number} encoding */
  verify (data, format, type, passphrase, curve, signature, padding, saltLength, encoding) {
    this._checkReady()
    const { value } = this._end('verifyDigest', 'verifyEnd', (call) => call.child('key', keyMember([data, format, type, passphrase, curve])).bytes('signature', signature).put(signingOptions(padding, saltLength, encoding)))
    this._settle()
    return value
  }
}

/** @param {string} algorithm @param {number} _id @param {object} _cache @param {string | ArrayBufferView} input @param {string} encoding @param {number} _number @param {number} [outputLength] */
export function oneShotDigest (algorithm, _id, _cache, input, encoding, _number, outputLength) {
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
