// @ts-check
import {
  ErrorPrototype, ObjectCreate, ObjectHasOwn, RangeErrorPrototype, ReflectGetPrototypeOf, ReflectOwnKeys, WeakMapConstructor, defineHidden, ownValue, stringIndexOf, stringSlice, weakMapGet,
  weakMapSet,
} from './intrinsics.js'
import { inspect } from './inspect.js'
import { useUnit } from './units.js'

const MESSAGE_CHARS = 8192
const STACK_CHARS = 16_384

/**
 * A failure as the guest may report it. It can only carry codes that user code can cause.
 * `details` is JSON text, or empty.
 * @typedef {{ code: string, name: string, message: string, stack: string, observed: number, details: string }} GuestFailure
 */

/** Thrown by trusted code in the guest where it already knows the code. Never handed to user code. */
export class KnownFailure {
  #known = true
  // Declared, so that they are defined and never looked for on Object.prototype, where user code may have put setters.
  code = ''
  name = ''
  message = ''
  stack = ''
  observed = 0
  details = ''

  /** @param {object} value */
  static is (value) {
    return #known in value
  }

  /** @param {string} code @param {string} name @param {string} message @param {number} [observed] figure that broke a limit */
  constructor (code, name, message, observed = 0) {
    this.code = code
    this.name = name
    this.message = message
    this.observed = observed
  }
}

/** Codes of the errors that tools failed with, so that they are the run's code when nobody catches them. */
const toolCodes = new WeakMapConstructor()

/**
 * Makes the error that user code sees when a tool failed. The trace was made where user code called, and becomes the error.
 * @param {Error} trace @param {{ code: string, name: string, message: string }} failure
 */
export function buildToolError (trace, { code, name, message }) {
  const stack = readText(trace, 'stack') ?? ''
  const frames = stringIndexOf(stack, '\n')
  defineHidden(trace, 'name', name)
  defineHidden(trace, 'message', message)
  defineHidden(trace, 'stack', `${name}: ${message}${frames < 0 ? '' : stringSlice(stack, frames)}`)
  defineHidden(trace, 'code', code)
  weakMapSet(toolCodes, trace, code)
  return trace
}

/**
 * Describes whatever user code threw. Never throws; reads each member once.
 * @param {unknown} thrown
 * @param {boolean} [isDetailed] whether also what is on it is told, beside its name, message and stack
 * @returns {GuestFailure}
 */
export function describeThrown (thrown, isDetailed = true) {
  if (isKnown(thrown)) return thrown
  if (!isErrorLike(thrown)) return { code: 'USER_ERROR', name: 'Exception', message: cut(describeValue(thrown), MESSAGE_CHARS), stack: '', observed: 0, details: '' }
  const message = cut(readText(thrown, 'message') ?? '', MESSAGE_CHARS)
  return {
    code: weakMapGet(toolCodes, thrown) ?? limitCode(thrown, message),
    name: cut(readName(thrown), 256),
    message,
    stack: cut(readText(thrown, 'stack') ?? '', STACK_CHARS),
    observed: 0,
    details: isDetailed ? readDetails(thrown) : '',
  }
}

/** That of its class, where all that it has is the name of a class of the language that this one extends. @param {object} error */
function readName (error) {
  const name = readText(error, 'name') ?? 'Error'
  return BUILT_IN[name] === true ? readClassName(error) ?? name : name
}
/** @type {Record<string, unknown>} */
const BUILT_IN = ObjectCreate(null)
for (const name of ['Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError']) BUILT_IN[name] = true

/** @param {object} error */
function readClassName (error) {
  try {
    const prototype = ReflectGetPrototypeOf(error)
    if (prototype === null || ObjectHasOwn(error, 'name') || ObjectHasOwn(prototype, 'name')) return undefined
    const constructor = ownValue(prototype, 'constructor')
    const name = typeof constructor === 'function' ? ownValue(constructor, 'name') : undefined
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined // a proxy's trap threw
  }
}

/** Most errors have nothing beside what every one has. @param {object} error @returns {string} */
function readDetails (error) {
  try {
    const keys = ReflectOwnKeys(error)
    for (let i = 0; i < keys.length; i++) if (USUAL[/** @type {PropertyKey} */ (keys[i])] !== true) return useUnit('error-details').describeDetails(error)
  } catch {
    // A proxy, or no stack is left.
  }
  return ''
}
/** @type {Record<PropertyKey, unknown>} */
const USUAL = ObjectCreate(null)
for (const key of ['name', 'message', 'stack']) USUAL[key] = true


/** A private brand: user code never holds a KnownFailure, and `instanceof` would ask a prototype. @param {unknown} value @returns {value is KnownFailure} */
const isKnown = (value) => typeof value === 'object' && value !== null && KnownFailure.is(value)

/**
 * Only a RangeError that the engine's own words fit is taken for a limit. User code can fake one: it only misnames its own failure.
 * @param {object} error @param {string} message
 */
function limitCode (error, message) {
  if (!inherits(error, RangeErrorPrototype)) return 'USER_ERROR'
  if (message === 'Maximum call stack size exceeded') return 'STACK_LIMIT'
  if (message === 'Array buffer allocation failed') return 'MEMORY_LIMIT'
  return 'USER_ERROR'
}

/** Tells whether the engine ran out of stack. @param {unknown} thrown */
export function isStackOverflow (thrown) {
  return isErrorLike(thrown) && limitCode(thrown, readText(thrown, 'message') ?? '') === 'STACK_LIMIT'
}

/** @param {unknown} value @returns {value is object} */
export function isErrorLike (value) {
  return typeof value === 'object' && value !== null && inherits(value, ErrorPrototype)
}

const PROTOTYPES_MAX = 32

/** `instanceof` asks the right side's Symbol.hasInstance; this asks nobody but proxies. @param {object} value @param {object} prototype */
function inherits (value, prototype) {
  try {
    let at = ReflectGetPrototypeOf(value)
    for (let depth = 0; at !== null && depth < PROTOTYPES_MAX; depth++) {
      if (at === prototype) return true
      at = ReflectGetPrototypeOf(at)
    }
  } catch {
    // A proxy's trap threw: whatever it is, it is not an error of ours.
  }
  return false
}

/** @param {unknown} value */
function describeValue (value) {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null) {
    const message = readText(value, 'message')
    if (message !== undefined) return message
  }
  return inspect(value)
}

/** @param {object} value @param {string} key @returns {string | undefined} */
function readText (value, key) {
  try {
    const text = /** @type {any} */ (value)[key]
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}

/** @param {string} text @param {number} chars */
function cut (text, chars) {
  return text.length <= chars ? text : `${stringSlice(text, 0, chars - 1)}…`
}
