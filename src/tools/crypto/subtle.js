// @ts-check
import { JSONParse, ObjectCreate, ObjectHasOwn, TypeErrorConstructor, safe } from '../../engine/guest/intrinsics.js'
import { isBufferSource, textToBuffer, toBufferSource } from '../../engine/guest/bytes.js'
import { buildWords, requireArguments, toSequence, toUnsignedLong, toWord } from '../../engine/guest/webidl.js'
import { normalize, toIdentifier } from './algorithms.js'
import { toJsonWebKey } from './json-web-key.js'
import { buildKey, buildKeyPair, toKey } from './key.js'
import { Request } from './request.js'

/** @typedef {(request: Request) => Promise<import('../../engine/guest/tools.js').Answer>} Send */

/** Only who has it can make the object. It never leaves this module. */
const MAKING = ObjectCreate(null)
const FORMATS = buildWords(['raw', 'pkcs8', 'spki', 'jwk'])
const USAGES = buildWords(['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'])

/**
 * SubtleCrypto. Each method reads its arguments as Web IDL says, then normalizes algorithms, then copies bytes, all of it at once; what
 * comes after is the native's. Being async, they reject where others throw. Source: https://w3c.github.io/webcrypto/#subtlecrypto-interface
 */
export class SubtleCrypto {
  /** @type {Send} */
  #send
  /** @type {number} */
  #maxBytes

  constructor () {
    if (arguments[0] !== MAKING) throw new TypeErrorConstructor('Cannot construct SubtleCrypto: it is crypto.subtle')
    this.#send = arguments[1]
    this.#maxBytes = arguments[2]
  }

