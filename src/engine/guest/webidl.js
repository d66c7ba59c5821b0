// @ts-check
import {
  MathTrunc, NumberIsFinite, ReflectApply, ReflectDefineProperty, ReflectGetOwnPropertyDescriptor, ReflectSetPrototypeOf, SymbolIterator,
  SymbolToStringTag, TypeErrorConstructor, append,
} from './intrinsics.js'

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

/** `unsigned long`, which wraps around. @param {any} value */
export const toUnsignedLong = (value) => value >>> 0

/** An unsigned integer with [EnforceRange]. @param {any} value @param {number} max @param {string} what */
export function toEnforced (value, max, what) {
  const number = MathTrunc(+value)
  if (!NumberIsFinite(number) || number < 0 || number > max) throw new TypeErrorConstructor(`${what} is not an integer from 0 to ${max}`)
  return number
}

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
  const iterator = ReflectApply(method, value, [])
  if (!isObject(iterator)) throw new TypeErrorConstructor(`${what} has an iterator that is no object`)
  const { next } = iterator
  /** @type {T[]} */
  const list = []
  ReflectSetPrototypeOf(list, null)
  for (;;) {
    const step = ReflectApply(next, iterator, [])
    if (!isObject(step)) throw new TypeErrorConstructor(`${what} has an iterator that gives no object`)
    if (step['done']) return list
    append(list, convert(step['value']))
  }
}

/**
 * Makes a class what Web IDL says an interface is: its members can be enumerated, and its objects are named after it.
 * @param {Function} constructor
 * @param {string[]} members
 */
export function shapeInterface (constructor, members) {
  const { prototype, name } = constructor
  for (let i = 0; i < members.length; i++) {
    const member = /** @type {string} */ (members[i])
    const descriptor = /** @type {PropertyDescriptor} */ (ReflectGetOwnPropertyDescriptor(prototype, member))
    ReflectSetPrototypeOf(descriptor, null)
    descriptor.enumerable = true
    ReflectDefineProperty(prototype, member, descriptor)
  }
  ReflectDefineProperty(prototype, SymbolToStringTag, fixed(name, false, true))
}

/** Puts an interface on the global object. @param {Function} constructor */
export function exposeInterface (constructor) {
  ReflectDefineProperty(globalThis, constructor.name, /** @type {any} */ ({ __proto__: null, value: constructor, writable: true, enumerable: false, configurable: true }))
}

/** A constant of an interface. @param {Function} constructor @param {string} name @param {number} value */
export function defineConstant (constructor, name, value) {
  ReflectDefineProperty(constructor, name, fixed(value, true, false))
  ReflectDefineProperty(constructor.prototype, name, fixed(value, true, false))
}

/** @param {unknown} value @param {boolean} enumerable @param {boolean} configurable @returns {any} */
const fixed = (value, enumerable, configurable) => ({ __proto__: null, value, writable: false, enumerable, configurable })
