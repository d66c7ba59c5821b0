// @ts-check
import { loadLibrary } from '../web/node-library.js'

const crypto = loadLibrary('crypto')

export default crypto
export const {
  Certificate, Cipheriv, Decipheriv, DiffieHellman, DiffieHellmanGroup, ECDH, Hash, Hmac, KeyObject, Sign, Verify, X509Certificate, argon2,
  argon2Sync, checkPrime, checkPrimeSync, constants, createCipheriv, createDecipheriv, createDiffieHellman, createDiffieHellmanGroup, createECDH,
  createHash, createHmac, createMac, createPrivateKey, createPublicKey, createSecretKey, createSign, createVerify, decapsulate, diffieHellman,
  encapsulate, generateKey, generateKeyPair, generateKeyPairSync, generateKeySync, generatePrime, generatePrimeSync, getCipherInfo, getCiphers,
  getCurves, getDiffieHellman, getFips, getHashes, getMacs, getRandomValues, hash, hkdf, hkdfSync, parsePKCS12, pbkdf2, pbkdf2Sync, privateDecrypt,
  privateEncrypt, publicDecrypt, publicEncrypt, randomBytes, randomFill, randomFillSync, randomInt, randomUUID, randomUUIDv7, scrypt, scryptSync,
  secureHeapUsed, setEngine, setFips, sign, subtle, timingSafeEqual, verify, webcrypto,
} = crypto
