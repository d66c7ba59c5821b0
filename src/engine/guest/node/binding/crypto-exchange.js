// @ts-check
import { Call, give, giveAny } from './crypto-native.js'

// DiffieHellman, DiffieHellmanGroup and ECDH of Node's C++ (crypto_dh.cc, crypto_ec.cc).

/** What is known of a group is on the other side: to check a prime takes long. */
class Exchange {
  #id
  /** @type {number} */
  verifyError

  /** @param {Call} call */
  constructor (call) {
    const { id, verifyError } = call.ask('dhOpen')
    this.#id = id
    this.verifyError = verifyError
  }

  generateKeys () { return this.#get('generateKeys') }
  getPrime () { return this.#get('getPrime') }
  getGenerator () { return this.#get('getGenerator') }
  getPublicKey () { return this.#get('getPublicKey') }
  getPrivateKey () { return this.#get('getPrivateKey') }
  setPublicKey (/** @type {any} */ key) { this.#call('setPublicKey').bytes('data', key).ask('dhSet') }
  setPrivateKey (/** @type {any} */ key) { this.#call('setPrivateKey').bytes('data', key).ask('dhSet') }
  computeSecret (/** @type {any} */ key) { return give(new Call().put({ id: this.#id }).bytes('data', key).ask('dhSecret').made) }

  /** @param {string} method */
  #get (method) {
    return give(this.#call(method).ask('dhGet').made)
  }

  /** @param {string} method */
  #call (method) {
    return new Call().put({ id: this.#id, method })
  }
}

class DiffieHellman extends Exchange {
  /** @param {number | ArrayBuffer | ArrayBufferView} sizeOrPrime @param {number | ArrayBuffer | ArrayBufferView} generator */
  constructor (sizeOrPrime, generator) {
    super(typeof generator === 'number' ? beginGroup(sizeOrPrime).put({ generator }) : beginGroup(sizeOrPrime).bytes('generatorBytes', generator))
  }
}

/** @param {number | ArrayBuffer | ArrayBufferView} sizeOrPrime */
const beginGroup = (sizeOrPrime) => typeof sizeOrPrime === 'number' ? new Call().put({ bits: sizeOrPrime }) : new Call().bytes('prime', sizeOrPrime)

class DiffieHellmanGroup extends Exchange {
  /** @param {unknown} name */
  constructor (name) {
    super(new Call().put({ group: name }))
  }
}

const FORMS = { 2: 'compressed', 4: 'uncompressed', 6: 'hybrid' }

/** The keys are here. */
class ECDH {
  #curve
  /** @type {Uint8Array | undefined} */
  #privateKey
  /** @type {Uint8Array | undefined} */
  #publicKey

  /** @param {string} curve */
  constructor (curve) {
    this.#curve = curve
    this.#call('create').ask('ecdh')
  }

  generateKeys () { this.#change(this.#call('generateKeys')) }
  setPrivateKey (/** @type {any} */ key) { this.#change(this.#call('setPrivateKey').bytes('data', key)) }
  setPublicKey (/** @type {any} */ key) { this.#change(this.#call('setPublicKey').bytes('data', key)) }
  computeSecret (/** @type {any} */ key) { return give(this.#call('computeSecret').bytes('data', key).ask('ecdh').made) }
  getPrivateKey () { return give(this.#call('getPrivateKey').ask('ecdh').made) }
  getPublicKey (/** @type {2 | 4 | 6} */ form) { return give(this.#call('getPublicKey').put({ form: FORMS[form] }).ask('ecdh').made) }

  /** @param {Call} call */
  #change (call) {
    const { privateKey, publicKey } = call.ask('ecdh')
    if (privateKey !== undefined) this.#privateKey = privateKey
    if (publicKey !== undefined) this.#publicKey = publicKey
  }

  /** @param {string} method */
  #call (method) {
    return new Call().put({ curve: this.#curve, method }).bytes('privateKey', this.#privateKey).bytes('publicKey', this.#publicKey)
  }
}

/** @param {any} key @param {string} curve @param {2 | 4 | 6} form */
const ECDHConvertKey = (key, curve, form) => giveAny(new Call().put({ curve, form: FORMS[form] }).bytes('data', key).ask('convertPoint').made)

export const exchanges = { DiffieHellman, DiffieHellmanGroup, ECDH, ECDHConvertKey }
