import { createHash } from 'node:crypto'
import { NativeError } from './native.ts'

// What would keep the runner's thread busy for more than some seconds is refused: it gives no sign of life meanwhile. Everything here throws a NativeError
// QuotaExceededError that names the figure and the most there may be; a DataError where a key hides its own.

/** RSA keys of more bits take many seconds to make. */
const RSA_BITS = 4096
const DSA_BITS = 2048
/** Public exponents that nearly every prime goes with. For others it may take long to find two. */
const EXPONENTS: ReadonlySet<unknown> = new Set([undefined, 3, 5, 17, 257, 65_537])
/** HMACs that one derivation may compute: two to six seconds. OWASP's advice for PBKDF2 (2023) is 1,300,000 for SHA-1, 600,000 for SHA-256. */
const PBKDF2_ROUNDS = 2_000_000
/** Where a digest is not known. */
const DIGEST_BYTES = 16
/** Bytes that a derivation may take for itself, outside of the isolate. Node's own limit is 32 MiB unless code asks for more. */
const WORK_BYTES = 67_108_864
/** Blocks of 128 bytes that one scrypt may mix, N * r * p: eight times what its defaults come to. */
const SCRYPT_BLOCKS = 1_048_576
const SCRYPT_BLOCK_BYTES = 128
/** Kibibytes that one Argon2 may fill, in all its passes. */
const ARGON2_KIB = 262_144
const ARGON2_LANES = 64
/** Bits of a prime that is looked for, tested, or brought along for Diffie-Hellman. A test of 4096 bits takes six seconds, one of 8192 more than a minute. */
const PRIME_BITS = 2048
/** Of safe primes there are so few that finding one of 1024 bits may take ten seconds. */
const SAFE_PRIME_BITS = 512
const GROUPS = 'crypto.getDiffieHellman() knows groups that have more'
/** Rounds that a test of a prime may be asked for. OpenSSL makes 64 or 128 where nobody does. */
const PRIME_CHECKS = 256
/** Bits that are left to choose a prime by, of one that is to leave some remainder. */
const FREE_BITS = 32
/** Rounds that the passphrase of a key may go through. OpenSSL writes 2048. */
const PASSPHRASE_ROUNDS = 2_000_000

export function checkPbkdf2 ({ iterations, size, digest }: { iterations: number, size: number, digest: string }): void {
  const rounds = iterations * Math.max(1, Math.ceil(size / measureDigest(digest)))
  refuseOver('pbkdf2 would compute', rounds, PBKDF2_ROUNDS, 'HMACs (iterations times blocks of the key)')
}

export function checkScrypt ({ N, r, p }: { N: number, r: number, p: number }): void {
  refuseOver('scrypt would take', SCRYPT_BLOCK_BYTES * N * r, WORK_BYTES, 'bytes (128 * N * r)')
  refuseOver('scrypt would mix', N * r * p, SCRYPT_BLOCKS, 'blocks (N * r * p)')
}

export function checkArgon2 ({ parallelism, memory, passes }: { parallelism: number, memory: number, passes: number }): void {
  refuseOver('argon2 would take', memory * 1024, WORK_BYTES, 'bytes')
  refuseOver('argon2 would fill', memory * passes, ARGON2_KIB, 'kibibytes (memory times passes)')
  refuseOver('argon2 would use', parallelism, ARGON2_LANES, 'lanes (parallelism)')
}

export function checkKeyPair (type: string, { modulusLength, publicExponent, primeLength, prime }: Record<string, unknown>): void {
  if (typeof modulusLength === 'number') refuseOver('modulusLength is', modulusLength, type === 'dsa' ? DSA_BITS : RSA_BITS, 'bits')
  if (!EXPONENTS.has(publicExponent)) throw new NativeError('QuotaExceededError', `publicExponent is ${String(publicExponent)}, allowed are 3, 5, 17, 257 and 65537`)
  if (typeof primeLength === 'number') checkPrimeSize(primeLength, { safe: true })
  if (Buffer.isBuffer(prime)) checkDhPrime(prime)
}

/** With `add`, OpenSSL looks among the numbers that leave `rem` for as long as there is no prime, even where there can be none. */
export function checkPrimeSize (bits: number, { safe = false, add, rem }: { safe?: boolean, add?: Buffer | undefined, rem?: Buffer | undefined }): void {
  if (safe) refuseOver('A safe prime would have', bits, SAFE_PRIME_BITS, 'bits', GROUPS)
  refuseOver('The prime would have', bits, PRIME_BITS, 'bits')
  if (add === undefined) return
  const step = toInteger(add)
  const rest = rem === undefined ? safe ? 3n : 1n : toInteger(rem)
  const free = bits - step.toString(2).length
  if (step <= 0n || free < 0) return // Node refuses it
  const halves = safe ? rest >> 1n : 1n
  const isHopeless = findDivisor(step, rest) !== 1n || (safe && findDivisor(step >> BigInt(step % 2n === 0n), halves) !== 1n) || free < FREE_BITS
  if (isHopeless) throw new NativeError('QuotaExceededError', `Too few primes of ${bits} bits leave such a remainder: "add" may have ${bits - FREE_BITS} bits, and must have no divisor in common with "rem"`)
}

