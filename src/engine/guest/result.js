// @ts-check
import {
  ArrayIsArray, JSONStringify, ObjectCreate, ObjectKeys, ReflectApply, ReflectGet, ReflectOwnKeys, stringSlice,
} from './intrinsics.js'
import { KnownFailure, isStackOverflow } from './errors.js'

/** Thrown through JSON.stringify when the text grows over its cap, and to leave it early. */
const STOP = ObjectCreate(null)
/** A result that is over its limit by less is written all the same, so that the host can tell its exact size. */
const EXACT_BYTES = 1_048_576
const PATH_CHARS = 256
const KEYS_MAX = 1000

/**
 * Writes a result as JSON text by JSON.stringify's rules; undefined becomes null. A value that shares its parts a million times over
 * is stopped near the cap and not when memory ends; the host has the last word on the size. A getter may be read twice.
 * Throws a KnownFailure: RESULT_TOO_LARGE, or RESULT_NOT_SERIALIZABLE naming the path.
 * @param {unknown} value
 * @param {number} maxBytes
 * @returns {string}
 */
export function serializeResult (value, maxBytes) {
  if (value === undefined) return 'null'
  if (typeof value === 'function' || typeof value === 'symbol') throw notSerializable('result', `a ${typeof value} has no JSON form`)
  const counter = { chars: 0 }
  const maxChars = maxBytes + EXACT_BYTES
  try {
    return (isWithin(value, maxChars) ? JSONStringify(value) : JSONStringify(value, buildCounter(counter, maxChars))) ?? 'null'
  } catch (thrown) {
    if (thrown === STOP) throw tooLarge(counter.chars, maxBytes)
    throw isStackOverflow(thrown) ? notSerializable('result', 'it is nested too deeply') : explain(value, 'result')
  }
}

/**
 * Writes what code made of a record as JSON text, by the same rules. Nothing is counted on the way, which would cost each record several times what
 * writing it does: a value that explodes is as much code's own doing as if it had called JSON.stringify itself.
 * Throws a KnownFailure: RESULT_NOT_SERIALIZABLE naming the path.
 * @param {unknown} value @returns {string}
 */
export function serializeRecord (value) {
  if (typeof value === 'function' || typeof value === 'symbol') throw notSerializable('record', `a ${typeof value} has no JSON form`)
  try {
    return JSONStringify(value) ?? 'null'
  } catch (thrown) {
    throw isStackOverflow(thrown) ? notSerializable('record', 'it is nested too deeply') : explain(value, 'record')
  }
}

/**
 * Counts as a replacer would, in a sixth of the time; false where something is too large or nests too deeply to tell. Throws what code throws. What has a form of its own by `toJSON` is not looked into: that is code, which could write as much by itself.
 * @param {unknown} value @param {number} maxChars
 */
function isWithin (value, maxChars) {
  try {
    return count(value, maxChars) >= 0
  } catch (thrown) {
    if (isStackOverflow(thrown)) return false
    throw thrown
  }
}

/**
 * Answers how many of the characters are left, less than 0 where there are too few.
 * @param {any} value @param {number} left @returns {number}
 */
function count (value, left) {
  if (typeof value === 'string') return left - value.length - 2
  if (typeof value !== 'object' || value === null) return left - 1
  left -= 2
  if (typeof value.toJSON === 'function') return left
  if (ArrayIsArray(value)) {
    for (let i = 0; i < value.length && left >= 0; i++) left = count(value[i], left)
    return left
  }
  const keys = ObjectKeys(value)
  for (let i = 0; i < keys.length && left >= 0; i++) {
    const key = /** @type {string} */ (keys[i])
    const member = value[key]
    if (member !== undefined && typeof member !== 'function' && typeof member !== 'symbol') left = count(member, left - key.length - 3)
  }
  return left
}

/**
 * A replacer that changes nothing. It counts a lower bound of the text: no commas, no escapes, one byte for each character.
 * @param {{ chars: number }} counter @param {number} maxChars
 */
function buildCounter (counter, maxChars) {
  counter.chars = -3 // the first call is for the value itself, and no key is written
  /** @type {(this: unknown, key: string, value: unknown) => unknown} */
  return function count (key, value) {
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return value
    counter.chars += (ArrayIsArray(this) ? 0 : key.length + 3) + (typeof value === 'string' || typeof value === 'object' ? 2 : 1)
    if (typeof value === 'string') counter.chars += value.length
    if (counter.chars > maxChars) throw STOP
    return value
  }
}

