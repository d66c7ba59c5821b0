// @ts-check
import { buildFailure, bytesOfAny } from './buffer.js'
import { ciphers } from './crypto-ciphers.js'
import { DER, Sign, Verify, signingOptions } from './crypto-digests.js'
import { KeyObjectHandle, PRIVATE, PUBLIC, SECRET, keyMember, secretOf } from './crypto-keys.js'
import { Call, give, readBounds } from './crypto-native.js'

// Jobs of Node's C++ (crypto_util.h): whatever a function does that also has a form with a callback. All of them are done at once; those that have a callback
// tell of it in a turn of their own.

export const ASYNC = 0
export const SYNC = 1
const SIGN = 0

/** @type {(() => void)[]} */
const done = []
let isWaiting = false
const { setTimeout } = /** @type {any} */ (globalThis)

/** One timer for all, since a run may have so many. @param {() => void} tell */
function tellLater (tell) {
  done.push(tell)
  if (isWaiting) return
  isWaiting = true
  setTimeout(tellAll)
}

/** What a callback throws goes where what a timer throws goes. The others follow. */
function tellAll () {
  isWaiting = false
  const some = done.splice(0)
  try {
    while (some.length > 0) /** @type {() => void} */ (some.shift())()
  } finally {
    for (const tell of some) tellLater(tell)
  }
}

/** What is wrong with arguments, or allowed to nobody, is thrown at once; what fails only when it is done is told to the callback. @param {any} error */
const isOfArguments = (error) => error instanceof TypeError || error instanceof RangeError || AT_ONCE.has(error.name) || AT_ONCE.has(error.code)
const AT_ONCE = new Set(['QuotaExceededError', 'NotSupportedError', 'PERMISSION_DENIED', 'ERR_CRYPTO_UNKNOWN_CIPHER'])

/**
 * Makes a class of jobs. @template {unknown[]} A
 * @param {(...args: A) => unknown} work answers what came of it
 * @param {(...args: A) => any} [prepare] reads keys, so that what is wrong with them is thrown at once
 */
