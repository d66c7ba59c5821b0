// @ts-check
import { ArrayBufferIsView, ObjectCreate, ReflectDeleteProperty, TypeErrorConstructor } from '../../engine/guest/intrinsics.js'
import { exposeInterface, requireArguments, shapeInterface } from '../../engine/guest/webidl.js'
import { CryptoKey } from './key.js'
import { createRandom } from './random.js'
import { createCounter } from './request.js'
import { SubtleCrypto, buildSubtle } from './subtle.js'

/** Only who has it can make the object. It never leaves this module. */
const MAKING = ObjectCreate(null)

/** Source: https://w3c.github.io/webcrypto/#crypto-interface */
class Crypto {
  /** @type {ReturnType<typeof createRandom>} */
  #random
  /** @type {() => void} */
  #count
  /** @type {SubtleCrypto} */
  #subtle

  constructor () {
    if (arguments[0] !== MAKING) throw new TypeErrorConstructor('Cannot construct Crypto: it is crypto')
    this.#random = arguments[1]
    this.#count = arguments[2]
    this.#subtle = arguments[3]
  }

  get subtle () { return this.#subtle }

  /** @param {ArrayBufferView} array */
  getRandomValues (array) {
    const random = this.#random
    requireArguments(arguments.length, 1, 'Crypto.getRandomValues')
    if (!ArrayBufferIsView(array)) throw new TypeErrorConstructor('Cannot get random values: the argument is not a view on an ArrayBuffer')
    this.#count()
    random.fill(array)
    return array
  }

  randomUUID () {
    const random = this.#random
    this.#count()
    return random.buildUuid()
  }
}

/**
 * What user code sees as `crypto`. Methods that the operator does not allow are not there.
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 * @param {import('./request.js').Limits} limits
 */
export default function createCrypto (host, limits) {
  const count = createCounter(limits)
  const subtle = buildSubtle((request) => {
    count()
    return request.send(host)
  }, limits.bytes)
  shapeInterface(Crypto, 'Crypto', ['subtle', ...keepMethods(Crypto, limits.methods)])
  shapeInterface(SubtleCrypto, 'SubtleCrypto', keepMethods(SubtleCrypto, limits.methods))
  for (const constructor of [Crypto, SubtleCrypto, CryptoKey]) exposeInterface(constructor)
  return new (/** @type {any} */ (Crypto))(MAKING, createRandom(host, limits.bytes), count, subtle)
}

/** Runs before user code. Takes methods that are not on the list away from a class; answers those that stay. @param {Function} constructor @param {string[]} allowed */
function keepMethods ({ prototype }, allowed) {
  const methods = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor' && name !== 'subtle')
  for (const name of methods) if (!allowed.includes(name)) ReflectDeleteProperty(prototype, name)
  return methods.filter((name) => allowed.includes(name))
}
