// @ts-check
import { loadLibrary } from '../web/node-library.js'

const crypto = loadLibrary('crypto')

export default crypto
export const {
  createHash, createHmac, hash, Hash, Hmac, getHashes, randomBytes, pseudoRandomBytes, randomFill, randomFillSync, randomInt, randomUUID, randomUUIDv7,
  timingSafeEqual, constants, webcrypto, subtle, getRandomValues,
} = crypto