export function checkPrimeCandidate (candidate: Buffer, checks: number): void {
  refuseOver('The candidate has', candidate.length * 8, PRIME_BITS, 'bits')
  refuseOver('checks are', checks, PRIME_CHECKS, 'rounds')
}

export function checkDhPrime (prime: Buffer): void {
  refuseOver('The prime has', prime.length * 8, PRIME_BITS, 'bits', GROUPS)
}

/**
 * An encrypted key says itself how many times its passphrase is hashed. Looks at every integer of what tells of the encryption, and refuses what OpenSSL
 * would read in another way than is done here. Source: RFC 5958, section 3; RFC 8018, appendix A; RFC 7914, section 7
 */
export function checkEncrypted (key: Buffer, format: 'pem' | 'der'): void {
  for (const der of format === 'der' ? [key] : readPem(key)) {
    if (der[0] !== SEQUENCE) continue // no key
    const [body] = readItems(der)
    const [algorithm] = body ? readItems(body.content) : []
    if (algorithm?.tag !== SEQUENCE) continue // not encrypted
    const numbers = listIntegers(algorithm.content, 0)
    for (const rounds of numbers) refuseOver('The passphrase of the key would be hashed', rounds, PASSPHRASE_ROUNDS, 'times')
    const [N = 0, r = 0, p = 0] = numbers
    if (algorithm.content.includes(SCRYPT)) checkScrypt({ N, r, p })
  }
}

/** The labels of what may be PKCS #8. Whatever else may be encrypted has its passphrase hashed once. */
const PEM = /-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----(.*?)(?:-----END|$)/gs
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const INTEGER = 0x02
const SEQUENCE = 0x30
const DEPTH = 8
/** A tag of several bytes, and a length that is told by the end of it. */
const LONG_TAG = 0x1f
const NO_LENGTH = 0x80
/** The object identifier of scrypt, 1.3.6.1.4.1.11591.4.11. */
const SCRYPT = Buffer.from('2b06010401da47040b', 'hex')

/** OpenSSL takes headers before the base64, which may have it decrypted once more, and an end in the middle of it: these are refused. */
function readPem (key: Buffer): Buffer[] {
  return [...key.toString('latin1').matchAll(PEM)].map(([, text = '']) => BASE64.test(text.replaceAll(/\s/g, '')) ? Buffer.from(text, 'base64') : refuseKey('between BEGIN and END of a private key there is more than base64'))
}

interface Item { tag: number, content: Buffer }

function * readItems (der: Buffer): Generator<Item> {
  for (let at = 0; at + 2 <= der.length;) {
    const [tag = 0, first = 0] = der.subarray(at, at + 2)
    const sizeBytes = first < NO_LENGTH ? 0 : first & 0x7f
    if (first === NO_LENGTH || sizeBytes > 6 || (tag & LONG_TAG) === LONG_TAG) refuseKey('what tells of its encryption is not written as DER is')
    if (at + 2 + sizeBytes > der.length) break
    const size = sizeBytes === 0 ? first : der.readUIntBE(at + 2, sizeBytes)
    const start = at + 2 + sizeBytes
    yield { tag, content: der.subarray(start, start + size) }
    at = start + size
  }
}

function listIntegers (der: Buffer, depth: number): number[] {
  return [...readItems(der)].flatMap(({ tag, content }) => {
    if (tag === INTEGER) return [content.length > 6 ? Infinity : content.length === 0 ? 0 : content.readUIntBE(0, content.length)]
    return tag === SEQUENCE && depth < DEPTH ? listIntegers(content, depth + 1) : []
  })
}

function refuseKey (problem: string): never {
  throw new NativeError('DataError', `Cannot read the key: ${problem}`)
}

function measureDigest (name: string): number {
  try {
    return createHash(name).digest().length || DIGEST_BYTES
  } catch {
    return DIGEST_BYTES
  }
}

function toInteger (bytes: Buffer): bigint {
  return BigInt(`0x0${bytes.toString('hex')}`)
}

/** The greatest common divisor. */
function findDivisor (a: bigint, b: bigint): bigint {
  return b === 0n ? a : findDivisor(b, a % b)
}

function refuseOver (what: string, seen: number, most: number, unit: string, advice?: string): void {
  if (seen > most) throw new NativeError('QuotaExceededError', `${what} ${seen} ${unit}, allowed are ${most}${advice === undefined ? '' : `; ${advice}`}`)
}
