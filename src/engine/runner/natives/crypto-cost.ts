import type { webcrypto } from 'node:crypto'
import type { Algorithm } from './crypto-algorithms.ts'
import { NativeError } from './native.ts'

/** RSA keys of more bits take seconds to make and tens of milliseconds to use. */
const MODULUS_BITS = 4096
/** The usual exponents. Another can make it take for ever to find primes that fit. */
const EXPONENTS: ReadonlySet<number> = new Set([3, 65_537])
/** HMACs that one derivation may compute: some seconds of a processor. OWASP's advice for PBKDF2 (2023) is 600,000 for SHA-256. */
const PBKDF2_ROUNDS = 10_000_000
const HASH_BITS: Readonly<Record<string, number>> = { 'SHA-1': 160, 'SHA-256': 256, 'SHA-384': 384, 'SHA-512': 512 }
/** An HMAC key for which no length is given is as long as the hash's block. */
const HMAC_BITS: Readonly<Record<string, number>> = { 'SHA-1': 512, 'SHA-256': 512, 'SHA-384': 1024, 'SHA-512': 1024 }

/** Throws a NativeError when making a key with this algorithm costs more than a native may. */
export function checkGeneration ({ modulusLength, publicExponent, length, name }: Algorithm, maxBytes: number): void {
  if (name === 'HMAC' && typeof length === 'number') checkLength(length, maxBytes)
  if (typeof modulusLength !== 'number' || !(publicExponent instanceof Uint8Array)) return
  if (modulusLength > MODULUS_BITS) throw new NativeError('OperationError', `modulusLength is more than ${MODULUS_BITS}`)
  const exponent = publicExponent.length > 32 ? 0 : publicExponent.reduce((value, byte) => value * 256 + byte, 0)
  if (!EXPONENTS.has(exponent)) throw new NativeError('OperationError', 'publicExponent is neither 3 nor 65537')
}

/** Throws a NativeError when deriving that many bits costs more than a native may. */
export function checkDerivation ({ name, hash, iterations }: Algorithm, bits: number, maxBytes: number): void {
  checkLength(bits, maxBytes)
  if (name !== 'PBKDF2' || typeof iterations !== 'number') return
  const rounds = iterations * Math.max(1, Math.ceil(bits / (HASH_BITS[String(hash)] ?? 1)))
  if (rounds > PBKDF2_ROUNDS) throw new NativeError('OperationError', `iterations for ${bits} bits come to ${rounds} rounds, more than ${PBKDF2_ROUNDS}`)
}

/** The bits that a key to be derived has. A derived HKDF or PBKDF2 key has none of its own. */
export function keyBits ({ name, length, hash }: Algorithm): number {
  if (typeof length === 'number') return length
  return name === 'HMAC' ? HMAC_BITS[String(hash)] ?? 0 : 0
}

/** A key that was read can be larger than any that could be made here. Throws a NativeError NotSupportedError for one. */
export function checkImported (key: webcrypto.CryptoKey): void {
  const { modulusLength = 0 } = key.algorithm as Partial<webcrypto.RsaKeyAlgorithm> // only RSA keys have one
  if (modulusLength > MODULUS_BITS) throw new NativeError('NotSupportedError', `The modulus has more than ${MODULUS_BITS} bits`)
}

function checkLength (bits: number, maxBytes: number): void {
  if (bits > maxBytes * 8) throw new NativeError('QuotaExceededError', `length is ${bits} bits, more than ${maxBytes} bytes`)
}
