// @ts-check
import {
  ArrayIsArray, ErrorConstructor, JSONParse, ObjectCreate, ReflectApply, ReflectDeleteProperty, ReflectOwnKeys, ReflectSetPrototypeOf, defineHidden, defineValue,
  stringSlice, typedArrayBuffer,
} from '../intrinsics.js'
import { KnownFailure } from '../errors.js'
import { ERRORS, VIEWS } from './kinds.js'

const { add: setAdd } = Set.prototype
const { set: mapSet } = Map.prototype
const { fromBase64 } = /** @type {any} */ (Uint8Array)
const [BigIntFunction, BooleanConstructor, DateConstructor, MapConstructor, NumberConstructor, ObjectFunction, RegExpConstructor, SetConstructor, StringObject, Bytes] =
  [BigInt, Boolean, Date, Map, Number, Object, RegExp, Set, String, Uint8Array]

/** Of a source that is none. */
const SHOWN_CHARS = 100

/** @typedef {{ rows: any[], values: Record<number, any> }} Reading the values have no prototype, which code could watch */

/**
 * Reads a value in structured form, which the host has checked. Throws a KnownFailure for what is none all the same.
 * @param {string} text @returns {unknown}
 */
export function decodeStructured (text) {
  const written = JSONParse(text)
  if (written === null) return null // no input at all
  if (written.structured !== 1 || !ArrayIsArray(written.objects)) throw malformed()
  const rows = written.objects
  /** @type {Reading} */
  const reading = { rows, values: ObjectCreate(null) }
  for (let i = 0; i < rows.length; i++) reading.values[i] = create(rows[i])
  for (let i = 0; i < rows.length; i++) if (isView(rows[i])) reading.values[i] = createView(reading, rows[i])
  for (let i = 0; i < rows.length; i++) fill(reading, rows[i], reading.values[i])
  return read(reading, written.value)
}

const malformed = () => new KnownFailure('INPUT_MALFORMED', 'TypeError', 'Cannot read input: it is not in structured form')

/** @param {any} row */
const isView = (row) => ArrayIsArray(row) && row.length === 4

/** What is parsed is made the value itself, where it is a plain object or an array. @param {any} row */
function create (row) {
  if (!ArrayIsArray(row)) return row
  const a = row.length > 1 ? row[1] : undefined // what is not there would be looked for on a prototype
  switch (row[0]) {
    case 'Array': return sparse(a)
    case 'Map': return new MapConstructor()
    case 'Set': return new SetConstructor()
    case 'Date': return new DateConstructor(a === null ? NaN : a)
    case 'RegExp': return regExp(a, row[2])
    case 'Error': return error(a)
    case 'ArrayBuffer': return toBuffer(a)
    case 'Boolean': return new BooleanConstructor(a)
    case 'Number': return new NumberConstructor(word(a))
    case 'String': return new StringObject(a)
    case 'BigInt': return ObjectFunction(BigIntFunction(a))
    default: return ArrayIsArray(row[0]) ? row[0] : undefined
  }
}

/** The host has not looked at the source. @param {string} source @param {string} flags */
function regExp (source, flags) {
  try {
    return new RegExpConstructor(source, flags)
  } catch {
    throw new KnownFailure('INPUT_MALFORMED', 'SyntaxError', `Cannot read input: ${stringSlice(source, 0, SHOWN_CHARS)} is no source of a regular expression with the flags "${flags}"`)
  }
}

/** @param {string} base64 */
function toBuffer (base64) {
  return typedArrayBuffer(ReflectApply(fromBase64, Bytes, [base64]))
}

/** An array is given the room for all it may hold as soon as its length is set, unless what it holds is far apart. @param {number} length */
function sparse (length) {
  /** @type {unknown[]} */
  const list = []
  if (length === 0) return list
  defineValue(list, length - 1, null)
  ReflectDeleteProperty(list, length - 1)
  return list
}

/** @param {string} name */
function error (name) {
  const made = new ErrorConstructor()
  const known = ERRORS[name]
  if (known === undefined) defineHidden(made, 'name', name)
  else ReflectSetPrototypeOf(made, known.prototype)
  return made
}

/** @param {Reading} reading @param {any} row */
function createView ({ values }, row) {
  const Constructor = VIEWS[row[0]]
  if (Constructor === undefined) throw malformed()
  return new Constructor(values[row[1][0]], row[2], row[3])
}

/** @param {Reading} reading @param {any} row @param {any} value */
function fill (reading, row, value) {
  if (!ArrayIsArray(row)) return settle(reading, row)
  const a = row.length > 1 ? row[1] : undefined
  switch (row[0]) {
    case 'Array': return members(reading, value, row[2])
    case 'Map':
      for (let i = 0; i < a.length; i += 2) ReflectApply(mapSet, value, [read(reading, a[i]), read(reading, a[i + 1])])
      return
    case 'Set':
      for (let i = 0; i < a.length; i++) ReflectApply(setAdd, value, [read(reading, a[i])])
      return
    case 'Error': return fillError(reading, value, row)
    default: if (ArrayIsArray(row[0])) settleList(reading, value)
  }
}

/** Puts what slots stand for where they stand: members of its own, which are set without asking a prototype. @param {Reading} reading @param {Record<string, any>} object */
function settle (reading, object) {
  const keys = ReflectOwnKeys(object)
  for (let i = 0; i < keys.length; i++) {
    const key = /** @type {string} */ (keys[i])
    if (ArrayIsArray(object[key])) object[key] = read(reading, object[key])
  }
}

/** @param {Reading} reading @param {any[]} list */
function settleList (reading, list) {
  for (let i = 0; i < list.length; i++) if (ArrayIsArray(list[i])) list[i] = read(reading, list[i])
}

/** @param {Reading} reading @param {object} target @param {Record<string, any>} written */
function members (reading, target, written) {
  const keys = ReflectOwnKeys(written)
  for (let i = 0; i < keys.length; i++) {
    const key = /** @type {string} */ (keys[i])
    defineValue(target, key, read(reading, written[key]))
  }
}

/** @param {Reading} reading @param {any} value @param {any} row */
function fillError (reading, value, row) {
  const name = row[1]
  const written = row[2]
  const keys = ReflectOwnKeys(written)
  defineHidden(value, 'stack', typeof written.message === 'string' && written.message !== '' ? `${name}: ${written.message}` : name)
  for (let i = 0; i < keys.length; i++) {
    const key = /** @type {string} */ (keys[i])
    const define = key === 'message' || key === 'stack' || key === 'cause' || key === 'errors' ? defineHidden : defineValue
    define(value, key, read(reading, written[key]))
  }
}

/** @param {Reading} reading @param {any} slot */
function read ({ rows, values }, slot) {
  if (!ArrayIsArray(slot)) return slot
  const first = slot[0]
  if (typeof first !== 'number') return word(slot)
  if (!(first >= 0 && first < rows.length)) throw malformed()
  return values[first]
}

/** @param {any} slot */
function word (slot) {
  if (!ArrayIsArray(slot)) return slot
  switch (slot[0]) {
    case 'undefined': return undefined
    case 'NaN': return NaN
    case 'Infinity': return Infinity
    case '-Infinity': return -Infinity
    case '-0': return -0
    case 'bigint': return BigIntFunction(slot[1])
    default: throw malformed()
  }
}
