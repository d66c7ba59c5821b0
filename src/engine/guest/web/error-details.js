// @ts-check
import {
  ArrayIsArray, JSONStringify, NumberIsFinite, ObjectCreate, ObjectHasOwn, ReflectGetOwnPropertyDescriptor, ReflectOwnKeys, append, arrayJoin, ownValue, stringSlice,
} from '../intrinsics.js'
import { describeThrown, isErrorLike } from '../errors.js'
import { inspect } from '../inspect.js'
import { withoutGuestFrames } from '../stacks.js'

// Linked when an error is first thrown that has more to tell than its name, its message and its stack.

/** Of all that is told of one error, and of each thing that is. Whatever is more is left out. */
const TOTAL_CHARS = 16_384
const DEPTH_MAX = 8
const ERRORS_MAX = 16
const PROPERTIES_MAX = 32
const KEY_CHARS = 256
const VALUE_CHARS = 2048
const STACK_CHARS = 4096

/** @typedef {{ left: number, seen: object[] }} State */

/**
 * Tells what an error was caused by, what it gathers and what code has put on it, as JSON text of an object with `cause`, `errors` and `properties`; empty where
 * there is none of it. Calls no getter but those of values that have a `toJSON`. Source: `ErrorDetails` in core
 * @param {object} error @returns {string}
 */
export function describeDetails (error) {
  /** @type {State} */
  const state = { left: TOTAL_CHARS, seen: [] }
  const members = writeDetails(error, state)
  return members === '' ? '' : `{${members}}`
}

/** @param {object} error @param {State} state */
function writeDetails (error, state) {
  append(state.seen, error)
  /** @type {string[]} */
  const parts = []
  const properties = writeProperties(error, state)
  if (properties !== '') append(parts, `"properties":{${properties}}`)
  const errors = ownValue(error, 'errors')
  if (ArrayIsArray(errors)) append(parts, `"errors":[${writeErrors(errors, state)}]`)
  if (ObjectHasOwn(error, 'cause')) {
    const cause = writeThrown(ownValue(error, 'cause'), state)
    if (cause !== undefined) append(parts, `"cause":${cause}`)
  }
  state.seen.length -= 1
  return arrayJoin(parts, ',')
}

/** @param {unknown[]} errors @param {State} state */
function writeErrors (errors, state) {
  /** @type {string[]} */
  const parts = []
  for (let i = 0; i < errors.length && parts.length < ERRORS_MAX; i++) {
    const text = writeThrown(ownValue(errors, `${i}`), state)
    if (text === undefined) break
    append(parts, text)
  }
  return arrayJoin(parts, ',')
}

/** @param {unknown} thrown @param {State} state @returns {string | undefined} */
function writeThrown (thrown, state) {
  const isError = isErrorLike(thrown)
  if (state.seen.length >= DEPTH_MAX || (isError && isSeen(thrown, state))) return undefined
  const { name, message, stack } = describeThrown(thrown, false)
  const head = `"name":${quote(name, KEY_CHARS)},"message":${quote(message, VALUE_CHARS)}${stack === '' ? '' : `,"stack":${quote(withoutGuestFrames(stack), STACK_CHARS)}`}`
  if (!spend(state, head)) return undefined
  const details = isError ? writeDetails(thrown, state) : ''
  return `{${head}${details === '' ? '' : `,${details}`}}`
}

/** @param {object} error @param {State} state */
function isSeen (error, { seen }) {
  for (let i = 0; i < seen.length; i++) if (seen[i] === error) return true
  return false
}

const TOLD = ObjectCreate(null)
for (const key of ['name', 'message', 'stack', 'cause', 'errors']) TOLD[key] = true

/** @param {object} error @param {State} state */
function writeProperties (error, state) {
  const keys = ReflectOwnKeys(error)
  /** @type {string[]} */
  const parts = []
  for (let i = 0; i < keys.length && parts.length < PROPERTIES_MAX; i++) {
    const key = /** @type {PropertyKey} */ (keys[i])
    if (typeof key !== 'string' || TOLD[key] || key.length > KEY_CHARS) continue
    const descriptor = ReflectGetOwnPropertyDescriptor(error, key)
    if (descriptor === undefined || !descriptor.enumerable || !ObjectHasOwn(descriptor, 'value')) continue
    const text = `${JSONStringify(key)}:${writeValue(descriptor.value)}`
    if (spend(state, text)) append(parts, text)
  }
  return arrayJoin(parts, ',')
}

/** As JSON where it has a short form there, as the console shows it otherwise. @param {unknown} value */
function writeValue (value) {
  switch (typeof value) {
    case 'string': return quote(value, VALUE_CHARS)
    case 'number': return NumberIsFinite(value) ? `${value}` : `"${value}"`
    case 'boolean': return `${value}`
    case 'object': return value === null ? 'null' : writeShort(value) ?? quote(inspect(value, 2), VALUE_CHARS)
    default: return quote(inspect(value, 2), VALUE_CHARS)
  }
}

const STOP = ObjectCreate(null)

/** @param {object} value */
function writeShort (value) {
  let chars = 0
  try {
    const text = JSONStringify(value, (/** @type {string} */ key, /** @type {unknown} */ member) => {
      chars += key.length + (typeof member === 'string' ? member.length : 1)
      if (chars > VALUE_CHARS) throw STOP
      return member
    })
    return typeof text === 'string' && text.length <= VALUE_CHARS ? text : undefined
  } catch {
    return undefined // it is a cycle, holds a BigInt, is too long or refuses
  }
}

/** @param {State} state @param {string} text */
function spend (state, text) {
  if (text.length + PUNCTUATION > state.left) return false
  state.left -= text.length + PUNCTUATION
  return true
}
/** Most that stands around what is written, of a cause that has all three. */
const PUNCTUATION = 48

/** @param {string} text @param {number} chars */
function quote (text, chars) {
  return JSONStringify(text.length <= chars ? text : `${stringSlice(text, 0, chars - 1)}…`)
}
