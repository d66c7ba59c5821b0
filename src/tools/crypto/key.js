// @ts-check
import { ObjectCreate, ObjectHasOwn, TypeErrorConstructor, Uint8ArrayConstructor, defineValue } from '../../engine/guest/intrinsics.js'
import { textToBuffer } from '../../engine/guest/bytes.js'
import { isObject, shapeInterface } from '../../engine/guest/webidl.js'

/** @typedef {{ id: number, type: string, extractable: boolean, algorithm: Record<string, any>, usages: string[] }} KeyView as the native describes a key */

/** Only who has it can make a key. It never leaves this module. */
const MAKING = ObjectCreate(null)

/** @type {(value: object) => number | undefined} */
let idOf

/** A key of this run. The key itself is in the native: what is here is its number, and what anybody may know of it. */
export class CryptoKey {
  /** @type {KeyView} */
  #view
  #id

  constructor () {
    const making = arguments[0]
    if (making !== MAKING) throw new TypeErrorConstructor('Cannot construct CryptoKey: keys are made by crypto.subtle')
    this.#view = arguments[1]
    this.#id = this.#view.id
  }

  static {
    idOf = (value) => #id in value ? value.#id : undefined
  }

  get type () { return this.#view.type }
  get extractable () { return this.#view.extractable }
  get algorithm () { return this.#view.algorithm }
  get usages () { return this.#view.usages }
}
shapeInterface(CryptoKey, 'CryptoKey', ['type', 'extractable', 'algorithm', 'usages'])

/** The number of a key. Throws a TypeError for anything that was not made here. @param {unknown} value @param {string} what */
export function toKey (value, what) {
  const id = isObject(value) ? idOf(value) : undefined
  if (id === undefined) throw new TypeErrorConstructor(`${what} is not a CryptoKey`)
  return id
}

/** @param {KeyView} view fresh from JSON: nobody else has it */
export function buildKey (view) {
  const { algorithm } = view
  if (ObjectHasOwn(algorithm, 'publicExponent')) {
    defineValue(algorithm, 'publicExponent', new Uint8ArrayConstructor(textToBuffer(algorithm['publicExponent'])))
  }
  return new (/** @type {any} */ (CryptoKey))(MAKING, view)
}

/** @param {{ publicKey: KeyView, privateKey: KeyView }} views */
export function buildKeyPair ({ publicKey, privateKey }) {
  return { publicKey: buildKey(publicKey), privateKey: buildKey(privateKey) }
}
