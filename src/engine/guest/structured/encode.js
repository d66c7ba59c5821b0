// @ts-check
import {
  ArrayIsArray, JSONStringify, ObjectCreate, ObjectHasOwn, ReflectApply, ReflectGet, ReflectGetOwnPropertyDescriptor, ReflectGetPrototypeOf, arrayBufferByteLength,
  arrayBufferIsDetached, dataViewBuffer, dataViewByteLength, dataViewByteOffset, mapForEach, setForEach, stringSlice, typedArrayBuffer, typedArrayByteLength,
  typedArrayByteOffset, typedArrayKind,
} from '../intrinsics.js'
import { isStackOverflow } from '../errors.js'
import { describeShort, notSerializable, tooLarge } from '../result.js'
import { withoutGuestFrames } from '../stacks.js'
import { VIEWS, bigintValueOf, booleanValueOf, dateGetTime, kindOf, numberValueOf, regExpFlags, regExpSource, stringValueOf } from './kinds.js'

const PATH_CHARS = 256
/** As `STRUCTURED_BOUNDS` in core has them. */
const BIGINT_DIGITS = 100_000
const REGEXP_CHARS = 65_536
/** A value that is over its limit by less is written all the same, so that the host can tell its exact size. */
const EXACT_BYTES = 1_048_576
/** The least that a text or an object takes beside itself: what stands around it. */
const SLOT_CHARS = 3
const TOO_LARGE = ObjectCreate(null)

const { keys: objectKeys } = Object
const { toBase64 } = /** @type {any} */ (Uint8Array.prototype)
const MapConstructor = Map
const { get: mapGet, set: mapSet } = Map.prototype

/**
 * Objects of a value on their way into the text, in the order in which they were met. The lists have no prototype, which code could watch. `chars` counts a lower bound of the text, so that a
 * value that shares its parts a million times over is stopped near the limit.
 * @typedef {{
 *   rows: Record<number, object>,
 *   parents: Record<number, number>,
 *   keys: Record<number, string>,
 *   count: number,
 *   at: number,
 *   numbers: Map<object, number>,
 *   chars: number,
 *   maxChars: number,
 * }} Writing
 */

/** What is wrong with a member, told to whoever knows where it is. */
class Unwritable {
  #own = true
  /** @param {string} problem @param {string} key */
  constructor (problem, key) {
    this.problem = problem
    this.key = key
  }