function jobClass (work, prepare) {
  return class Job {
    /** @type {((error?: unknown, result?: unknown) => void) | undefined} */
    ondone
    #isLater
    #args
    /** @type {[unknown, unknown?] | undefined} */
    #outcome

    /** @param {number} mode @param {A} args */
    constructor (mode, ...args) {
      this.#isLater = mode === ASYNC
      this.#args = args
      if (this.#isLater) this.#outcome = this.#attempt(prepare === undefined ? args : prepare(...args))
    }

    run () {
      if (!this.#isLater) return [undefined, work(...this.#args)]
      const outcome = /** @type {[unknown, unknown?]} */ (this.#outcome)
      tellLater(() => this.ondone?.(...outcome))
      return undefined
    }

    /** @param {A} args @returns {[unknown, unknown?]} */
    #attempt (args) {
      try {
        return [undefined, work(...args)]
      } catch (error) {
        if (isOfArguments(error)) throw error
        return [error]
      }
    }
  }
}

/** @param {Uint8Array} bytes */
const bufferOf = ({ buffer }) => buffer

/** @param {any} mode @param {any} data @param {any} format @param {any} type @param {any} passphrase @param {any} curve */
function holdKey (mode, data, format, type, passphrase, curve) {
  if (data instanceof KeyObjectHandle) return data
  const handle = new KeyObjectHandle()
  handle.init(mode, data, format, type, passphrase, curve)
  return handle
}

/**
 * What has a digest can be given piece by piece.
 * @param {number} mode @param {import('./crypto-keys.js').KeyParts} key @param {{ algorithm: string, data: any, signature: any }} what @param {[padding: any, saltLength: any, encoding: number]} options
 */
function signLong (mode, [data, format, type, passphrase, curve], what, options) {
  const stream = mode === SIGN ? new Sign() : new Verify()
  stream.init(what.algorithm)
  stream.update(what.data)
  return stream instanceof Sign ? stream.sign(data, format, type, passphrase, curve, ...options) : stream.verify(data, format, type, passphrase, curve, what.signature, ...options)
}

const SignJob = jobClass(
  (/** @type {number} */ mode, /** @type {any} */ key, /** @type {any} */ format, /** @type {any} */ type, /** @type {any} */ passphrase, /** @type {any} */ curve, /** @type {any} */ data, /** @type {any} */ algorithm, /** @type {any} */ saltLength, /** @type {any} */ padding, /** @type {any} */ encoding, /** @type {any} */ context, /** @type {any} */ signature) => {
    if (data.byteLength > readBounds() && typeof algorithm === 'string' && context === undefined) return signLong(mode, [key, format, type, passphrase, curve], { algorithm, data, signature }, [padding, saltLength, encoding ?? DER])
    const call = new Call().child('key', keyMember([key, format, type, passphrase, curve])).bytes('data', data).bytes('context', context)
    call.put({ algorithm: algorithm ?? undefined, ...signingOptions(padding, saltLength, encoding ?? DER) })
    return mode === SIGN ? bufferOf(call.ask('sign').made) : call.bytes('signature', signature).ask('verify').value
  },
  (mode, key, format, type, passphrase, curve, data, algorithm, saltLength, padding, encoding, context, signature) => {
    return [mode, holdKey(mode === SIGN ? PRIVATE : PUBLIC, key, format, type, passphrase, curve), undefined, undefined, undefined, undefined, data, algorithm, saltLength, padding, encoding, context, signature]
  },
)

const DHBitsJob = jobClass((/** @type {any[]} */ ...parts) => {
  const [publicKey, privateKey] = [/** @type {import('./crypto-keys.js').KeyParts} */ (parts.slice(0, 5)), /** @type {import('./crypto-keys.js').KeyParts} */ (parts.slice(5))]
  return bufferOf(new Call().child('publicKey', keyMember(publicKey)).child('privateKey', keyMember(privateKey)).ask('diffieHellman').made)
})

const KEMEncapsulateJob = jobClass((/** @type {any[]} */ ...parts) => {
  const { sharedKey, ciphertext } = new Call().child('key', keyMember(/** @type {any} */ (parts))).ask('encapsulate')
  return [give(sharedKey), give(ciphertext)]
})

const KEMDecapsulateJob = jobClass((/** @type {any} */ key, /** @type {any} */ format, /** @type {any} */ type, /** @type {any} */ passphrase, /** @type {any} */ curve, /** @type {any} */ data) => {
  return give(new Call().child('key', keyMember([key, format, type, passphrase, curve])).bytes('data', data).ask('decapsulate').made)
})

const PBKDF2Job = jobClass((/** @type {any} */ password, /** @type {any} */ salt, /** @type {number} */ iterations, /** @type {number} */ size, /** @type {string} */ digest) => {
  return bufferOf(new Call().bytes('password', password).bytes('salt', salt).put({ iterations, size, digest }).ask('pbkdf2').made)
})

const ScryptJob = jobClass((/** @type {any} */ password, /** @type {any} */ salt, /** @type {number} */ N, /** @type {number} */ r, /** @type {number} */ p, /** @type {number} */ maxmem, /** @type {number} */ size) => {
  return bufferOf(new Call().bytes('password', password).bytes('salt', salt).put({ N, r, p, maxmem, size }).ask('scrypt').made)
})

const HKDFJob = jobClass((/** @type {string} */ digest, /** @type {any} */ key, /** @type {any} */ salt, /** @type {any} */ info, /** @type {number} */ size) => {
  return bufferOf(new Call().put({ digest, size }).bytes('key', secretOf(key)).bytes('salt', salt).bytes('info', info).ask('hkdf').made)
})

export const argon2Kinds = { kTypeArgon2d: 0, kTypeArgon2i: 1, kTypeArgon2id: 2 }
const ARGON2 = ['argon2d', 'argon2i', 'argon2id']

const Argon2Job = jobClass((/** @type {any} */ message, /** @type {any} */ nonce, /** @type {number} */ parallelism, /** @type {number} */ size, /** @type {number} */ memory, /** @type {number} */ passes, /** @type {any} */ secret, /** @type {any} */ associatedData, /** @type {number} */ type) => {
  const call = new Call().put({ algorithm: ARGON2[type], parallelism, size, memory, passes })
  return bufferOf(call.bytes('message', message).bytes('nonce', nonce).bytes('secret', secret).bytes('associatedData', associatedData).ask('argon2').made)
})

const RandomPrimeJob = jobClass((/** @type {number} */ bits, /** @type {boolean} */ safe, /** @type {any} */ add, /** @type {any} */ rem) => bufferOf(new Call().put({ bits, safe }).bytes('add', add).bytes('rem', rem).ask('generatePrime').made))

const CheckPrimeJob = jobClass((/** @type {any} */ candidate, /** @type {number} */ checks) => new Call().put({ checks }).bytes('data', candidate).ask('checkPrime').value)

const RandomBytesJob = jobClass((/** @type {ArrayBuffer | ArrayBufferView} */ buffer, /** @type {number} */ offset, /** @type {number} */ size) => {
  fillRandom(bytesOfAny(buffer).subarray(offset, offset + size))
  return undefined
})

/** @param {Uint8Array} bytes */
function fillRandom (bytes) {
  const most = Math.min(readBounds(), 65_536)
  for (let at = 0; at < bytes.length; at += most) {
    const part = bytes.subarray(at, at + most)
    part.set(new Call().put({ size: part.length }).ask('random').made)
  }
}

/** An HMAC or AES key: nothing but random bytes. */
const SecretKeyGenJob = jobClass((/** @type {number} */ bits) => {
  const size = Math.floor(bits / 8)
  const most = readBounds()
  if (size > most) throw new RangeError(`Cannot generate key: it would have ${size} bytes, allowed are ${most}`)
  const bytes = new Uint8Array(size)
  fillRandom(bytes)
  return KeyObjectHandle.make(SECRET, secretOf(bytes))
})

/** How keys are to be given: each a handle unless it says a format. @typedef {[publicFormat?: number, publicType?: number, privateFormat?: number, privateType?: number, cipher?: string | null, passphrase?: any]} Encodings */

/** @param {string} type @param {Record<string, unknown>} options @param {unknown[]} encodings @param {any} [prime] */
function generatePair (type, options, encodings, prime) {
  const [publicFormat, publicType, privateFormat, privateType, cipher, passphrase] = /** @type {Encodings} */ (encodings)
  const { kind, details, publicKey, privateKey } = askPair(new Call().put({ type, ...options }).bytes('prime', prime), cipher)
  const made = [KeyObjectHandle.make(PUBLIC, secretOf(publicKey), kind, details), KeyObjectHandle.make(PRIVATE, secretOf(privateKey), kind, details)]
  return [exportAs(made[0], publicFormat, publicType), exportAs(made[1], privateFormat, privateType, cipher, passphrase)]
}

/** What is wrong with the kind of key is told before what is wrong with the cipher, and that before what comes of making it. @param {Call} call @param {string | null} [cipher] */
function askPair (call, cipher) {
  const isUnknown = typeof cipher === 'string' && ciphers.getCipherInfo(cipher) === undefined
  try {
    const made = call.ask('generateKeyPair')
    if (!isUnknown) return made
  } catch (error) {
    if (!isUnknown || isOfArguments(error)) throw error
  }
  throw buildFailure(/** @type {any} */ (Error), 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher')
}

const JWK = 2

/** @param {any} handle @param {number} [format] @param {number} [type] @param {string | null} [cipher] @param {any} [passphrase] */
function exportAs (handle, format, type, cipher, passphrase) {
  if (format === undefined) return handle
  if (format === JWK) return handle.exportJwk({})
  if (format === 3) return handle.getAsymmetricKeyType() === 'ec' ? handle.exportECPublicRaw(type) : handle.rawPublicKey()
  if (format === 4) return handle.rawPrivateKey()
  return format === 5 ? handle.rawSeed() : handle.export(format, type, cipher, passphrase)
}

const PSS = 1

const RsaKeyPairGenJob = jobClass((/** @type {number} */ variant, /** @type {number} */ modulusLength, /** @type {number} */ publicExponent, /** @type {any[]} */ ...rest) => {
  if (variant !== PSS) return generatePair('rsa', { modulusLength, publicExponent }, rest)
  const [hashAlgorithm, mgf1HashAlgorithm, saltLength, ...encodings] = rest
  return generatePair('rsa-pss', { modulusLength, publicExponent, hashAlgorithm, mgf1HashAlgorithm, saltLength }, encodings)
})

const DsaKeyPairGenJob = jobClass((/** @type {number} */ modulusLength, /** @type {number} */ divisorLength, /** @type {any[]} */ ...encodings) => {
  return generatePair('dsa', { modulusLength, divisorLength: divisorLength < 0 ? undefined : divisorLength }, encodings)
})

const EcKeyPairGenJob = jobClass((/** @type {string} */ namedCurve, /** @type {number} */ paramEncoding, /** @type {any[]} */ ...encodings) => {
  return generatePair('ec', { namedCurve, paramEncoding: paramEncoding === 0 ? 'explicit' : 'named' }, encodings)
})

const NamedKeyPairGenJob = jobClass((/** @type {string} */ name, /** @type {any[]} */ ...encodings) => generatePair(name.toLowerCase(), {}, encodings))

const DhKeyPairGenJob = jobClass((/** @type {any} */ group, /** @type {any[]} */ ...rest) => {
  if (typeof group === 'string') return generatePair('dh', { group }, rest)
  const [generator, ...encodings] = rest
  return typeof group === 'number' ? generatePair('dh', { primeLength: group, generator }, encodings) : generatePair('dh', { generator }, encodings, group)
})

export const jobs = {
  kCryptoJobAsync: ASYNC, kCryptoJobSync: SYNC, kCryptoJobWebCrypto: 2, kSignJobModeSign: SIGN, kSignJobModeVerify: 1, kKeyVariantRSA_SSA_PKCS1_v1_5: 0, kKeyVariantRSA_PSS: PSS, ...argon2Kinds,
  OPENSSL_EC_NAMED_CURVE: 1, OPENSSL_EC_EXPLICIT_CURVE: 0,
  SignJob, DHBitsJob, KEMEncapsulateJob, KEMDecapsulateJob, PBKDF2Job, ScryptJob, HKDFJob, Argon2Job, RandomPrimeJob, CheckPrimeJob, RandomBytesJob, SecretKeyGenJob,
  RsaKeyPairGenJob, DsaKeyPairGenJob, EcKeyPairGenJob, NamedKeyPairGenJob, DhKeyPairGenJob,
}
