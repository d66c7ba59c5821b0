// @ts-check
import {
  FunctionConstructor, ObjectCreate, ObjectGetOwnPropertyDescriptor, ObjectGetOwnPropertyDescriptors, ObjectHasOwn, ReflectDefineProperty, ReflectGetOwnPropertyDescriptor, TypeErrorConstructor, defineHidden, defineValue,
} from './intrinsics.js'
import { linkCore } from './core-links.js'
import { markNative } from './native-code.js'
import { UNIT_GLOBALS } from './web-globals.ts'

// A unit is a script that an isolate gets when it needs it, and not before: what is rarely used costs nothing to code that does not use it.

/** @typedef {(link: (name: string) => any) => object} Factory makes the exports of a unit, once */

/** Exports of units and of modules of the core, by their names. @type {Record<string, any>} */
const linked = ObjectCreate(null)
/** Globals whose unit is not here yet, by their names. @type {Record<string, string>} */
const pending = ObjectCreate(null)
/** @type {(name: string, asText: boolean) => string} */
let load
/** Modules of the user's that are being evaluated. */
let evaluations = 0
/** @type {Factory | undefined} */
let received

/**
 * Gives this isolate the way to its units.
 * @param {(name: string, asText: boolean) => string} hostLoad answers the text of that unit, or hands its factory in, by `receive`, before it returns
 */
export function connectUnits (hostLoad) {
  load = hostLoad
}

/**
 * Tells that a module of the user's is evaluated now, outside of any microtask. The host must not enter the isolate then: what it does ends with a
 * microtask checkpoint, in the middle of the module. Units are compiled from their text meanwhile, without V8's code cache.
 */
export function beginEvaluation () {
  evaluations++
}

export function endEvaluation () {
  evaluations--
}

/** Takes the factory of the unit that is being loaded. @param {Factory} factory */
export function receive (factory) {
  received = factory
}

/** Answers the exports of a unit, or of a module of the core. Throws a TypeError when there is none of that name. @param {string} name @returns {any} */
export function link (name) {
  const known = linked[name]
  if (known !== undefined) return known
  const exports = linkCore(name) ?? build(name)
  linked[name] = exports
  return exports
}

/**
 * Answers the exports of a unit, for use inside of functions: what is only imported when it is called costs nothing until then, and units may use each
 * other. @param {string} name @returns {any}
 */
export const useUnit = (name) => link(name)

/** Answers the exports of a unit that was loaded, and undefined for another one: nobody has an object of its classes. @param {string} name @returns {any} */
export const peekUnit = (name) => linked[name]

/** @param {string} name */
function build (name) {
  received = undefined
  const text = load(name, evaluations > 0)
  const factory = text === '' ? /** @type {Factory | undefined} */ (received) : compile(text)
  if (factory === undefined) throw new TypeErrorConstructor(`Cannot load "${name}": there is no such unit`)
  return factory(link)
}

/** @param {string} text @returns {Factory} */
const compile = (text) => new FunctionConstructor(`return ${text}\n//# sourceURL=batchbox:guest`)()

/** Puts every lazy global on the global object, as an accessor that becomes the value as soon as anybody looks. */
export function installLazyGlobals () {
  for (const unit in UNIT_GLOBALS) {
    const names = /** @type {readonly string[]} */ (UNIT_GLOBALS[unit])
    for (let i = 0; i < names.length; i++) installLazy(/** @type {string} */ (names[i]), unit)
  }
  watchDescriptors()
}

/** @param {string} name @param {string} unit */
function installLazy (name, unit) {
  pending[name] = unit
  ReflectDefineProperty(globalThis, name, /** @type {any} */ ({
    __proto__: null,
    get () {
      settle(name)
      return /** @type {any} */ (globalThis)[name]
    },
    /** @param {unknown} value */
    set (value) { define(name, value) },
    enumerable: isMember(name),
    configurable: true,
  }))
}

/** Makes the globals of the unit that has this one what they are to be. @param {string} name */
function settle (name) {
  const unit = /** @type {string} */ (pending[name])
  const exports = link(unit)
  const names = /** @type {readonly string[]} */ (UNIT_GLOBALS[unit])
  for (let i = 0; i < names.length; i++) {
    const other = /** @type {string} */ (names[i])
    if (pending[other] === unit && isAccessor(other)) define(other, exports[other])
    delete pending[other]
  }
}

/** Code may have put something of its own in its place. @param {string} name */
function isAccessor (name) {
  const descriptor = ReflectGetOwnPropertyDescriptor(globalThis, name)
  return descriptor !== undefined && ObjectHasOwn(descriptor, 'get')
}

/** @param {string} name @param {unknown} value */
function define (name, value) {
  delete pending[name]
  if (typeof value === 'function') markNative(value)
  if (isMember(name)) defineValue(globalThis, name, value)
  else defineHidden(globalThis, name, value)
}

/** Interfaces are not enumerated. @param {string} name */
const isMember = (name) => /** @type {string} */ (name[0]) >= 'a'

/** Nobody is to see that a global is an accessor for as long as nobody has looked. */
function watchDescriptors () {
  replace(Object, 'getOwnPropertyDescriptor', ObjectGetOwnPropertyDescriptor)
  replace(Reflect, 'getOwnPropertyDescriptor', ReflectGetOwnPropertyDescriptor)
  defineHidden(Object, 'getOwnPropertyDescriptors', {
    /** @param {any} target */
    getOwnPropertyDescriptors (target) {
      if (target === globalThis) for (const name in pending) settle(name)
      return ObjectGetOwnPropertyDescriptors(target)
    },
  }.getOwnPropertyDescriptors)
}

/** @param {object} holder @param {string} name @param {(target: any, key: any) => PropertyDescriptor | undefined} describe */
function replace (holder, name, describe) {
  defineHidden(holder, name, {
    /** @param {any} target @param {any} key */
    getOwnPropertyDescriptor (target, key) {
      if (target === globalThis && typeof key === 'string' && pending[key] !== undefined) settle(key)
      return describe(target, key)
    },
  }.getOwnPropertyDescriptor)
}
