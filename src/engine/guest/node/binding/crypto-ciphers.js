// @ts-check
import { buildFailure } from './buffer.js'
import { keyMember, secretOf } from './crypto-keys.js'
import { Call, give, giveAny, readBounds, textOf } from './crypto-native.js'

// Ciphers of Node's C++ (crypto_cipher.cc). What one has worked through is on the other side; here is whether it has ended.

/** Modes that want all there is in one piece. */
const WHOLE = /wrap|ccm|siv|xts|cts/i
const TAGGED = /gcm|ccm|ocb|poly1305|siv/i

const invalidState = (/** @type {string} */ message) => buildFailure(/** @type {any} */ (Error), 'ERR_CRYPTO_INVALID_STATE', message)

export class CipherBase {
  #id
  #isWhole
  #isTagged
  #isOver = false
  /** @type {Uint8Array | undefined} */
  #tag

  /** @param {boolean} isEncryption @param {string} algorithm @param {any} key @param {any} iv @param {number} authTagLength @param {string} [ctsMode] @param {string} [xtsStandard] */
  constructor (isEncryption, algorithm, key, iv, authTagLength, ctsMode, xtsStandard) {
    const call = new Call().put({ algorithm, authTagLength: authTagLength < 0 ? undefined : authTagLength, ctsMode, xtsStandard }).bytes('key', secretOf(key)).bytes('iv', iv)
    this.#id = call.ask(isEncryption ? 'cipherOpen' : 'decipherOpen').id
    this.#isWhole = WHOLE.test(algorithm)
    this.#isTagged = isEncryption && TAGGED.test(algorithm)
  }

  /** @param {unknown} data @param {unknown} encoding */
  update (data, encoding) {
    if (this.#isOver) throw new Error('Trying to add data in unsupported state')
    const text = textOf(data, encoding)
    const most = readBounds()
    if (text.length <= most || this.#isWhole) return give(this.#call().bytes('data', text).ask('cipherUpdate').made)
    const parts = []
    for (let at = 0; at < text.length; at += most) parts.push(this.#call().bytes('data', text.slice(at, at + most)).ask('cipherUpdate').made)
    return give(join(parts))
  }

  final () {
    if (this.#isOver) throw invalidState('Invalid state')
    this.#isOver = true
    const { made, tag } = this.#call().put({ tagged: this.#isTagged }).ask('cipherFinal')
    this.#tag = tag
    return give(made)
  }

  /** @param {boolean} value */
  setAutoPadding (value) {
    if (this.#isOver) return false
    this.#call().put({ method: 'setAutoPadding', value }).ask('cipherSet')
    return true
  }

  getAuthTag () {
    if (this.#isOver) return this.#tag && give(this.#tag.slice())
    return give(this.#call().put({ method: 'getAuthTag' }).ask('cipherSet').made)
  }

  /** @param {any} tag */
  setAuthTag (tag) {
    if (this.#isOver) return false
    this.#call().put({ method: 'setAuthTag' }).bytes('data', tag).ask('cipherSet')
    return true
  }

  /** @param {any} data @param {number} plaintextLength */
  setAAD (data, plaintextLength) {
    if (this.#isOver) return false
    this.#call().put({ method: 'setAAD', plaintextLength: plaintextLength < 0 ? undefined : plaintextLength }).bytes('data', data).ask('cipherSet')
    return true
  }

  #call () {
    return new Call().put({ id: this.#id })
  }
}

/** @param {Uint8Array[]} parts */
function join (parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Node's library takes none for its default. The next number is the same to C++. @param {any} padding */
const toPadding = (padding) => +padding >>> 0 || 2 ** 32

/** @param {string} method */
const convert = (method) => (/** @type {any} */ data, /** @type {any} */ format, /** @type {any} */ type, /** @type {any} */ passphrase, /** @type {any} */ curve, /** @type {any} */ buffer, /** @type {any} */ padding, /** @type {any} */ oaepHash, /** @type {any} */ oaepLabel, /** @type {any} */ mgf1Hash) => {
  const call = new Call().child('key', keyMember([data, format, type, passphrase, curve])).bytes('data', buffer).bytes('oaepLabel', oaepLabel).put({ padding: toPadding(padding), oaepHash, mgf1Hash })
  return give(call.ask(method).made)
}

export const ciphers = {
  CipherBase,
  publicEncrypt: convert('publicEncrypt'),
  publicDecrypt: convert('publicDecrypt'),
  privateEncrypt: convert('privateEncrypt'),
  privateDecrypt: convert('privateDecrypt'),
  /** @param {string | number} name @param {number} [keyLength] @param {number} [ivLength] */
  getCipherInfo (name, keyLength, ivLength) {
    const { value } = new Call().put({ name, keyLength, ivLength }).ask('cipherInfo')
    return value === undefined ? undefined : Object.assign(Object.create(null), value)
  },
  certVerifySpkac: (/** @type {any} */ data) => new Call().bytes('data', data).ask('verifySpkac').value,
  certExportPublicKey: (/** @type {any} */ data) => textOrBytes('exportPublicKey', data),
  certExportChallenge: (/** @type {any} */ data) => textOrBytes('exportChallenge', data),
}

/** @param {string} method @param {any} data */
const textOrBytes = (method, data) => giveAny(new Call().bytes('data', data).ask(method).made)