/**
 * The way down to what JSON.stringify looks at: objects, and their paths. Without a prototype: an index setter that user code put on
 * Array.prototype would see what an array is given.
 * @typedef {{ root: string, depth: number, holders: Record<number, any>, paths: Record<number, string> }} Trail
 */

/**
 * Runs again over a value that could not be written and says where. The value may have changed since, or refuse to be read: then only
 * that it failed is known.
 * @param {unknown} value @param {string} root what it is called
 */
function explain (value, root) {
  /** @type {Trail} */
  const trail = { root, depth: 0, holders: ObjectCreate(null), paths: ObjectCreate(null) }
  let path = root
  let problem = 'it cannot be written as JSON'
  try {
    JSONStringify(value, /** @type {(this: any, key: string, value: unknown) => unknown} */ function (key, member) {
      while (trail.depth > 0 && trail.holders[trail.depth] !== this) trail.depth--
      path = pathTo(trail, trail.depth, this, key)
      if (typeof member === 'bigint') {
        problem = 'a BigInt has no JSON form'
        throw STOP
      }
      if (typeof member !== 'object' || member === null) return member
      for (let i = 1; i <= trail.depth; i++) {
        if (trail.holders[i] !== member) continue
        problem = `it refers back to ${trail.paths[i]}`
        throw STOP
      }
      trail.depth++
      trail.holders[trail.depth] = member
      trail.paths[trail.depth] = path
      return member
    })
  } catch (thrown) {
    if (thrown !== STOP) return notSerializable(findThrower(trail, value), `reading it threw ${describeShort(thrown)}`)
  }
  return notSerializable(path, problem)
}

/** @param {Trail} trail @param {number} depth @param {unknown} holder @param {string} key */
function pathTo (trail, depth, holder, key) {
  if (depth === 0) return trail.root
  const path = `${trail.paths[depth]}${ArrayIsArray(holder) ? `[${key}]` : `.${key}`}`
  return path.length <= PATH_CHARS ? path : `${stringSlice(path, 0, PATH_CHARS - 1)}…`
}

/**
 * A getter or a toJSON threw before the replacer heard of the member: reads the members of everything on the way down once more.
 * @param {Trail} trail @param {unknown} value
 */
function findThrower (trail, value) {
  if (trail.depth === 0 && throwsAsJson(value, '')) return trail.root
  for (let depth = trail.depth; depth > 0; depth--) {
    const holder = trail.holders[depth]
    try {
      const keys = ReflectOwnKeys(holder)
      for (let i = 0; i < keys.length && i < KEYS_MAX; i++) {
        const key = keys[i]
        if (typeof key === 'string' && throwsWhenRead(holder, key)) return pathTo(trail, depth, holder, key)
      }
    } catch {
      return /** @type {string} */ (trail.paths[depth]) // it does not even tell its keys
    }
  }
  return trail.root
}

/** @param {object} holder @param {string} key */
function throwsWhenRead (holder, key) {
  try {
    return throwsAsJson(ReflectGet(holder, key), key)
  } catch {
    return true
  }
}

/** @param {unknown} value @param {string} key */
function throwsAsJson (value, key) {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'bigint') return false
  try {
    const { toJSON } = /** @type {any} */ (value)
    if (typeof toJSON === 'function') ReflectApply(toJSON, value, [key])
    return false
  } catch {
    return true
  }
}

/** @param {unknown} thrown */
export function describeShort (thrown) {
  try {
    const { message } = /** @type {any} */ (thrown)
    return typeof message === 'string' ? message : typeof thrown
  } catch {
    return typeof thrown
  }
}

/** @param {string} path @param {string} problem @param {string} [form] */
export function notSerializable (path, problem, form = 'as JSON') {
  return new KnownFailure('RESULT_NOT_SERIALIZABLE', 'TypeError', `Cannot write ${path} ${form}: ${problem}`)
}

/** @param {number} seen @param {number} maxBytes */
export function tooLarge (seen, maxBytes) {
  return new KnownFailure('RESULT_TOO_LARGE', 'RangeError', `Cannot return result: it is larger than resultBytes of ${maxBytes}`, seen)
}
