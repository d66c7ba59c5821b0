// @ts-check
import {
  ArrayBufferConstructor, ArrayBufferPrototype, BigIntPrototype, BooleanPrototype, DataViewConstructor, DateConstructor, DatePrototype, ErrorConstructor, ErrorConstructors,
  MapConstructor, MapPrototype, NumberPrototype, ObjectConstructor, ObjectHasOwn, ObjectPrototype, PromisePrototype, ReflectGetOwnPropertyDescriptor,
  ReflectGetPrototypeOf, RegExpConstructor, RegExpPrototype, SetPrototype, StringPrototype, SymbolPrototype, TypedArrayConstructors, Uint8ArrayConstructor, WeakMapPrototype,
  WeakRefPrototype, WeakSetPrototype, arrayBufferByteLength, arrayBufferIsDetached, bigIntValueOf, booleanValueOf, dataViewByteLength, dataViewByteOffset, dateGetTime,
  defineHidden, mapGet, mapSet, mapSize, numberValueOf, ownStack, regExpFlags, regExpSource, setSize, stringValueOf, typedArrayByteLength, typedArrayByteOffset, typedArrayKind,
  typedArraySet,
} from '../intrinsics.js'
import { DOMException } from './dom-exception.js'
import { findSerializable } from '../serializable.js'
import { isInterfacePrototype, toText } from '../webidl.js'

/** Prototypes of a value that are looked at: those of a proxy may have no end. */
const PROTOTYPES_MAX = 1000

/** @param {string} what */
export const refuse = (what) => new DOMException(`Cannot clone value: ${what} cannot be cloned`, 'DataCloneError')

/**
 * Kinds of the language, by the prototype that their objects begin with. `is` throws for what is no such object. Those without `clone` have parts.
 * @typedef {{ name: string, is: (value: unknown) => unknown, clone: ((value: any) => object) | null }} Kind
 * @type {Map<object, Kind>}
 */
const kinds = new MapConstructor()
/** @param {object} prototype @param {string} name @param {Kind['is']} is @param {Kind['clone']} clone */
const add = (prototype, name, is, clone) => mapSet(kinds, prototype, { name, is, clone })

add(MapPrototype, 'Map', mapSize, null)
add(SetPrototype, 'Set', setSize, null)
add(DatePrototype, 'Date', dateGetTime, (date) => new DateConstructor(dateGetTime(date)))
add(RegExpPrototype, 'RegExp', regExpSource, cloneRegExp)
add(ArrayBufferPrototype, 'ArrayBuffer', arrayBufferByteLength, cloneBuffer)
add(BooleanPrototype, 'Boolean', booleanValueOf, (value) => ObjectConstructor(booleanValueOf(value)))
add(NumberPrototype, 'Number', numberValueOf, (value) => ObjectConstructor(numberValueOf(value)))
add(StringPrototype, 'String', stringValueOf, (value) => ObjectConstructor(stringValueOf(value)))
add(BigIntPrototype, 'BigInt', bigIntValueOf, (value) => ObjectConstructor(bigIntValueOf(value)))
addRefused(SymbolPrototype, 'a Symbol object')
addRefused(PromisePrototype, 'a Promise')
addRefused(WeakMapPrototype, 'a WeakMap')
addRefused(WeakSetPrototype, 'a WeakSet')
addRefused(WeakRefPrototype, 'a WeakRef')

/** @param {object} prototype @param {string} what */
function addRefused (prototype, what) {
  add(prototype, what, () => true, () => { throw refuse(what) })
}

/**
 * Tells which kind of the language an object is, undefined for an ordinary one. Objects say so by their prototypes: one of the language whose prototypes
 * were replaced by others is taken for an ordinary one, as a proxy is. Throws for an object of the platform that nobody can clone.
 * @param {object} value @returns {Kind | undefined}
 */
export function kindOf (value) {
  let at = ReflectGetPrototypeOf(value)
  for (let depth = 0; at !== null && at !== ObjectPrototype && depth < PROTOTYPES_MAX; depth++) {
    const kind = mapGet(kinds, at)
    if (kind !== undefined) return holds(kind, value) ? kind : undefined
    if (isInterfacePrototype(at)) return platformKindOf(value)
    at = ReflectGetPrototypeOf(at)
  }
  return undefined
}

/** @param {object} value @returns {Kind} */
function platformKindOf (value) {
  const kind = findSerializable(value)
  if (kind === undefined) throw refuse('this object of the platform')
  return /** @type {any} */ (kind)
}

/** @param {Kind} kind @param {object} value */
function holds ({ is }, value) {
  try {
    is(value)
    return true
  } catch {
    return false
  }
}

/** @param {RegExp} pattern */
function cloneRegExp (pattern) {
  let flags = ''
  for (let i = 0; i < regExpFlags.length; i++) {
    const { flag, isSet } = /** @type {typeof regExpFlags[number]} */ (regExpFlags[i])
    if (isSet(pattern)) flags += flag
  }
  return new RegExpConstructor(regExpSource(pattern), flags)
}

/** @param {ArrayBuffer} buffer */
function cloneBuffer (buffer) {
  if (arrayBufferIsDetached(buffer)) throw refuse('a detached ArrayBuffer')
  const copy = new ArrayBufferConstructor(arrayBufferByteLength(buffer))
  typedArraySet(new Uint8ArrayConstructor(copy), new Uint8ArrayConstructor(buffer))
  return copy
}

/** Answers what makes a view like this one on another buffer: that may be given away meanwhile. @param {ArrayBufferView} view @returns {(buffer: ArrayBuffer) => ArrayBufferView} */
export function planView (view) {
  const name = typedArrayKind(view)
  if (name === undefined) {
    const offset = dataViewByteOffset(view)
    const length = dataViewByteLength(view)
    return (buffer) => new DataViewConstructor(buffer, offset, length)
  }
  const Constructor = TypedArrayConstructors[name]
  const offset = typedArrayByteOffset(view)
  const length = typedArrayByteLength(view) / Constructor.BYTES_PER_ELEMENT
  return (buffer) => new Constructor(buffer, offset, length)
}

/** Makes an error like another, without its cause. Source: https://html.spec.whatwg.org/#structuredserializeinternal @param {Error} error */
export function cloneError (error) {
  const name = toText(error.name)
  const descriptor = ReflectGetOwnPropertyDescriptor(error, 'message')
  const message = descriptor !== undefined && ObjectHasOwn(descriptor, 'value') ? toText(descriptor.value) : undefined
  const Constructor = ErrorConstructors[name] ?? ErrorConstructor
  const copy = new Constructor(message)
  const stack = ownStack(error)
  if (stack !== undefined) defineHidden(copy, 'stack', stack)
  return copy
}
