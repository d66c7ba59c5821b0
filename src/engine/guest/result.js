// @ts-check
import { ArrayIsArray, JSONStringify, ObjectCreate } from './intrinsics.js'
import { KnownFailure } from './errors.js'

/** Thrown through JSON.stringify when the text grows over its cap. */
const TOO_LARGE = ObjectCreate(null)

/**
 * Writes a result as JSON text by JSON.stringify's rules; undefined becomes null. Counts while it writes, so that a value that
 * shares its parts a million times over is stopped at the cap and not when memory ends.
 * Throws a KnownFailure: RESULT_TOO_LARGE, or RESULT_NOT_SERIALIZABLE naming the path.
 * @param {unknown} value
 * @param {number} maxBytes
 * @returns {string}
 */
export function serializeResult (value, maxBytes) {
  if (value === undefined) return 'null'
  if (typeof value === 'function' || typeof value === 'symbol') throw notSerializable('result', `a ${typeof value} has no JSON form`)
  const counter = { chars: 0 }
  let text
  try {
    text = JSONStringify(value, buildCounter(counter, maxBytes))
  } catch (thrown) {
    if (thrown === TOO_LARGE) throw tooLarge(counter.chars, maxBytes)
    throw explain(value)
  }
  if (text === undefined) return 'null'
  if (text.length > maxBytes) throw tooLarge(text.length, maxBytes)
  return text
}

/**
 * A replacer that changes nothing. It counts a lower bound of the text: keys with their quotes, strings with theirs, one for the rest.
 * @param {{ chars: number }} counter @param {number} maxBytes
 */
function buildCounter (counter, maxBytes) {
  /** @type {(this: unknown, key: string, value: unknown) => unknown} */
  return function count (key, value) {
    if (value !== undefined && typeof value !== 'function' && typeof value !== 'symbol') {
      counter.chars += (typeof value === 'string' ? value.length + 3 : 2) + (ArrayIsArray(this) ? 0 : key.length)
      if (counter.chars > maxBytes + 16) throw TOO_LARGE
    }
    return value
  }
}

/**
 * Runs again over a value that could not be written and says where. The value may have changed since, or refuse to be read: then only
 * that it failed is known.
 * @param {unknown} value
 */
function explain (value) {
  // Without a prototype: an index setter that user code put on Array.prototype would see what an array is given.
  /** @type {Record<number, unknown>} */
  const holders = ObjectCreate(null)
  /** @type {Record<number, string>} */
  const paths = ObjectCreate(null)
  let deepest = 0
  let path = 'result'
  let problem = 'it cannot be written as JSON'
  try {
    JSONStringify(value, /** @type {(this: any, key: string, value: unknown) => unknown} */ function (key, member) {
      let depth = deepest
      while (depth > 0 && holders[depth] !== this) depth--
      path = depth === 0 ? 'result' : `${paths[depth]}${ArrayIsArray(this) ? `[${key}]` : `.${key}`}`
      if (typeof member === 'bigint') {
        problem = 'a BigInt has no JSON form'
        throw TOO_LARGE
      }
      if (typeof member === 'object' && member !== null) {
        for (let i = 1; i <= depth; i++) {
          if (holders[i] !== member) continue
          problem = `it refers back to ${paths[i]}`
          throw TOO_LARGE
        }
        deepest = depth + 1
        holders[deepest] = member
        paths[deepest] = path
      }
      return member
    })
  } catch (thrown) {
    if (thrown !== TOO_LARGE) problem = `reading it threw ${describeShort(thrown)}`
  }
  return notSerializable(path, problem)
}

/** @param {unknown} thrown */
function describeShort (thrown) {
  try {
    const { message } = /** @type {any} */ (thrown)
    return typeof message === 'string' ? message : typeof thrown
  } catch {
    return typeof thrown
  }
}

/** @param {string} path @param {string} problem */
function notSerializable (path, problem) {
  return new KnownFailure('RESULT_NOT_SERIALIZABLE', 'TypeError', `Cannot write ${path} as JSON: ${problem}`)
}

/** @param {number} seen @param {number} maxBytes */
function tooLarge (seen, maxBytes) {
  return new KnownFailure('RESULT_TOO_LARGE', 'RangeError', `Cannot return result: it is larger than resultBytes of ${maxBytes}`, seen)
}