  /** @param {unknown} algorithm @param {unknown} key @param {unknown} data */
  async encrypt (algorithm, key, data) {
    const request = this.#open('encrypt', arguments.length, 3)
    putKeyUse(request, 'cipher', algorithm, key, data)
    return textToBuffer((await safe(this.#send(request))).bytes)
  }

  /** @param {unknown} algorithm @param {unknown} key @param {unknown} data */
  async decrypt (algorithm, key, data) {
    const request = this.#open('decrypt', arguments.length, 3)
    putKeyUse(request, 'cipher', algorithm, key, data)
    return textToBuffer((await safe(this.#send(request))).bytes)
  }

  /** @param {unknown} algorithm @param {unknown} key @param {unknown} data */
  async sign (algorithm, key, data) {
    const request = this.#open('sign', arguments.length, 3)
    putKeyUse(request, 'sign', algorithm, key, data)
    return textToBuffer((await safe(this.#send(request))).bytes)
  }

  /** @param {unknown} algorithm @param {unknown} key @param {unknown} signature @param {unknown} data */
  async verify (algorithm, key, signature, data) {
    const request = this.#open('verify', arguments.length, 4)
    const identifier = toIdentifier(algorithm)
    request.put('key', toKey(key, 'key'))
    const signatureSource = toBufferSource(signature, 'signature')
    const dataSource = toBufferSource(data, 'data')
    request.put('algorithm', normalize('sign', identifier, request))
    request.put('signature', request.span(signatureSource, 'signature'))
    request.put('data', request.span(dataSource, 'data'))
    return JSONParse((await safe(this.#send(request))).text)
  }

  /** @param {unknown} algorithm @param {unknown} data */
  async digest (algorithm, data) {
    const request = this.#open('digest', arguments.length, 2)
    const identifier = toIdentifier(algorithm)
    const source = toBufferSource(data, 'data')
    request.put('algorithm', normalize('digest', identifier, request))
    request.put('data', request.span(source, 'data'))
    return textToBuffer((await safe(this.#send(request))).bytes)
  }

  /** @param {unknown} algorithm @param {unknown} extractable @param {unknown} keyUsages */
  async generateKey (algorithm, extractable, keyUsages) {
    const request = this.#open('generateKey', arguments.length, 3)
    const identifier = toIdentifier(algorithm)
    request.put('extractable', !!extractable)
    request.put('usages', toUsages(keyUsages))
    request.put('algorithm', normalize('generate', identifier, request))
    const made = JSONParse((await safe(this.#send(request))).text)
    return ObjectHasOwn(made, 'privateKey') ? buildKeyPair(made) : buildKey(made)
  }

  /** @param {unknown} algorithm @param {unknown} baseKey @param {unknown} derivedKeyType @param {unknown} extractable @param {unknown} keyUsages */
  async deriveKey (algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    const request = this.#open('deriveKey', arguments.length, 5)
    const identifier = toIdentifier(algorithm)
    request.put('key', toKey(baseKey, 'baseKey'))
    const derived = toIdentifier(derivedKeyType)
    request.put('extractable', !!extractable)
    request.put('usages', toUsages(keyUsages))
    request.put('algorithm', normalize('derive', identifier, request))
    normalize('import', derived, request) // for what it may throw: the next takes the same members and more
    request.put('derived', normalize('derived', derived, request))
    return buildKey(JSONParse((await safe(this.#send(request))).text))
  }

  /** @param {unknown} algorithm @param {unknown} baseKey @param {unknown} [length] */
  async deriveBits (algorithm, baseKey, length = null) {
    const request = this.#open('deriveBits', arguments.length, 2)
    const identifier = toIdentifier(algorithm)
    request.put('key', toKey(baseKey, 'baseKey'))
    if (length !== null) request.put('length', toUnsignedLong(length))
    request.put('algorithm', normalize('derive', identifier, request))
    return textToBuffer((await safe(this.#send(request))).bytes)
  }

  /** @param {unknown} format @param {unknown} keyData @param {unknown} algorithm @param {unknown} extractable @param {unknown} keyUsages */
  async importKey (format, keyData, algorithm, extractable, keyUsages) {
    const request = this.#open('importKey', arguments.length, 5)
    const word = toWord(format, FORMATS, 'format')
    const isBytes = isBufferSource(keyData)
    const data = isBytes ? keyData : toJsonWebKey(keyData)
    const identifier = toIdentifier(algorithm)
    request.put('extractable', !!extractable)
    request.put('usages', toUsages(keyUsages))
    request.put('format', word)
    request.put('algorithm', normalize('import', identifier, request))
    if (isBytes === (word === 'jwk')) throw new TypeErrorConstructor(`Cannot import key: format "${word}" is not for such key data`)
    request.put('keyData', isBytes ? request.span(keyData, 'keyData') : data)
    return buildKey(JSONParse((await safe(this.#send(request))).text))
  }

  /** @param {unknown} format @param {unknown} key */
  async exportKey (format, key) {
    const request = this.#open('exportKey', arguments.length, 2)
    const word = toWord(format, FORMATS, 'format')
    request.put('format', word)
    request.put('key', toKey(key, 'key'))
    const { text, bytes } = await safe(this.#send(request))
    return word === 'jwk' ? JSONParse(text) : textToBuffer(bytes)
  }

  /** @param {unknown} format @param {unknown} key @param {unknown} wrappingKey @param {unknown} wrapAlgorithm */
  async wrapKey (format, key, wrappingKey, wrapAlgorithm) {
    const request = this.#open('wrapKey', arguments.length, 4)
    request.put('format', toWord(format, FORMATS, 'format'))
    request.put('key', toKey(key, 'key'))
    request.put('wrappingKey', toKey(wrappingKey, 'wrappingKey'))
    request.put('algorithm', normalize('wrap', toIdentifier(wrapAlgorithm), request))
    return textToBuffer((await safe(this.#send(request))).bytes)
  }

  /**
   * @param {unknown} format @param {unknown} wrappedKey @param {unknown} unwrappingKey @param {unknown} unwrapAlgorithm
   * @param {unknown} unwrappedKeyAlgorithm @param {unknown} extractable @param {unknown} keyUsages
   */
  async unwrapKey (format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
    const request = this.#open('unwrapKey', arguments.length, 7)
    request.put('format', toWord(format, FORMATS, 'format'))
    const source = toBufferSource(wrappedKey, 'wrappedKey')
    request.put('unwrappingKey', toKey(unwrappingKey, 'unwrappingKey'))
    const identifier = toIdentifier(unwrapAlgorithm)
    const unwrapped = toIdentifier(unwrappedKeyAlgorithm)
    request.put('extractable', !!extractable)
    request.put('usages', toUsages(keyUsages))
    request.put('algorithm', normalize('wrap', identifier, request))
    request.put('unwrapped', normalize('import', unwrapped, request))
    request.put('wrappedKey', request.span(source, 'wrappedKey'))
    return buildKey(JSONParse((await safe(this.#send(request))).text))
  }

  /** @param {string} method @param {number} given @param {number} needed */
  #open (method, given, needed) {
    requireArguments(given, needed, `SubtleCrypto.${method}`)
    return new Request(method, this.#maxBytes)
  }
}

/** @param {Send} send @param {number} maxBytes */
export function buildSubtle (send, maxBytes) {
  return new (/** @type {any} */ (SubtleCrypto))(MAKING, send, maxBytes)
}

/** @param {Request} request @param {import('./algorithms.js').Purpose} purpose @param {unknown} algorithm @param {unknown} key @param {unknown} data */
function putKeyUse (request, purpose, algorithm, key, data) {
  const identifier = toIdentifier(algorithm)
  request.put('key', toKey(key, 'key'))
  const source = toBufferSource(data, 'data')
  request.put('algorithm', normalize(purpose, identifier, request))
  request.put('data', request.span(source, 'data'))
}

/** @param {unknown} value */
function toUsages (value) {
  return toSequence(value, (item) => toWord(item, USAGES, 'usage'), 'keyUsages')
}
