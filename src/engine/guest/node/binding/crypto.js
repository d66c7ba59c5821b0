// @ts-check
import { cryptoCiphers, cryptoConstants as constants, cryptoCurves, cryptoHashes, cryptoMacs, cryptoPostQuantumKeys } from 'node-library:facts'
import { buildFailure, bytesOfAny } from './buffer.js'
import { ciphers } from './crypto-ciphers.js'
import { DER, Hash, Hmac, Mac, P1363, Sign, Verify, oneShotDigest } from './crypto-digests.js'
import { exchanges } from './crypto-exchange.js'
import { jobs } from './crypto-jobs.js'
import { keyClasses, keyConstants } from './crypto-keys.js'

// What Node's library for `crypto` gets from C++, by the native of the tool of that name.

export { readBounds } from './crypto-native.js'

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

export const cryptoConstants = constants

export const cryptoBinding = {
  ...jobs,
  ...ciphers,
  ...exchanges,
  ...keyClasses,
  ...keyConstants,
  kSigEncDER: DER,
  kSigEncP1363: P1363,
  /** That there is such a mode is all that is asked of it. */
  kKeyVariantAES_OCB_128: 0,
  Hash,
  Hmac,
  Mac,
  Sign,
  Verify,
  oneShotDigest,
  timingSafeEqual,
  secureBuffer: (/** @type {number} */ size) => new Uint8Array(size),
  secureHeapUsed: () => undefined,
  setEngine: () => false,
  getCachedAliases: () => ({}),
  getCachedMacAliases: () => ({}),
  getFipsCrypto: () => 0,
  getFipsCryptoGeneration: () => 0,
  getOpenSSLSecLevelCrypto: () => 1,
  getHashes: () => cryptoHashes,
  getMacs: () => cryptoMacs,
  getCiphers: () => cryptoCiphers,
  getCurves: () => cryptoCurves,
  getPqcKeyTypes: () => cryptoPostQuantumKeys,
}
