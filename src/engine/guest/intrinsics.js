// @ts-check
// Everything the trusted code in an isolate needs from the language, captured before user code can change it.
// Only calls through these bindings are safe afterwards: a method call on a value would look its name up on a
// prototype that user code owns.

const { apply, construct, defineProperty, deleteProperty, get, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, setPrototypeOf } = Reflect

/**
 * @template {(...args: any[]) => any} F
 * @param {F} method
 * @returns {(self: unknown, ...args: Parameters<F>) => ReturnType<F>}
 */
const uncurry = (method) => (self, ...args) => apply(method, self, args)

export const ReflectApply = apply
export const ReflectConstruct = construct
export const ReflectDefineProperty = defineProperty
export const ReflectDeleteProperty = deleteProperty
export const ReflectGet = get
export const ReflectGetOwnPropertyDescriptor = getOwnPropertyDescriptor
export const ReflectGetPrototypeOf = getPrototypeOf
export const ReflectOwnKeys = ownKeys
export const ReflectSetPrototypeOf = setPrototypeOf

export const ArrayIsArray = Array.isArray
export const ArrayPrototype = Array.prototype
export const ArrayBufferPrototype = ArrayBuffer.prototype
export const ArrayBufferConstructor = ArrayBuffer
export const ArrayBufferIsView = ArrayBuffer.isView
/** @type {(buffer: ArrayBuffer) => ArrayBuffer} */
export const arrayBufferTransfer = uncurry(/** @type {any} */ (ArrayBuffer.prototype).transfer)
export const BigIntPrototype = BigInt.prototype
export const BooleanPrototype = Boolean.prototype
export const DataViewConstructor = DataView
export const DateConstructor = Date
export const DatePrototype = Date.prototype
export const dateGetTime = uncurry(Date.prototype.getTime)
/** Asks the object itself, and no prototype. @type {(value: unknown) => value is Error} */
export const ErrorIsError = /** @type {any} */ (Error).isError
export const MapConstructor = Map
export const MapPrototype = Map.prototype
export const NumberPrototype = Number.prototype
export const ObjectConstructor = Object
export const ObjectKeys = Object.keys
export const RegExpPrototype = RegExp.prototype
export const SetConstructor = Set
export const SetPrototype = Set.prototype
export const StringPrototype = String.prototype
export const bigIntValueOf = uncurry(BigInt.prototype.valueOf)
export const booleanValueOf = uncurry(Boolean.prototype.valueOf)
export const mapGet = uncurry(Map.prototype.get)
export const mapSet = uncurry(Map.prototype.set)
export const numberValueOf = uncurry(Number.prototype.valueOf)
export const setAdd = uncurry(Set.prototype.add)
export const stringValueOf = uncurry(String.prototype.valueOf)
export const DateNow = Date.now
export const DateToISOString = uncurry(Date.prototype.toISOString)
export const JSONParse = JSON.parse
export const JSONStringify = JSON.stringify
export const MathFloor = Math.floor
export const MathMax = Math.max
export const MathMin = Math.min
export const MathTrunc = Math.trunc
export const NumberIsFinite = Number.isFinite
export const NumberParseFloat = Number.parseFloat
export const NumberParseInt = Number.parseInt
export const ObjectCreate = Object.create
export const ObjectFreeze = Object.freeze
export const ObjectGetOwnPropertyDescriptor = Object.getOwnPropertyDescriptor
export const ObjectGetOwnPropertyDescriptors = Object.getOwnPropertyDescriptors
export const ObjectHasOwn = Object.hasOwn
export const ObjectIs = Object.is
export const ObjectPrototype = Object.prototype
export const ObjectPrototypeToString = uncurry(Object.prototype.toString)
export const RangeErrorConstructor = RangeError
export const RangeErrorPrototype = RangeError.prototype
export const ErrorConstructor = Error
/** Makes code from text. For packages that have to, and for nothing of the user's: what it makes is code of the same isolate. */
export const FunctionConstructor = Function
export const ErrorPrototype = Error.prototype
export const PromiseConstructor = Promise
export const PromisePrototype = Promise.prototype
export const TypeErrorPrototype = TypeError.prototype
export const RegExpConstructor = RegExp
export const RegExpToString = uncurry(RegExp.prototype.toString)
export const StringConstructor = String
export const SymbolAsyncIterator = Symbol.asyncIterator
export const SymbolFor = Symbol.for
export const SymbolIterator = Symbol.iterator
export const SymbolToString = uncurry(Symbol.prototype.toString)
export const SymbolToStringTag = Symbol.toStringTag
export const SymbolPrototype = Symbol.prototype
export const SymbolSpecies = Symbol.species
export const TypeErrorConstructor = TypeError
export const EvalErrorConstructor = EvalError
export const URIDecode = decodeURIComponent
export const URIEncode = encodeURIComponent
export const WeakMapConstructor = WeakMap
export const WeakMapPrototype = WeakMap.prototype
export const WeakRefPrototype = WeakRef.prototype
export const WeakSetPrototype = WeakSet.prototype
export const WeakRefConstructor = WeakRef
export const WeakSetConstructor = WeakSet
export const Uint8ArrayConstructor = Uint8Array
export const Uint16ArrayConstructor = Uint16Array
/** What generator functions, and asynchronous ones, inherit from. */
export const GeneratorFunctionPrototype = getPrototypeOf(function * () {})
export const AsyncGeneratorFunctionPrototype = getPrototypeOf(async function * () {})
/** What every asynchronous iterator of the language inherits from. */
export const AsyncIteratorPrototype = getPrototypeOf(/** @type {object} */ (getPrototypeOf(async function * () {}.prototype)))
/** What every iterator of the language inherits from. */
export const IteratorPrototype = Iterator.prototype

