// @ts-check
import {
  ObjectCreate, ObjectFreeze, ObjectGetOwnPropertyDescriptor, ObjectGetOwnPropertyDescriptors, ObjectHasOwn, ObjectPrototype, ReflectDefineProperty, ReflectGetOwnPropertyDescriptor, TypeErrorConstructor, defineHidden, defineValue,
} from './intrinsics.js'
import { linkCore } from './core-links.js'
import { markNative } from './native-code.js'
import { BODY_GLOBALS, LAZY_GLOBALS } from './web-globals.ts'

// A unit is a script that an isolate gets when it needs it, and not before: what is rarely used costs nothing to code that does not use it.

/** @typedef {(link: (name: string) => any) => object} Factory makes the exports of a unit, once */

/** Exports of units and of modules of the core, by their names. @type {Record<string, any>} */
const linked = ObjectCreate(null)
/** Globals whose unit is not here yet, by their names. @type {Record<string, string>} */
const pending = ObjectCreate(null)
/** Globals that are made when code first touches them, and cannot be replaced, by their names. @type {Record<string, () => unknown>} */
const deferred = ObjectCreate(null)
/** What has to be made before the globals of a unit are what they are to be, by the name of the unit. @type {Record<string, () => unknown>} */
const makers = ObjectCreate(null)
/**
 * What the host gives of this isolate: handles of the isolate and of its context, and the text of a unit and what V8 compiled of it, if there are
 * any. Nobody but this module ever holds what it gives.
 * @typedef {(what: 'isolate' | 'context' | 'text' | 'cache', name?: string) => any} Give
 */

/** @type {Give} */
let give
/** The isolate that this is, and its context: what is compiled through them is compiled in here and now. @type {{ isolate: any, context: any } | undefined} */
let handles

/** Gives this isolate the way to its units. @param {Give} hostGive */
export function connectUnits (hostGive) {
  give = hostGive
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

/**
 * Compiles a unit. The isolate does so by itself: were the host to enter it while code waits, it would leave with a microtask checkpoint in
 * the middle of a statement, and throw what promises of the code were rejected with and nobody has handled yet.
 * @param {string} name
 */
function build (name) {
  const text = give('text', name)
  if (text === undefined) throw new TypeErrorConstructor(`Cannot load "${name}": there is no such unit`)
  handles ??= /** @type {any} */ ({ __proto__: null, isolate: give('isolate'), context: give('context') })
  const { isolate, context } = /** @type {{ isolate: any, context: any }} */ (handles)
  const script = isolate.compileScriptSync(text, compileOptions(tellsOfCaches() ? undefined : give('cache', name)))
  const factory = script.runSync(context, AS_REFERENCE).deref()
  return factory(link)
}

/**
 * Of a cache that it was given, the library assigns to the script whether V8 took it, which hands the script to a setter of that name that code
 * put on Object.prototype. Then the unit does without.
 */
const tellsOfCaches = () => ObjectHasOwn(ObjectPrototype, 'cachedDataRejected')

/** Complete and without a prototype, here and below: the library looks each option up, where code may have put something of its own. @param {unknown} cachedData */
function compileOptions (cachedData) {
  const options = ObjectCreate(null)
  options.filename = 'batchbox:guest'
  options.lineOffset = 0
  options.columnOffset = 0
  options.produceCachedData = false
  if (cachedData !== undefined) options.cachedData = cachedData
  return options
}

const AS_REFERENCE = ObjectFreeze({ __proto__: null, copy: false, externalCopy: false, promise: false, reference: true })

/** Puts every lazy global on the global object, as an accessor that becomes the value as soon as anybody looks. */
export function installLazyGlobals () {
  installPairs(LAZY_GLOBALS)
  watchDescriptors()
}

/** Puts those on it that code which was written for Node counts on. */
export function installNodeGlobals () {
  installPairs(BODY_GLOBALS)
  defineHidden(globalThis, 'global', globalThis)
}

/**
 * Puts a global on it that nobody can replace, and that is made when code first touches it or one of the interfaces beside it, which the unit exports.
 * @param {string} name @param {{ unit: string, make: () => object, interfaces: readonly string[] }} how
 */
export function installDeferred (name, { unit, make, interfaces }) {
  /** @type {object | undefined} */
  let made
  const get = () => made ??= make()
  deferred[name] = get
  makers[unit] = get
  ReflectDefineProperty(globalThis, name, /** @type {any} */ ({ __proto__: null, get, set: undefined, enumerable: true, configurable: false }))
  for (let i = 0; i < interfaces.length; i++) installLazy(/** @type {string} */ (interfaces[i]), unit)
}

/** @param {readonly string[]} pairs names, each with its unit behind it */
function installPairs (pairs) {
  for (let i = 0; i < pairs.length; i += 2) installLazy(/** @type {string} */ (pairs[i]), /** @type {string} */ (pairs[i + 1]))
}

/** No code ran yet that could have put anything on Object.prototype. @param {string} name @param {string} unit */
function installLazy (name, unit) {
  pending[name] = unit
  ReflectDefineProperty(globalThis, name, /** @type {any} */ ({
    get () {
      settle(unit)
      return link(unit)[name] // the accessor stays where code froze the global object
    },
    /** @param {unknown} value */
    set (value) { define(name, value) },
    enumerable: isMember(name),
    configurable: true,
  }))
}

/** Makes the globals of a unit what they are to be. @param {string} unit */
function settle (unit) {
  const maker = makers[unit]
  if (maker !== undefined) maker()
  const exports = link(unit)
  for (const other in pending) {
    if (pending[other] !== unit) continue
    if (isAccessor(other)) define(other, exports[other])
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
      if (target === globalThis) for (const name in pending) settle(/** @type {string} */ (pending[name]))
      const descriptors = /** @type {any} */ (ObjectGetOwnPropertyDescriptors(target))
      if (target === globalThis) for (const name in deferred) descriptors[name] = describeDeferred(name)
      return descriptors
    },
  }.getOwnPropertyDescriptors)
}

/** @param {object} holder @param {string} name @param {(target: any, key: any) => PropertyDescriptor | undefined} describe */
function replace (holder, name, describe) {
  defineHidden(holder, name, {
    /** @param {any} target @param {any} key */
    getOwnPropertyDescriptor (target, key) {
      if (target !== globalThis || typeof key !== 'string') return describe(target, key)
      if (deferred[key] !== undefined) return describeDeferred(key)
      const unit = pending[key]
      if (unit !== undefined) settle(unit)
      return describe(target, key)
    },
  }.getOwnPropertyDescriptor)
}

/** @param {string} name */
const describeDeferred = (name) => ({ value: /** @type {() => unknown} */ (deferred[name])(), writable: false, enumerable: true, configurable: false })
