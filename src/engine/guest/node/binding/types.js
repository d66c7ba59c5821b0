// @ts-check

// What kind of object a value is, by what only that kind answers. Source: node_types.cc

const { apply, getOwnPropertyDescriptor, getPrototypeOf } = Reflect
const { toString } = Object.prototype
const { isError } = /** @type {any} */ (Error) // no type knows it yet

/** @typedef {(value: unknown) => boolean} Check */

/** Whether a method of a kind takes the value as its own. @param {Function} method @param {unknown[]} [args] @returns {Check} */
const takes = (method, args = []) => (value) => {
  if (!isObject(value)) return false
  try {
    apply(method, value, args)
    return true
  } catch {
    return false
  }
}

/** @param {unknown} value @returns {value is object} */
const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function'

/** @param {object} prototype @param {PropertyKey} key */
const getter = (prototype, key) => /** @type {Function} */ (getOwnPropertyDescriptor(prototype, key)?.get)

/** By its name, when it did not choose that itself. @param {string} tag @returns {Check} */
const isTagged = (tag) => (value) => isObject(value) && apply(toString, value, []) === tag

/** Whether one object is among those that another inherits from. @param {unknown} value @param {object[]} prototypes */
function inherits (value, prototypes) {
  let at = isObject(value) ? getPrototypeOf(value) : null
  while (at !== null && !prototypes.includes(at)) at = getPrototypeOf(at)
  return at !== null
}

const asyncFunction = /** @type {object} */ (getPrototypeOf(async function () {}))
const generatorFunction = /** @type {object} */ (getPrototypeOf(function * () {}))
const asyncGeneratorFunction = /** @type {object} */ (getPrototypeOf(async function * () {}))
const mapIterator = /** @type {object} */ (getPrototypeOf(new Map().keys()))
const setIterator = /** @type {object} */ (getPrototypeOf(new Set().keys()))
const generator = /** @type {{ prototype: object }} */ (generatorFunction).prototype
const asyncGenerator = /** @type {{ prototype: object }} */ (asyncGeneratorFunction).prototype
const readGlobal = getter(RegExp.prototype, 'global')
const resolve = Promise.resolve

const isArrayBuffer = takes(getter(ArrayBuffer.prototype, 'byteLength'))
const isBooleanObject = takes(Boolean.prototype.valueOf)
const isNumberObject = takes(Number.prototype.valueOf)
const isStringObject = takes(String.prototype.valueOf)
const isSymbolObject = takes(Symbol.prototype.valueOf)
const isBigIntObject = takes(BigInt.prototype.valueOf)

/** Asking for its `then` would handle it: `Promise.resolve` answers a promise itself when that is of the constructor asked. @type {Check} */
function isPromise (value) {
  if (!isObject(value) || !inherits(value, [Promise.prototype])) return false
  try {
    const { constructor } = value
    const resolved = apply(resolve, constructor, [value])
    if (resolved !== value && inherits(resolved, [Promise.prototype])) resolved.catch(() => {})
    return resolved === value
  } catch {
    return false
  }
}

/** @type {Check} */
function isModuleNamespaceObject (value) {
  if (!isObject(value) || getPrototypeOf(value) !== null) return false
  const tag = getOwnPropertyDescriptor(value, Symbol.toStringTag)
  return tag?.value === 'Module' && tag.writable === false && tag.configurable === false && !Object.isExtensible(value)
}

/** @type {Check} */
const never = () => false

/** In Node's order. */
export const typesBinding = {
  /** @param {unknown} value */
  isArgumentsObject: (value) => isObject(value) && !(Symbol.toStringTag in value) && apply(toString, value, []) === '[object Arguments]',
  isArrayBuffer,
  /** @param {unknown} value */
  isAsyncFunction: (value) => typeof value === 'function' && inherits(value, [asyncFunction, asyncGeneratorFunction]),
  isBigIntObject,
  isBooleanObject,
  isDate: takes(Date.prototype.getTime),
  isExternal: never,
  /** @param {unknown} value */
  isGeneratorFunction: (value) => typeof value === 'function' && inherits(value, [generatorFunction, asyncGeneratorFunction]),
  /** @param {unknown} value */
  isGeneratorObject: (value) => inherits(value, [generator, asyncGenerator]) && (isTagged('[object Generator]')(value) || isTagged('[object AsyncGenerator]')(value)),
  isMap: takes(getter(Map.prototype, 'size')),
  /** @param {unknown} value */
  isMapIterator: (value) => inherits(value, [mapIterator]) && isTagged('[object Map Iterator]')(value),
  isModuleNamespaceObject,
  isNativeError: (/** @type {unknown} */ value) => isError(value),
  isNumberObject,
  isPromise,
  isProxy: never,
  /** @param {unknown} value */
  isRegExp: (value) => takes(readGlobal)(value) && apply(readGlobal, value, []) !== undefined,
  isSet: takes(getter(Set.prototype, 'size')),
  /** @param {unknown} value */
  isSetIterator: (value) => inherits(value, [setIterator]) && isTagged('[object Set Iterator]')(value),
  isSharedArrayBuffer: never,
  isStringObject,
  isSymbolObject,
  isWeakMap: takes(WeakMap.prototype.has, [{}]),
  isWeakSet: takes(WeakSet.prototype.has, [{}]),
  isAnyArrayBuffer: isArrayBuffer,
  /** @param {unknown} value */
  isBoxedPrimitive: (value) => isNumberObject(value) || isStringObject(value) || isBooleanObject(value) || isBigIntObject(value) || isSymbolObject(value),
}
for (const check of Object.values(typesBinding)) Object.defineProperties(check, { name: { value: '' }, length: { value: 0 } }) // as functions of C++ are