export const arrayJoin = uncurry(Array.prototype.join)
/** @type {<T>(list: T[], compare: (a: T, b: T) => number) => T[]} */
export const arraySort = uncurry(Array.prototype.sort)
/** @type {(pattern: RegExp, text: string) => RegExpExecArray | null} */
export const regExpExec = uncurry(RegExp.prototype.exec)
export const mapForEach = uncurry(Map.prototype.forEach)
export const setForEach = uncurry(Set.prototype.forEach)
export const weakMapGet = uncurry(WeakMap.prototype.get)
export const weakMapSet = uncurry(WeakMap.prototype.set)
/** @type {<T extends object>(reference: WeakRef<T>) => T | undefined} */
export const weakRefDeref = uncurry(/** @type {any} */ (WeakRef.prototype.deref))
export const weakSetAdd = uncurry(WeakSet.prototype.add)
export const weakSetHas = uncurry(WeakSet.prototype.has)
export const functionToString = uncurry(Function.prototype.toString)
export const stringCharCodeAt = uncurry(String.prototype.charCodeAt)
export const stringFromCharCode = String.fromCharCode
export const stringFromCodePoint = String.fromCodePoint
export const stringCodePointAt = uncurry(String.prototype.codePointAt)
export const stringIncludes = uncurry(String.prototype.includes)
export const stringIndexOf = uncurry(String.prototype.indexOf)
/** @type {(text: string, from: string, to: string) => string} */
export const stringReplaceAll = uncurry(/** @type {any} */ (String.prototype.replaceAll))
export const stringSlice = uncurry(String.prototype.slice)
export const stringRepeat = uncurry(String.prototype.repeat)
export const stringToLowerCase = uncurry(String.prototype.toLowerCase)
export const stringToUpperCase = uncurry(String.prototype.toUpperCase)
export const stringToWellFormed = uncurry(String.prototype.toWellFormed)

/** Throws a SyntaxError for what is not Base64. It is in V8, but not in the library that types are read from yet. @type {(text: string) => Uint8Array} */
export const uint8ArrayFromBase64 = ((from) => (/** @type {string} */ text) => apply(from, Uint8ArrayConstructor, [text]))(/** @type {any} */ (Uint8Array).fromBase64)
/** @type {(bytes: Uint8Array) => string} */
export const uint8ArrayToBase64 = uncurry(/** @type {any} */ (Uint8Array.prototype).toBase64)

const mapSizeGetter = /** @type {PropertyDescriptor & { get: () => number }} */ (getOwnPropertyDescriptor(Map.prototype, 'size')).get
const setSizeGetter = /** @type {PropertyDescriptor & { get: () => number }} */ (getOwnPropertyDescriptor(Set.prototype, 'size')).get
/** @param {unknown} map */
export const mapSize = (map) => apply(mapSizeGetter, map, [])
/** @param {unknown} set */
export const setSize = (set) => apply(setSizeGetter, set, [])

