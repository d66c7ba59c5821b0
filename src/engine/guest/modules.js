// @ts-check
import {
  ErrorConstructor, JSONParse, ObjectCreate, ObjectGetOwnPropertyDescriptor, ObjectHasOwn, PromiseConstructor, RangeErrorConstructor, ReflectConstruct, ReflectOwnKeys, TypeErrorConstructor,
  append, defineHidden, stringSlice,
} from './intrinsics.js'
import { buildToolError } from './errors.js'
import { useUnit } from './units.js'

/** Longest specifier that the host is asked about. */
const SPECIFIER_CHARS = 1000
/** Errors of the language, each as itself. @type {Record<string, ErrorConstructor>} */
const ERRORS = /** @type {any} */ ({ __proto__: null, RangeError: RangeErrorConstructor, ReferenceError, SyntaxError, TypeError: TypeErrorConstructor })

/**
 * Asks what a specifier means: JSON of `[key, '']`, or of `['', message]` where it may not be imported. A key that is asked for as an import for the first time is loaded.
 * @typedef {(specifier: string, from: string, how: '' | 'json' | 'require') => string} AskModule
 * @typedef {{ resolve: (namespace: object) => void, reject: (error: unknown) => void, trace: Error }} Importer
 * @typedef {{ waiting: Importer[], namespace: object | undefined, failure: { error: unknown } | undefined }} Imported
 */

/** @type {AskModule} */
let ask
/** What was imported, by the host's keys. @type {Record<string, Imported>} */
const imported = ObjectCreate(null)
/** What `require` answered. @type {Record<string, { exports: unknown }>} */
const required = ObjectCreate(null)

/** Gives this isolate the way to its modules. @param {AskModule} hostAsk */
export function connectModules (hostAsk) {
  ask = hostAsk
}

/** Makes the function that stands for `import` in a file. @param {string} file */
export const bindImport = (file) => (/** @type {unknown} */ specifier, /** @type {unknown} */ options) => new PromiseConstructor((resolve, reject) => {
  const name = `${/** @type {string} */ (specifier)}`
  const key = find(name, file, readType(options))
  const known = imported[key] ??= { waiting: [], namespace: undefined, failure: undefined }
  if (known.namespace !== undefined) resolve(known.namespace)
  else if (known.failure !== undefined) reject(known.failure.error)
  else append(known.waiting, { resolve, reject, trace: new ErrorConstructor('') })
})

/**
 * Reads the attributes of an import. Source: https://tc39.es/ecma262/#sec-evaluate-import-call.
 * @param {any} options @returns {'' | 'json'}
 */
function readType (options) {
  if (options === undefined) return ''
  if (!isObject(options)) throw new TypeErrorConstructor('The second argument of import() must be an object')
  const attributes = options.with
  if (attributes === undefined) return ''
  if (!isObject(attributes)) throw new TypeErrorConstructor('The attributes of import() must be an object')
  /** @type {'' | 'json'} */
  let type = ''
  const keys = ReflectOwnKeys(attributes)
  for (let i = 0; i < keys.length; i++) {
    const key = /** @type {string | symbol} */ (keys[i])
    if (typeof key !== 'string' || !ObjectGetOwnPropertyDescriptor(attributes, key)?.enumerable) continue
    const value = attributes[key]
    if (typeof value !== 'string') throw new TypeErrorConstructor(`Import attribute "${key}" must be a string`)
    if (key !== 'type' || value !== 'json') throw new TypeErrorConstructor(`Import attribute "${key}" with value "${value}" is not supported`)
    type = 'json'
  }
  return type
}

/** @param {unknown} value @returns {value is any} */
const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function'

/** @param {string} specifier @param {string} from @param {'' | 'json' | 'require'} how */
function find (specifier, from, how) {
  if (specifier.length > SPECIFIER_CHARS) throw refuse(`Cannot import a module by a specifier of ${specifier.length} characters, allowed are ${SPECIFIER_CHARS}`)
  const answer = JSONParse(ask(specifier, from, how))
  if (answer[0] === '') throw refuse(answer[1])
  return answer[0]
}

/** @param {string} message */
const refuse = (message) => buildToolError(new ErrorConstructor(''), { code: 'MODULE_NOT_ALLOWED', name: 'Error', message })

/** A module was evaluated. @param {string} key @param {object} namespace */
export function arrive (key, namespace) {
  const known = /** @type {Imported} */ (imported[key])
  known.namespace = namespace
  const { waiting } = known
  known.waiting = []
  for (let i = 0; i < waiting.length; i++) /** @type {Importer} */ (waiting[i]).resolve(namespace)
}

/**
 * A module could not be loaded, or threw when it was evaluated, which comes as a copy. Answers false where it was evaluated without.
 * @param {string} key @param {string} failureText JSON of code, name, message and stack; empty where what the module threw is no object @param {unknown} [thrown] that value
 */
export function rejectImport (key, failureText, thrown) {
  const known = imported[key]
  if (known === undefined || known.namespace !== undefined || known.failure !== undefined) return false
  const failure = failureText === '' ? ['USER_ERROR'] : JSONParse(failureText)
  const error = failureText === '' ? thrown : rebuild(failure[1], failure[2], failure[3])
  if (failure[0] === 'USER_ERROR') known.failure = { error } // it is not evaluated again
  else delete imported[key]
  for (let i = 0; i < known.waiting.length; i++) {
    const { reject, trace } = /** @type {Importer} */ (known.waiting[i])
    reject(failure[0] === 'MODULE_NOT_ALLOWED' ? buildToolError(trace, { code: failure[0], name: failure[1], message: failure[2] }) : error)
  }
  known.waiting = []
  return true
}

/** @param {string} name @param {string} message @param {string} stack */
function rebuild (name, message, stack) {
  const error = ReflectConstruct(ERRORS[name] ?? ErrorConstructor, [message])
  if (error.name !== name) defineHidden(error, 'name', name)
  defineHidden(error, 'stack', stack)
  return error
}

/** Answers a module of the allow-list, as `require` does. @param {unknown} name */
function require (name) {
  if (typeof name !== 'string') throw new TypeErrorConstructor('Cannot require a module: its name must be a string')
  const known = required[name]
  if (known !== undefined) return known.exports
  const key = find(name, 'require', 'require')
  const unit = useUnit(key)
  const whole = stringSlice(key, 0, 5) === 'node:' ? 'default' : 'module.exports' // Node's own are there as their default export
  const exports = ObjectHasOwn(unit, whole) ? unit[whole] : unit
  required[name] = { exports }
  return exports
}

export const requireModule = require

/** Makes `require` a global function. */
export function installRequire () {
  defineHidden(globalThis, 'require', require)
}

export const parseJson = JSONParse
