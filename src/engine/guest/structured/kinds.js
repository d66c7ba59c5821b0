// @ts-check
import {
  ErrorConstructor, ErrorPrototype, ObjectPrototype, ReflectApply, ReflectGetOwnPropertyDescriptor, ReflectGetPrototypeOf, WeakMapConstructor, arrayBufferByteLength,
  dataViewByteLength, mapSize, setSize, typedArrayKind, weakMapGet, weakMapSet,
} from '../intrinsics.js'

// Evaluated before user code, in runs that need it: what it takes from the language is what was there.

/** @template {(...args: any[]) => any} F @param {F} method @returns {(self: unknown, ...args: Parameters<F>) => ReturnType<F>} */
const uncurry = (method) => (self, ...args) => ReflectApply(method, self, args)

/** @param {object} prototype @param {string} name @returns {(self: unknown) => any} */
const getterOf = (prototype, name) => uncurry(/** @type {() => any} */ (ReflectGetOwnPropertyDescriptor(prototype, name)?.get))

export const dateGetTime = uncurry(Date.prototype.getTime)
export const booleanValueOf = uncurry(Boolean.prototype.valueOf)
export const numberValueOf = uncurry(Number.prototype.valueOf)
export const stringValueOf = uncurry(String.prototype.valueOf)
export const bigintValueOf = uncurry(BigInt.prototype.valueOf)
export const regExpSource = getterOf(RegExp.prototype, 'source')
const FLAGS = /** @type {[string, (self: unknown) => boolean][]} */ ([
  ['d', 'hasIndices'], ['g', 'global'], ['i', 'ignoreCase'], ['m', 'multiline'], ['s', 'dotAll'], ['u', 'unicode'], ['v', 'unicodeSets'], ['y', 'sticky'],
].map(([flag, name]) => [flag, getterOf(RegExp.prototype, /** @type {string} */ (name))]))
const symbolValueOf = uncurry(Symbol.prototype.valueOf)
/** @type {(value: unknown) => boolean} */
const isErrorObject = /** @type {any} */ (ErrorConstructor).isError

/** The getter of all of them at once would ask the object for each. @param {unknown} value */
export function regExpFlags (value) {
  let flags = ''
  for (let i = 0; i < FLAGS.length; i++) {
    const flag = /** @type {(typeof FLAGS)[number]} */ (FLAGS[i])
    if (flag[1](value)) flags += flag[0]
  }
  return flags
}

/** What a value is asked to be sure that it is what its prototype says; throws for what is not. @type {Record<string, (value: any) => unknown>} */
const BRANDS = {
  Map: mapSize,
  Set: setSize,
  Date: dateGetTime,
  RegExp: regExpFlags,
  Error (value) { if (!isErrorObject(value)) throw value },
  ArrayBuffer: arrayBufferByteLength,
  DataView: dataViewByteLength,
  TypedArray (value) { if (typedArrayKind(value) === undefined) throw value },
  Boolean: booleanValueOf,
  Number: numberValueOf,
  String: stringValueOf,
  BigInt: bigintValueOf,
  Symbol: symbolValueOf,
}

/** Kinds by the prototypes that objects of them inherit from. The last ones have no form, and no way to be sure of them that does not change them. */
const prototypes = new Map(/** @type {[object, string][]} */ ([
  [Map.prototype, 'Map'], [Set.prototype, 'Set'], [Date.prototype, 'Date'], [RegExp.prototype, 'RegExp'], [ErrorPrototype, 'Error'],
  [ArrayBuffer.prototype, 'ArrayBuffer'], [DataView.prototype, 'DataView'], [ReflectGetPrototypeOf(Uint8Array.prototype), 'TypedArray'],
  [Boolean.prototype, 'Boolean'], [Number.prototype, 'Number'], [String.prototype, 'String'], [BigInt.prototype, 'BigInt'], [Symbol.prototype, 'Symbol'],
  [Promise.prototype, 'Promise'], [WeakMap.prototype, 'WeakMap'], [WeakSet.prototype, 'WeakSet'], [WeakRef.prototype, 'WeakRef'],
  [FinalizationRegistry.prototype, 'FinalizationRegistry'], [Iterator.prototype, 'Iterator'],
]))
const prototypeGet = uncurry(prototypes.get)
/** Kinds that were found for prototypes of user code: objects of one class are many. */
const known = new WeakMapConstructor()
const PROTOTYPES_MAX = 64

/**
 * Tells what an object that is no array is, whatever it says of itself. What has the prototype of plain objects is one: to be sure, each would
 * have to be asked whether it is any of the others.
 * @param {object} value @returns {string}
 */
export function kindOf (value) {
  const prototype = ReflectGetPrototypeOf(value)
  if (prototype === ObjectPrototype || prototype === null) return 'Object'
  const kind = weakMapGet(known, prototype) ?? findKind(prototype)
  const brand = BRANDS[kind]
  if (brand === undefined) return kind
  try {
    brand(value)
    return kind
  } catch {
    return 'Object'
  }
}

/** @param {object} prototype */
function findKind (prototype) {
  /** @type {object | null} */
  let at = prototype
  let kind = 'Object'
  for (let depth = 0; at !== null && depth < PROTOTYPES_MAX && kind === 'Object'; depth++) {
    kind = prototypeGet(prototypes, at) ?? 'Object'
    at = ReflectGetPrototypeOf(at)
  }
  weakMapSet(known, prototype, kind)
  return kind
}

/** Constructors of views, by their names. @type {Record<string, any>} */
export const VIEWS = {
  __proto__: null,
  DataView, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Float16Array: /** @type {any} */ (globalThis).Float16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array, BigInt64Array, BigUint64Array,
}

/** Constructors of errors, by their names; any other name is one of an Error. @type {Record<string, any>} */
export const ERRORS = {
  __proto__: null,
  Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError,
}