  /** @param {unknown} value @returns {value is Unwritable} */
  static is (value) { return typeof value === 'object' && value !== null && #own in value }
}

/**
 * Writes a value in structured form, as JSON text. Reads what `structuredClone` would read, and calls the same getters.
 * Throws a KnownFailure: RESULT_TOO_LARGE, or RESULT_NOT_SERIALIZABLE naming the path. Source: docs/values.md
 * @param {unknown} value @param {number} maxBytes @returns {string}
 */
export function encodeStructured (value, maxBytes) {
  /** @type {Writing} */
  const writing = { rows: ObjectCreate(null), parents: ObjectCreate(null), keys: ObjectCreate(null), count: 0, at: -1, numbers: new MapConstructor(), chars: 0, maxChars: maxBytes + EXACT_BYTES }
  try {
    let text = `{"structured":1,"value":${slot(writing, value, '')},"objects":[`
    for (writing.at = 0; writing.at < writing.count; writing.at++) {
      text += writing.at === 0 ? row(writing) : `,${row(writing)}`
    }
    return `${text}]}`
  } catch (thrown) {
    if (thrown === TOO_LARGE) throw tooLarge(writing.chars, maxBytes)
    if (Unwritable.is(thrown)) throw notSerializable(pathTo(writing, writing.at, thrown.key), thrown.problem, 'in structured form')
    throw thrown
  }
}

/** @param {Writing} writing @param {unknown} value @param {string} key */
function slot (writing, value, key) {
  switch (typeof value) {
    case 'string': return writeText(writing, value)
    case 'number': return writeNumber(value)
    case 'boolean': return value ? 'true' : 'false'
    case 'undefined': return '["undefined"]'
    case 'bigint': return `["bigint","${writeBigInt(value, key)}"]`
    case 'object': return value === null ? 'null' : reference(writing, value, key)
    default: throw new Unwritable(`a ${typeof value} has no structured form`, key)
  }
}

/** @param {Writing} writing @param {string} text */
function writeText (writing, text) {
  charge(writing, text.length)
  return JSONStringify(text)
}

/** @param {Writing} writing @param {number} chars */
function charge (writing, chars) {
  writing.chars += chars + SLOT_CHARS
  if (writing.chars > writing.maxChars) throw TOO_LARGE
}

/** @param {number} value */
function writeNumber (value) {
  if (value !== value) return '["NaN"]'
  if (value === Infinity) return '["Infinity"]'
  if (value === -Infinity) return '["-Infinity"]'
  return value === 0 && 1 / value < 0 ? '["-0"]' : `${value}`
}

/** @param {bigint} value @param {string} key */
function writeBigInt (value, key) {
  const digits = `${value}`
  if (digits.length > BIGINT_DIGITS) throw new Unwritable(`it has ${digits.length} digits, more than ${BIGINT_DIGITS}`, key)
  return digits
}

/** @param {Writing} writing @param {object} object @param {string} key */
function reference (writing, object, key) {
  const { numbers } = writing
  const known = ReflectApply(mapGet, numbers, [object])
  charge(writing, 0)
  if (known !== undefined) return `[${known}]`
  const number = writing.count++
  ReflectApply(mapSet, numbers, [object, number])
  writing.rows[number] = object
  writing.parents[number] = writing.at
  writing.keys[number] = key
  return `[${number}]`
}

/** Writes the object whose turn it is; a proxy may throw at any look. @param {Writing} writing */
function row (writing) {
  try {
    return writeRow(writing)
  } catch (thrown) {
    if (thrown === TOO_LARGE || Unwritable.is(thrown) || isStackOverflow(thrown)) throw thrown
    throw new Unwritable(`reading it threw ${describeShort(thrown)}`, '')
  }
}

/** @param {Writing} writing */
function writeRow (writing) {
  const object = /** @type {any} */ (writing.rows[writing.at])
  if (ArrayIsArray(object)) return array(writing, object)
  const kind = kindOf(object)
  switch (kind) {
    case 'Object': return members(writing, object, objectKeys(object))
    case 'Map': return map(writing, object)
    case 'Set': return set(writing, object)
    case 'Date': return `["Date",${dateGetTime(object) === dateGetTime(object) ? dateGetTime(object) : null}]`
    case 'RegExp': return regExp(object)
    case 'Error': return error(writing, object)
    case 'ArrayBuffer': return buffer(writing, object)
    case 'TypedArray': return view(writing, object, typedArrayKind(object))
    case 'DataView': return view(writing, object, kind)
    case 'Boolean': return `["Boolean",${booleanValueOf(object)}]`
    case 'Number': return `["Number",${writeNumber(numberValueOf(object))}]`
    case 'String': return `["String",${JSONStringify(stringValueOf(object))}]`
    case 'BigInt': return `["BigInt","${writeBigInt(bigintValueOf(object), '')}"]`
    default: throw new Unwritable(`a ${kind} has no structured form`, '')
  }
}

/** @param {Writing} writing @param {any[]} list */
function array (writing, list) {
  const keys = objectKeys(list)
  const { length } = list
  if (keys.length !== length || (length > 0 && keys[length - 1] !== `${length - 1}`)) return `["Array",${length},${members(writing, list, keys)}]`
  let text = ''
  for (let i = 0; i < length; i++) text += (i === 0 ? '' : ',') + slot(writing, read(list, i), `[${i}]`)
  return `[[${text}]]`
}

/** @param {Writing} writing @param {object} object @param {string[]} keys own ones that are enumerated */
function members (writing, object, keys) {
  let text = ''
  for (let i = 0; i < keys.length; i++) {
    const key = /** @type {string} */ (keys[i])
    if (i > 0 && !ObjectHasOwn(object, key)) continue // a getter before it has removed it
    text += `${text === '' ? '' : ','}${JSONStringify(key)}:${slot(writing, read(object, key), `.${key}`)}`
  }
  return `{${text}}`
}

/** @param {object} object @param {PropertyKey} key */
function read (object, key) {
  try {
    return ReflectGet(object, key)
  } catch (thrown) {
    if (isStackOverflow(thrown)) throw thrown
    throw new Unwritable(`reading it threw ${describeShort(thrown)}`, typeof key === 'number' ? `[${key}]` : `.${/** @type {string} */ (key)}`)
  }
}

/** @param {Writing} writing @param {object} object */
function map (writing, object) {
  let text = ''
  let i = 0
  mapForEach(object, (/** @type {unknown} */ value, /** @type {unknown} */ key) => {
    text += `${i === 0 ? '' : ','}${slot(writing, key, `.key(${i})`)},${slot(writing, value, `.value(${i})`)}`
    i++
  })
  return `["Map",[${text}]]`
}

/** @param {Writing} writing @param {object} object */
function set (writing, object) {
  let text = ''
  let i = 0
  setForEach(object, (/** @type {unknown} */ value) => {
    text += `${i === 0 ? '' : ','}${slot(writing, value, `.value(${i})`)}`
    i++
  })
  return `["Set",[${text}]]`
}

/** @param {RegExp} object */
function regExp (object) {
  const source = regExpSource(object)
  if (source.length > REGEXP_CHARS) throw new Unwritable(`its source has ${source.length} characters, more than ${REGEXP_CHARS}`, '')
  return `["RegExp",${JSONStringify(source)},"${regExpFlags(object)}"]`
}

/** What `structuredClone` leaves of an error, and what is lost by it: its own name, the errors of an AggregateError, and what code has put on it. @param {Writing} writing @param {any} object */
function error (writing, object) {
  const name = read(object, 'name')
  let text = ''
  const keys = objectKeys(object)
  for (let i = 0; i < HIDDEN.length + keys.length; i++) {
    const isHidden = i < HIDDEN.length
    const key = /** @type {string} */ (isHidden ? HIDDEN[i] : keys[i - HIDDEN.length])
    if (isHidden ? !ObjectHasOwn(object, key) || isEnumerable(object, key) : key === 'name') continue
    const value = read(object, key)
    const written = key === 'stack' && typeof value === 'string' ? JSONStringify(withoutGuestFrames(value)) : slot(writing, value, `.${key}`)
    text += `${text === '' ? '' : ','}${JSONStringify(key)}:${written}`
  }
  return `["Error",${JSONStringify(typeof name === 'string' ? name : 'Error')},{${text}}]`
}

/** Members of errors that are not enumerated. */
const HIDDEN = ['message', 'stack', 'cause', 'errors']

/** @param {object} object @param {string} key */
const isEnumerable = (object, key) => ReflectGetOwnPropertyDescriptor(object, key)?.enumerable === true

/** @param {Writing} writing @param {ArrayBuffer} object */
function buffer (writing, object) {
  if (arrayBufferIsDetached(object)) throw new Unwritable('it is a buffer that was given away', '')
  charge(writing, arrayBufferByteLength(object) / 3 * 4)
  return `["ArrayBuffer","${ReflectApply(toBase64, new VIEWS.Uint8Array(object), [])}"]`
}

/** @param {Writing} writing @param {any} object @param {string} kind */
function view (writing, object, kind) {
  const isDataView = kind === 'DataView'
  const whole = isDataView ? dataViewBuffer(object) : typedArrayBuffer(object)
  if (arrayBufferIsDetached(whole)) throw new Unwritable('its buffer was given away', '')
  const Constructor = VIEWS[kind]
  const bytes = isDataView ? dataViewByteLength(object) : typedArrayByteLength(object)
  const offset = isDataView ? dataViewByteOffset(object) : typedArrayByteOffset(object)
  // What is of a class of its own, like a Buffer, may share its memory with others that are nobody else's business.
  if (ReflectGetPrototypeOf(object) !== Constructor.prototype && bytes !== arrayBufferByteLength(whole)) {
    const own = copy(whole, offset, bytes)
    return `["${kind}",${reference(writing, own, '.buffer')},0,${isDataView ? bytes : bytes / Constructor.BYTES_PER_ELEMENT}]`
  }
  return `["${kind}",${reference(writing, whole, '.buffer')},${offset},${isDataView ? bytes : bytes / Constructor.BYTES_PER_ELEMENT}]`
}

const Bytes = VIEWS.Uint8Array

/** @param {ArrayBuffer} whole @param {number} offset @param {number} bytes */
function copy (whole, offset, bytes) {
  const part = new Bytes(whole, offset, bytes)
  const own = new Bytes(bytes)
  for (let i = 0; i < bytes; i++) own[i] = part[i]
  return typedArrayBuffer(own)
}

/** @param {Writing} writing @param {number} at @param {string} key */
function pathTo (writing, at, key) {
  let path = key
  for (let i = at; i >= 0 && path.length < PATH_CHARS; i = /** @type {number} */ (writing.parents[i])) path = writing.keys[i] + path
  const whole = `result${path}`
  return whole.length <= PATH_CHARS ? whole : `result…${stringSlice(whole, whole.length - PATH_CHARS + 8)}`
}
