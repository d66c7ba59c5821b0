// @ts-check
import { ArrayIsArray, ArrayPrototype, JSONStringify, NumberIsFinite, ObjectCreate, ObjectPrototype, ReflectGetPrototypeOf, utf8Length } from './intrinsics.js'

/** What a state may weigh. */
export const STATE_BYTES = 1_048_576
/** Thrown through JSON.stringify at what it would write as something else. */
const STOP = ObjectCreate(null)

/**
 * Writes an accumulator as JSON, so that the next run goes on with the same. One that cannot be written so, or is too large, is told of: the run
 * goes on, without a state.
 * @param {unknown} accumulator @param {(message: string) => void} warn @returns {string | undefined}
 */
export function writeState (accumulator, warn) {
  let problem = 'it cannot be written as JSON'
  try {
    const text = JSONStringify(accumulator, /** @type {(this: any, key: string) => unknown} */ function (key) {
      const value = this[key] // as it was before any toJSON
      const kind = strangeKind(value)
      if (kind === undefined) return value
      problem = `JSON has no form for ${kind}${key === '' ? '' : ` in its ${JSONStringify(key)}`}`
      throw STOP
    })
    const bytes = utf8Length(text)
    if (bytes <= STATE_BYTES) return text
    problem = `it has ${bytes} bytes as JSON, allowed are ${STATE_BYTES}`
  } catch {
    // told below
  }
  warn(`Cannot keep the accumulator for a run that goes on from here: ${problem}`)
  return undefined
}

/** Names what JSON writes as something else than it is; undefined for what comes back the same. @param {unknown} value */
function strangeKind (value) {
  switch (typeof value) {
    case 'object': {
      if (value === null) return undefined
      const prototype = ReflectGetPrototypeOf(value)
      const isPlain = ArrayIsArray(value) ? prototype === ArrayPrototype : prototype === ObjectPrototype || prototype === null
      return isPlain ? undefined : 'an object of a class'
    }
    case 'number': return NumberIsFinite(value) ? undefined : 'a number that is not finite'
    case 'string':
    case 'boolean':
    case 'undefined': return undefined
    default: return `a ${typeof value}`
  }
}
