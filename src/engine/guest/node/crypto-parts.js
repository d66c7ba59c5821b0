// @ts-check
import { useUnit } from '../units.js'

/**
 * Puts together what there is of `node:crypto`. Source: lib/crypto.js of Node.
 * @param {(id: string) => any} loadLibrary @returns {any}
 */
export function buildCrypto (loadLibrary) {
  const { cryptoBinding, cryptoConstants } = useUnit('node:binding/crypto')
  const { Hash, Hmac, hash } = loadLibrary('internal/crypto/hash')
  const { getHashes } = loadLibrary('internal/crypto/util')
  const { randomBytes, randomFill, randomFillSync, randomInt, randomUUID, randomUUIDv7 } = loadLibrary('internal/crypto/random')
  const web = () => /** @type {any} */ (globalThis).crypto

  return {
    createHash: function createHash (/** @type {unknown} */ algorithm, /** @type {unknown} */ options) { return new Hash(algorithm, options) },
    createHmac: function createHmac (/** @type {unknown} */ hmac, /** @type {unknown} */ key, /** @type {unknown} */ options) { return new Hmac(hmac, key, options) },
    hash,
    Hash,
    Hmac,
    getHashes,
    randomBytes,
    pseudoRandomBytes: randomBytes,
    randomFill,
    randomFillSync,
    randomInt,
    randomUUID,
    randomUUIDv7,
    timingSafeEqual: cryptoBinding.timingSafeEqual,
    constants: cryptoConstants,
    get webcrypto () { return web() },
    get subtle () { return web()?.subtle },
    getRandomValues: (/** @type {ArrayBufferView} */ array) => {
      if (web() === undefined) randomFillSync(new Uint8Array(1)) // which says what is missing
      return web().getRandomValues(array)
    },
  }
}
