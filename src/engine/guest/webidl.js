// @ts-check
import {
  MathTrunc, NumberIsFinite, ObjectCreate, ObjectFreeze, ReflectApply, ReflectDefineProperty, ReflectGetOwnPropertyDescriptor, ReflectOwnKeys,
  ReflectSetPrototypeOf, SymbolIterator, SymbolToStringTag, TypeErrorConstructor, WeakSetConstructor, append, buildList, defineValue, ownValue, regExpExec,
  stringToWellFormed, weakSetAdd, weakSetHas,
} from './intrinsics.js'
import { markNative } from './native-code.js'

// Conversions of values as Web IDL has them. Source: https://webidl.spec.whatwg.org/#javascript-type-mapping
// Each may run code of the user's, once for each member, in the order that the standard gives.

/** @param {number} given @param {number} needed @param {string} what */
export function requireArguments (given, needed, what) {
  if (given < needed) throw new TypeErrorConstructor(`Cannot call ${what}: it takes ${needed} ${needed === 1 ? 'argument' : 'arguments'} and got ${given}`)
}

/** @param {unknown} value @returns {value is Record<PropertyKey, any>} */
export const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function'

/** DOMString. @param {any} value @returns {string} */
export const toText = (value) => `${value}`

/** USVString. @param {unknown} value */
export const toScalarText = (value) => stringToWellFormed(toText(value))

const BEYOND_BYTES = /[^\0-\xff]/

/** ByteString. @param {unknown} value @param {string} what */
export function toByteText (value, what) {
  const text = toText(value)
  if (regExpExec(BEYOND_BYTES, text) !== null) throw new TypeErrorConstructor(`${what} has a character above U+00FF`)
  return text
}

/** A dictionary: what its members are read from. @param {unknown} value @param {string} what @returns {Record<string, unknown>} */
export function toDictionary (value, what) {
  if (value === undefined || value === null) return EMPTY
  if (isObject(value)) return value
  throw new TypeErrorConstructor(`${what} is not an object`)
}
const EMPTY = ObjectFreeze(ObjectCreate(null))

/** The words of an enumeration. @param {string[]} words @returns {Record<string, unknown>} */
export function buildWords (words) {
  const table = ObjectCreate(null)
  for (let i = 0; i < words.length; i++) table[/** @type {string} */ (words[i])] = true
  return table
}

/** `unsigned long`, which wraps around. @param {any} value */
export const toUnsignedLong = (value) => value >>> 0

/** `unsigned short`, which wraps around. @param {any} value */
export const toUnsignedShort = (value) => value & 0xffff

/** An unsigned integer with [EnforceRange]. @param {any} value @param {number} max @param {string} what */
export function toEnforced (value, max, what) {
  const number = MathTrunc(+value)
  if (!NumberIsFinite(number) || number < 0 || number > max) throw new TypeErrorConstructor(`${what} is not an integer from 0 to ${max}`)
  return number
}

/** `long`, which wraps around. @param {any} value */
export const toLong = (value) => value | 0

/** `double`. @param {any} value @param {string} what */
export function toDouble (value, what) {
  const number = +value
  if (!NumberIsFinite(number)) throw new TypeErrorConstructor(`${what} is not a finite number`)
  return number
}

/** An enumeration. @param {unknown} value @param {Record<string, unknown>} words without a prototype @param {string} what */
export function toWord (value, words, what) {
  const text = toText(value)
  if (!(text in words)) throw new TypeErrorConstructor(`${what} "${text}" is not one that is known`)
  return text
}

/**
 * A sequence, of whatever can be iterated. The list has no prototype, so that nothing is looked up on it.
 * @template T
 * @param {unknown} value
 * @param {(item: unknown) => T} convert
 * @param {string} what
 * @returns {T[]}
 */
export function toSequence (value, convert, what) {
  const method = isObject(value) ? value[SymbolIterator] : undefined
  if (typeof method !== 'function') throw new TypeErrorConstructor(`${what} is not a sequence`)
  return iterate(value, method, convert)
}

/**
 * A sequence, from the method that makes its iterator. What that does wrong is told in the words of V8.
 * @template T
 * @param {unknown} value
 * @param {Function} method
 * @param {(item: unknown) => T} convert
 * @returns {T[]}
 */