/** @param {object} prototype @param {PropertyKey} key @returns {(self: unknown) => any} */
const uncurryGetter = (prototype, key) => {
  const getter = /** @type {Function} */ (getOwnPropertyDescriptor(prototype, key)?.get)
  return (self) => apply(getter, self, [])
}
const typedArrayPrototype = /** @type {any} */ (getPrototypeOf(Uint8Array.prototype))
export const arrayBufferByteLength = uncurryGetter(ArrayBuffer.prototype, 'byteLength')
export const arrayBufferIsDetached = uncurryGetter(ArrayBuffer.prototype, 'detached')
export const dataViewBuffer = uncurryGetter(DataView.prototype, 'buffer')
export const dataViewByteLength = uncurryGetter(DataView.prototype, 'byteLength')
export const dataViewByteOffset = uncurryGetter(DataView.prototype, 'byteOffset')
export const typedArrayBuffer = uncurryGetter(typedArrayPrototype, 'buffer')
export const typedArrayByteLength = uncurryGetter(typedArrayPrototype, 'byteLength')
export const typedArrayByteOffset = uncurryGetter(typedArrayPrototype, 'byteOffset')
/** @type {(array: unknown, from: ArrayLike<number>, at?: number) => void} */
export const typedArraySet = uncurry(typedArrayPrototype.set)
/** By name. @type {Readonly<Record<string, any>>} */
export const TypedArrayConstructors = /** @type {any} */ ({
  __proto__: null, Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, BigUint64Array, BigInt64Array, Float16Array, Float32Array, Float64Array,
})
/** Those of the language that are made of a message, by name. @type {Readonly<Record<string, any>>} */
export const ErrorConstructors = /** @type {any} */ ({ __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError })
export const regExpSource = uncurryGetter(RegExp.prototype, 'source')
/** In the order of `flags`. */
export const regExpFlags = [
  { flag: 'd', isSet: uncurryGetter(RegExp.prototype, 'hasIndices') }, { flag: 'g', isSet: uncurryGetter(RegExp.prototype, 'global') },
  { flag: 'i', isSet: uncurryGetter(RegExp.prototype, 'ignoreCase') }, { flag: 'm', isSet: uncurryGetter(RegExp.prototype, 'multiline') },
  { flag: 's', isSet: uncurryGetter(RegExp.prototype, 'dotAll') }, { flag: 'u', isSet: uncurryGetter(RegExp.prototype, 'unicode') },
  { flag: 'v', isSet: uncurryGetter(RegExp.prototype, 'unicodeSets') }, { flag: 'y', isSet: uncurryGetter(RegExp.prototype, 'sticky') },
]
/** The name of a typed array's kind; undefined for anything else. */
export const typedArrayKind = uncurryGetter(typedArrayPrototype, Symbol.toStringTag)

/**
 * Defines a member that ignores setters and read-only members on the prototypes: plain assignment would not.
 * @param {object} target
 * @param {PropertyKey} key
 * @param {unknown} value
 */
export function defineValue (target, key, value) {
  defineProperty(target, key, /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: true, configurable: true }))
}

/**
 * Defines a member like `defineValue`, one that is not enumerated.
 * @param {object} target
 * @param {PropertyKey} key
 * @param {unknown} value
 */
export function defineHidden (target, key, value) {
  defineProperty(target, key, /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: false, configurable: true }))
}

/**
 * Reads a data member of an object itself; undefined for an accessor. A descriptor is an object, too: what it has not is looked for on
 * Object.prototype.
 * @param {object} holder
 * @param {PropertyKey} key
 * @returns {unknown}
 */
export function ownValue (holder, key) {
  const descriptor = getOwnPropertyDescriptor(holder, key)
  return descriptor !== undefined && ObjectHasOwn(descriptor, 'value') ? descriptor.value : undefined
}

/** What V8 gives every error to read its stack by. */
const getStack = getOwnPropertyDescriptor(new Error(''), 'stack')?.get

/** The stack that an error has of its own, unless that is an accessor of the user's; undefined for none. @param {object} error @returns {string | undefined} */
export function ownStack (error) {
  const descriptor = getOwnPropertyDescriptor(error, 'stack')
  if (descriptor === undefined) return undefined
  const stack = getStack !== undefined && ObjectHasOwn(descriptor, 'get') && descriptor.get === getStack ? apply(getStack, error, []) : ownValue(error, 'stack')
  return typeof stack === 'string' ? stack : undefined
}

/**
 * Appends to an array without looking `push` up.
 * @template T
 * @param {T[]} list
 * @param {T} value
 */
export function append (list, value) {
  defineValue(list, list.length, value)
}

/** An array without a prototype, so that nothing is looked up on it. @template T @returns {T[]} */
export function buildList () {
  /** @type {T[]} */
  const list = []
  setPrototypeOf(list, null)
  return list
}

/**
 * Makes a promise of trusted code safe to await: that looks `constructor` up, and hands the promise to whatever getter it finds on the
 * prototype.
 * @template T
 * @param {Promise<T>} promise
 */
export function safe (promise) {
  defineValue(promise, 'constructor', PromiseConstructor)
  return promise
}

/**
 * Reads a string as UTF-8 bytes would count it, without making them.
 * @param {string} text
 */
export function utf8Length (text) {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = stringCharCodeAt(text, i)
    if (unit >= 0x800) bytes += unit >= 0xd800 && unit <= 0xdfff ? 1 : 2
    else if (unit >= 0x80) bytes += 1
  }
  return bytes
}
