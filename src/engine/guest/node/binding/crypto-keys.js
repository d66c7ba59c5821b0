// @ts-check
import { bytesToText } from '../../bytes.js'
import { buildFailure, bytesOfAny } from './buffer.js'
import { Call, give, readBounds, textOf } from './crypto-native.js'

// Keys of Node's C++ (crypto_keys.cc). What a key is, is here, in the isolate: its bytes as the host wrote them, PKCS #8, SPKI, or a secret as it is.

export const SECRET = 0
export const PUBLIC = 1
export const PRIVATE = 2
const KINDS = /** @type {const} */ (['secret', 'public', 'private'])
const PEM = 0
const DER_FORMAT = 1
const JWK = 2
const RAW_PUBLIC = 3
const STORE = 6
const FORMATS = ['pem', 'der', 'jwk', 'raw-public', 'raw-private', 'raw-seed']
const ENCODINGS = ['pkcs1', 'pkcs8', 'spki', 'sec1']
const JWK_TEXTS = ['kty', 'alg', 'crv', 'd', 'dp', 'dq', 'e', 'k', 'n', 'p', 'priv', 'pub', 'q', 'qi', 'x', 'y']
/** Source: POINT_CONVERSION_COMPRESSED of OpenSSL. */
const COMPRESSED = 2

export const keyConstants = {
  kKeyTypeSecret: SECRET, kKeyTypePublic: PUBLIC, kKeyTypePrivate: PRIVATE,
  kKeyFormatPEM: PEM, kKeyFormatDER: DER_FORMAT, kKeyFormatJWK: JWK, kKeyFormatRawPublic: RAW_PUBLIC, kKeyFormatRawPrivate: 4, kKeyFormatRawSeed: 5, kKeyFormatStore: STORE,
  kKeyEncodingPKCS1: 0, kKeyEncodingPKCS8: 1, kKeyEncodingSPKI: 2, kKeyEncodingSEC1: 3,
}

/** A key as the library prepares it for C++. @typedef {[data: any, format?: any, type?: any, passphrase?: any, namedCurve?: any]} KeyParts */

/** A member of a call that is a key. @param {KeyParts} parts @returns {(call: Call) => Record<string, unknown>} */
export const keyMember = ([data, format, type, passphrase, namedCurve]) => (call) => {
  /** @type {Record<string, unknown>} */
  const member = Object.create(null)
  if (data instanceof KeyObjectHandle) return data.describe(call)
  if (format === STORE) throw buildFailure(/** @type {any} */ (Error), 'PERMISSION_DENIED', 'Cannot load a key by its URL: code in the sandbox reaches no files and no key stores; give the key itself')
  member.format = FORMATS[format]
  if (format === JWK) {
    member.jwk = readJwk(data)
    return member
  }
  member.data = call.span(data)
  if (format >= RAW_PUBLIC) {
    member.type = type
    if (typeof namedCurve === 'string') member.namedCurve = namedCurve
    return member
  }
  if (typeof type === 'number') member.type = ENCODINGS[type]
  if (passphrase !== undefined && passphrase !== null) member.passphrase = call.span(passphrase)
  return member
}

/** @param {any} jwk whatever code has there, read once each */
function readJwk (jwk) {
  const members = Object.create(null)
  for (const name of JWK_TEXTS) {
    const value = jwk[name]
    if (value !== undefined) members[name] = typeof value === 'string' ? value : 0
  }
  return members
}

/** Bytes of a secret, one character each. @param {any} key a handle, or bytes @returns {string} */
export const secretOf = (key) => key instanceof KeyObjectHandle ? key.text : textOf(key)

/** Source: KeyObjectHandle of crypto_keys.cc */
export class KeyObjectHandle {
  /** @type {number} */
  #type = SECRET
  /** One character for each byte. */
  #text = ''
  #kind = ''
  /** @type {Record<string, any>} */
  #details = {}

  /** @param {number} type @param {string} text @param {string} kind @param {Record<string, any>} details */
  static make (type, text, kind = '', details = {}) {
    const handle = new KeyObjectHandle()
    handle.#type = type
    handle.#text = text
    handle.#kind = kind
    handle.#details = details
    return handle
  }

