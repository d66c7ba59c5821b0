// @ts-check
import { ArrayBufferIsView, ObjectCreate, ReflectDeleteProperty, ReflectOwnKeys, TypeErrorConstructor, append } from '../../engine/guest/intrinsics.js'
import { buildWords, requireArguments, shapeInterface } from '../../engine/guest/webidl.js'
import { createRandom } from './random.js'
import { createCounter } from './request.js'
import { SubtleCrypto, buildSubtle } from './subtle.js'

export { CryptoKey } from './key.js'
export { SubtleCrypto } from './subtle.js'

/** Only who has it can make the object. It never leaves this module. */
const MAKING = ObjectCreate(null)

/** Source: https://w3c.github.io/webcrypto/#crypto-interface */
export class Crypto {
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
  const allowed = buildWords(limits.methods)
  shapeInterface(Crypto, 'Crypto', keepMethods(Crypto, allowed))
  shapeInterface(SubtleCrypto, 'SubtleCrypto', keepMethods(SubtleCrypto, allowed))
  return new (/** @type {any} */ (Crypto))(MAKING, createRandom(host, limits.bytes), count, subtle)
}

/** Takes methods that are not allowed away from a class; answers the members that stay. @param {Function} constructor @param {Record<string, unknown>} allowed */
function keepMethods ({ prototype }, allowed) {
  const names = ReflectOwnKeys(prototype)
  /** @type {string[]} */
  const members = []
  for (let i = 0; i < names.length; i++) {
    const name = /** @type {string} */ (names[i])
    if (name === 'subtle' || name in allowed) append(members, name)
    else if (name !== 'constructor') ReflectDeleteProperty(prototype, name)
  }
  return members
}