export function iterate (value, method, convert) {
  const iterator = ReflectApply(method, value, [])
  if (!isObject(iterator)) throw new TypeErrorConstructor('Result of the Symbol.iterator method is not an object')
  const { next } = iterator
  /** @type {T[]} */
  const list = []
  ReflectSetPrototypeOf(list, null)
  for (;;) {
    const step = ReflectApply(next, iterator, [])
    if (!isObject(step)) throw new TypeErrorConstructor(`Iterator result ${toText(step)} is not an object`)
    if (step['done']) return list
    append(list, convert(step['value']))
  }
}

/**
 * A record: the pairs of its members that can be enumerated. Symbols are converted like other keys, which throws; of keys that become the same the last
 * value counts. The list has no prototype.
 * @param {Record<PropertyKey, unknown>} value
 * @param {(text: unknown) => string} convert of keys and of values, each key before its value is read
 */
export function readRecord (value, convert) {
  const keys = ReflectOwnKeys(value)
  /** @type {[key: string, value: string][]} */
  const pairs = buildList()
  const known = ObjectCreate(null)
  for (let i = 0; i < keys.length; i++) {
    const key = /** @type {PropertyKey} */ (keys[i])
    const descriptor = ReflectGetOwnPropertyDescriptor(value, key)
    if (descriptor === undefined || !ownValue(descriptor, 'enumerable')) continue
    const text = convert(key)
    const content = convert(value[key])
    if (text in known) known[text][1] = content
    else append(pairs, known[text] = [text, content])
  }
  return pairs
}

/**
 * Makes a class what Web IDL says an interface is: its members can be enumerated, its objects are named after it, and its functions look like
 * those of the platform.
 * @param {Function} constructor
 * @param {string} name as it was written: the bundler renames classes that say their own name, or that of a global
 * @param {string[]} members
 * @param {string[]} [statics]
 */
export function shapeInterface (constructor, name, members, statics = []) {
  const { prototype } = constructor
  weakSetAdd(prototypes, prototype)
  ReflectDefineProperty(constructor, 'name', fixed(name, false, true))
  markNative(constructor)
  for (let i = 0; i < members.length; i++) showMember(prototype, /** @type {string} */ (members[i]))
  for (let i = 0; i < statics.length; i++) showMember(constructor, /** @type {string} */ (statics[i]))
  ReflectDefineProperty(prototype, SymbolToStringTag, fixed(name, false, true))
}

/** Prototypes of interfaces. */
const prototypes = new WeakSetConstructor()

/** @param {object} prototype */
export const isInterfacePrototype = (prototype) => weakSetHas(prototypes, prototype)

/** @param {object} holder @param {string} name */
function showMember (holder, name) {
  ReflectDefineProperty(holder, name, SHOWN)
  const descriptor = /** @type {any} */ (ReflectGetOwnPropertyDescriptor(holder, name))
  ReflectSetPrototypeOf(descriptor, null)
  const { value, get, set } = descriptor
  if (value !== undefined) markNative(value)
  if (get !== undefined) markNative(get)
  if (set !== undefined) markNative(set)
}

/** @type {any} */
const SHOWN = { __proto__: null, enumerable: true }

/** Has an interface inherit from another, without `extends`, which would have `new` ask user code for the constructor to call. @param {Function} constructor @param {Function} parent */
export function inheritInterface (constructor, parent) {
  ReflectSetPrototypeOf(constructor, parent)
  ReflectSetPrototypeOf(constructor.prototype, parent.prototype)
}

/** Puts methods on the global object, as operations of an interface. @param {Record<string, Function>} operations */
export function exposeOperations (operations) {
  for (const name in operations) {
    const operation = /** @type {Function} */ (operations[name])
    markNative(operation)
    defineValue(globalThis, name, operation)
  }
}

/** A constant of an interface. @param {Function} constructor @param {string} name @param {number} value */
export function defineConstant (constructor, name, value) {
  ReflectDefineProperty(constructor, name, fixed(value, true, false))
  ReflectDefineProperty(constructor.prototype, name, fixed(value, true, false))
}

/** @param {unknown} value @param {boolean} enumerable @param {boolean} configurable @returns {any} */
const fixed = (value, enumerable, configurable) => ({ __proto__: null, value, writable: false, enumerable, configurable })
