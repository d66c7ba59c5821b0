// @ts-check
import {
  ArrayIsArray, JSONStringify, MathFloor, MathMax, MathMin, ObjectCreate, ReflectApply, ReflectGet, ReflectOwnKeys, ReflectSetPrototypeOf, stringSlice,
} from './intrinsics.js'
import { KnownFailure, isStackOverflow } from './errors.js'

/** Thrown through JSON.stringify when the text grows over its cap, and to leave it early. */
const STOP = ObjectCreate(null)
/** A result that is over its limit by less is written all the same, so that the host can tell its exact size. */
const EXACT_BYTES = 1_048_576
const PATH_CHARS = 256
const KEYS_MAX = 1000

/** Elements that a list is begun with, characters of a piece of it, and elements of one at the most. */
const FIRST_ELEMENTS = 16
const PIECE_CHARS = 65_536
const MOST_ELEMENTS = 4096

/**
 * Writes a result as JSON text by JSON.stringify's rules; undefined becomes null. Counts while it writes, so that a value that
 * shares its parts a million times over is stopped near the cap and not when memory ends; the host has the last word on the size. What a `toJSON`
 * of an element of a long list is told as its key is the place in a piece of the list. Throws a KnownFailure: RESULT_TOO_LARGE, or
 * RESULT_NOT_SERIALIZABLE naming the path.
 * @param {unknown} value
 * @param {number} maxBytes
 * @returns {string}
 */
export function serializeResult (value, maxBytes) {
  if (value === undefined) return 'null'
  if (typeof value === 'function' || typeof value === 'symbol') throw notSerializable('result', `a ${typeof value} has no JSON form`)
  const counter = { chars: 0, max: maxBytes + EXACT_BYTES }
  try {
    return (ArrayIsArray(value) ? writeList(value, counter) : writeCounted(value, counter)) ?? 'null'
  } catch (thrown) {
    if (thrown === STOP) throw tooLarge(counter.chars, maxBytes)
    throw isStackOverflow(thrown) ? notSerializable('result', 'it is nested too deeply') : explain(value, 'result')
  }
}

/**
 * Writes a list piece by piece, each as long as those before it let expect, and counts these: to count each member, as the first elements are, costs five times what
 * writing it does. An element that explodes alone among others that do not is as much code's own doing as if it had called JSON.stringify itself.
 * @param {any} list @param {Counter} counter @returns {string | undefined}
 */
function writeList (list, counter) {
  if (typeof list.toJSON === 'function') return writeCounted(list, counter)
  const length = MathMax(0, MathFloor(+list.length) || 0) // of a list that is a proxy, anything
  let text = '['
  for (let start = 0, end = 0; start < length; start = end) {
    const elements = start === 0 ? FIRST_ELEMENTS : MathMin(MOST_ELEMENTS, MathMax(1, MathFloor(PIECE_CHARS * start / text.length)))
    end = MathMin(length, start + elements)
    /** @type {unknown[]} */
    const piece = []
    ReflectSetPrototypeOf(piece, null) // nobody hears of what it is given
    for (let i = start; i < end; i++) piece[i - start] = list[i]
    const written = start === 0 ? writeCounted(piece, counter) : JSONStringify(piece)
    text += `${start === 0 ? '' : ','}${stringSlice(/** @type {string} */ (written), 1, -1)}`
    counter.chars = text.length
    if (counter.chars > counter.max) throw STOP
  }
  return `${text}]`
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

/** @typedef {{ chars: number, max: number }} Counter what was written so far, and the most */

/**
 * Writes a value by a replacer that changes nothing. It counts a lower bound of the text: no commas, no escapes, one byte for each character.
 * @param {unknown} value @param {Counter} counter @returns {string | undefined}
 */
function writeCounted (value, counter) {
  counter.chars -= 3 // the first call is for the value itself, and no key is written
  return JSONStringify(value, /** @type {(this: unknown, key: string, value: unknown) => unknown} */ function (key, member) {
    if (member === undefined || typeof member === 'function' || typeof member === 'symbol') return member
    counter.chars += (ArrayIsArray(this) ? 0 : key.length + 3) + (typeof member === 'string' || typeof member === 'object' ? 2 : 1)
    if (typeof member === 'string') counter.chars += member.length
    if (counter.chars > counter.max) throw STOP
    return member
  })
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