  get text () { return this.#text }

  /** @param {Call} call */
  describe (call) {
    const member = Object.create(null)
    member.held = KINDS[this.#type]
    member.data = call.span(this.#text)
    return member
  }

  /** @param {number} type @param {any} data @param {any} [format] @param {any} [encoding] @param {any} [passphrase] @param {any} [namedCurve] */
  init (type, data, format, encoding, passphrase, namedCurve) {
    readBounds()
    this.#type = type
    if (type === SECRET) {
      this.#text = textOf(data)
      return
    }
    const made = new Call().put({ as: KINDS[type] }).child('key', keyMember([data, format ?? undefined, encoding ?? undefined, passphrase, namedCurve])).ask('importKey')
    this.#text = bytesToText(made.data)
    this.#kind = made.kind
    this.#details = made.details
  }

  getKeyType () { return this.#type }
  getSymmetricKeySize () { return this.#text.length }
  getAsymmetricKeyType () { return this.#kind }

  /** @param {Record<string, unknown>} target */
  keyDetail (target) {
    const { publicExponent, ...details } = this.#details
    if (publicExponent === undefined) return Object.assign(target, details)
    const { modulusLength, ...rest } = details
    return Object.assign(target, { modulusLength, publicExponent: hexToBuffer(publicExponent) }, rest)
  }

  /** @param {KeyObjectHandle} other */
  equals (other) {
    if (this.#type === SECRET) return this.#text === other.#text
    if (this.#kind !== other.#kind) return false
    if (this.#text === other.#text) return true
    return new Call().child('key', (call) => this.describe(call)).child('other', (call) => other.describe(call)).ask('equalKeys').value
  }

  /** @param {number} [format] @param {number} [type] @param {string | null} [cipher] @param {any} [passphrase] */
  export (format, type, cipher, passphrase) {
    if (this.#type === SECRET) return give(bytesOfText(this.#text))
    const call = this.#call({ format: FORMATS[format ?? PEM], type: type === undefined ? undefined : ENCODINGS[type], cipher: cipher ?? undefined })
    return this.#exported(cipher === undefined || cipher === null ? call : call.bytes('passphrase', passphrase))
  }

  /** @param {Record<string, unknown>} target */
  exportJwk (target) {
    return Object.assign(target, this.#exported(this.#call({ format: 'jwk' })))
  }

  rawPublicKey () { return this.#exported(this.#call({ format: 'raw-public' })) }
  rawPrivateKey () { return this.#exported(this.#call({ format: 'raw-private' })) }
  rawSeed () { return this.#exported(this.#call({ format: 'raw-seed' })) }
  exportECPrivateRaw () { return this.rawPrivateKey() }

  /** @param {number} form */
  exportECPublicRaw (form) {
    return this.#exported(this.#call({ format: 'raw-public', type: form === COMPRESSED ? 'compressed' : 'uncompressed' }))
  }

  /** @param {Record<string, unknown>} options */
  #call (options) {
    return new Call().child('key', (call) => this.describe(call)).put(options)
  }

  /** @param {Call} call */
  #exported (call) {
    const { data, value } = call.ask('exportKey')
    return data === undefined ? value : give(data)
  }
}

/** @param {string} text */
function bytesOfText (text) {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** @param {string} digits */
function hexToBuffer (digits) {
  const even = digits.length % 2 === 0 ? digits : `0${digits}`
  return Uint8Array.from(even.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)).buffer
}

/** What only the base of KeyObject knows of it. @type {(key: object) => [number, KeyObjectHandle] | undefined} */
let slotsOf
/** @type {(key: object) => boolean} */
let isNative

class NativeKeyObject {
  /** @type {KeyObjectHandle} */
  #handle

  /** @param {KeyObjectHandle} handle */
  constructor (handle) {
    this.#handle = handle
  }

  static {
    isNative = (key) => #handle in key
    slotsOf = (key) => #handle in key ? [key.#handle.getKeyType(), key.#handle] : undefined
  }
}

class NativeCryptoKey {}

/** What the library makes its classes of keys with. */
export const keyClasses = {
  KeyObjectHandle,
  /** @param {(base: typeof NativeKeyObject) => unknown} build */
  createNativeKeyObjectClass: (build) => build(NativeKeyObject),
  /** @param {object} key */
  isKeyObject: (key) => isNative(key),
  /** @param {object} key */
  getKeyObjectSlots (key) {
    const slots = slotsOf(key)
    if (slots === undefined) throw buildFailure(/** @type {any} */ (TypeError), 'ERR_INVALID_THIS', 'Value of "this" must be of type KeyObject')
    return slots
  },
  // Keys of Web Cryptography are the tool's own, and no objects of this library.
  /** @param {(base: typeof NativeCryptoKey) => unknown} build */
  createCryptoKeyClass: (build) => build(NativeCryptoKey),
  isCryptoKey: () => false,
  getCryptoKeySlots () {
    throw buildFailure(/** @type {any} */ (TypeError), 'ERR_INVALID_THIS', 'Value of "this" must be of type CryptoKey')
  },
}

/** @param {ArrayBuffer | ArrayBufferView} data */
export const copyOf = (data) => bytesOfAny(data).slice()
