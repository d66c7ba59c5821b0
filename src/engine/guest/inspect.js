// @ts-check
import {
  ArrayBufferIsView, ArrayIsArray, DateToISOString, ErrorPrototype, JSONStringify, ObjectCreate, ObjectHasOwn, ObjectIs, ObjectPrototypeToString,
  ReflectGetOwnPropertyDescriptor, ReflectGetPrototypeOf, ReflectOwnKeys, RegExpToString, StringConstructor, SymbolToString, append, arrayBufferByteLength, arrayJoin,
  bigIntValueOf, booleanValueOf, dataViewByteLength, functionToString, mapForEach, mapSize, numberValueOf, ownValue, setForEach, setSize, stringIncludes,
  stringIndexOf, stringReplaceAll, stringSlice, stringValueOf,
} from './intrinsics.js'
import { inspectBuffer } from './inspect-buffer.js'
import { readStack, withoutGuestFrames } from './stacks.js'

const DEPTH_MAX = 4
const ITEMS_MAX = 100
const TEXT_CHARS = 10_000
const LINE_CHARS = 76
const NAME_CHARS = 256
/** One value never makes more text than this, however its parts are shared. */
const TOTAL_CHARS = 65_536

/**
 * @typedef {{ left: number, seen: object[], depth: number }} State
 */

/**
 * Writes a value the way util.inspect does in outline. Bounded in depth, width and length; a getter is named, not called; a value
 * that refuses to be read is said to. Never throws but for lack of stack.
 * @param {unknown} value
 * @param {number} [depth]
 * @returns {string}
 */
export function inspect (value, depth = DEPTH_MAX) {
  return write(value, { left: TOTAL_CHARS, seen: [], depth })
}

/** @param {unknown} value @param {State} state */
function write (value, state) {
  if (state.left <= 0) return '…'
  const text = typeof value === 'object' && value !== null ? writeGuarded(value, state) : writePrimitive(value)
  state.left -= text.length
  return text
}

/** @param {unknown} value */
function writePrimitive (value) {
  switch (typeof value) {
    case 'string': return quote(value)
    case 'number': return ObjectIs(value, -0) ? '-0' : `${value}`
    case 'bigint': return `${value}n`
    case 'symbol': return SymbolToString(value)
    case 'function': return writeFunction(value)
    default: return `${value}`
  }
}

/** @param {Function} value */
function writeFunction (value) {
  const name = cut(ownText(value, 'name') ?? '', NAME_CHARS)
  if (isClass(value)) return `[class ${name === '' ? '(anonymous)' : name}${writeParent(value)}]`
  const tag = tried(() => ObjectPrototypeToString(value)) ?? ''
  const kind = FUNCTIONS[tag] ?? 'Function'
  return name === '' ? `[${kind} (anonymous)]` : `[${kind}: ${name}]`
}
/** @type {Record<string, string>} */
const FUNCTIONS = ObjectCreate(null)
for (const kind of ['AsyncFunction', 'GeneratorFunction', 'AsyncGeneratorFunction']) FUNCTIONS[`[object ${kind}]`] = kind

/** Its text tells: the prototype of a class alone cannot be written. @param {Function} value */
function isClass (value) {
  const prototype = tried(() => ReflectGetOwnPropertyDescriptor(value, 'prototype'))
  return prototype !== undefined && prototype.writable === false && stringSlice(tried(() => functionToString(value)) ?? '', 0, 5) === 'class'
}

/** @param {Function} value */
function writeParent (value) {
  const parent = tried(() => ReflectGetPrototypeOf(value))
  const name = typeof parent === 'function' ? ownText(parent, 'name') ?? '' : ''
  return name === '' ? '' : ` extends ${cut(name, NAME_CHARS)}`
}

/** @param {string} text */
function quote (text) {
  const cutText = text.length > TEXT_CHARS ? `${stringSlice(text, 0, TEXT_CHARS)}… ${text.length - TEXT_CHARS} more characters` : text
  const escaped = stringSlice(JSONStringify(cutText), 1, -1)
  return `'${stringReplaceAll(stringReplaceAll(escaped, '\\"', '"'), "'", "\\'")}'`
}

/** @param {object} value @param {State} state */
function writeGuarded (value, state) {
  for (let i = 0; i < state.seen.length; i++) if (state.seen[i] === value) return '[Circular]'
  append(state.seen, value)
  try {
    return writeObject(value, state)
  } catch {
    return '[unreadable]'
  } finally {
    state.seen.length -= 1
  }
}

/** @param {object} value @param {State} state */
function writeObject (value, state) {
  const tag = ObjectPrototypeToString(value)
  if (tag === '[object Error]' || inheritsError(value)) return writeError(value, state)
  const special = writeSpecial(value, tag)
  if (special !== undefined) return special
  if (ArrayBufferIsView(value) && className(value) === 'Buffer') return inspectBuffer(/** @type {any} */ (value))
  if (state.seen.length > state.depth) return ArrayIsArray(value) ? '[Array]' : `[${className(value)}]`
  const size = collectionSize(value)
  if (size?.kind === 'Map') return block(`Map(${size.count}) `, '{', mapItems(value, state), '}')
  if (size?.kind === 'Set') return block(`Set(${size.count}) `, '{', setItems(value, state), '}')
  if (ArrayIsArray(value)) return block('', '[', arrayItems(value, state), ']')
  if (ArrayBufferIsView(value) && 'length' in value) return block(`${className(value)}(${value.length}) `, '[', arrayItems(/** @type {any} */ (value), state), ']')
  const name = className(value)
  return block(name === 'Object' ? '' : `${name} `, '{', members(value, state), '}')
}

/** Values that are one word: dates, regular expressions, boxed primitives, promises, memory. @param {object} value @param {string} tag */
function writeSpecial (value, tag) {
  switch (tag) {
    case '[object Date]': return tried(() => DateToISOString(value)) ?? 'Invalid Date'
    case '[object RegExp]': return tried(() => RegExpToString(value))
    case '[object Promise]': return 'Promise {}'
    case '[object Number]': return boxed('Number', tried(() => numberValueOf(value)))
    case '[object String]': return boxed('String', tried(() => stringValueOf(value)))
    case '[object Boolean]': return boxed('Boolean', tried(() => booleanValueOf(value)))
    case '[object BigInt]': return boxed('BigInt', tried(() => bigIntValueOf(value)))
    case '[object ArrayBuffer]': return memory('ArrayBuffer', tried(() => arrayBufferByteLength(value)))
    case '[object DataView]': return memory('DataView', tried(() => dataViewByteLength(value)))
    default: return undefined
  }
}

/** @param {string} kind @param {unknown} value */
const boxed = (kind, value) => (value === undefined ? undefined : `[${kind}: ${writePrimitive(value)}]`)

/** Without what is in it: bytes may be a secret, in a form that nobody would find. @param {string} kind @param {number | undefined} bytes */
const memory = (kind, bytes) => (bytes === undefined ? undefined : `${kind} { byteLength: ${bytes} }`)

/** @param {object} value */
function inheritsError (value) {
  let at = ReflectGetPrototypeOf(value)
  for (let depth = 0; at !== null && depth < 32; depth++) {
    if (at === ErrorPrototype) return true
    at = ReflectGetPrototypeOf(at)
  }
  return false
}

/** Its stack, and what it was caused by, gathers and has been given. @param {object} error @param {State} state */
function writeError (error, state) {
  const { name, message } = /** @type {Record<string, unknown>} */ (error)
  const stack = readStack(error)
  const text = stack !== undefined && stack !== ''
    ? cut(withoutGuestFrames(stack), TEXT_CHARS)
    : `[${typeof name === 'string' ? cut(name, NAME_CHARS) : 'Error'}: ${typeof message === 'string' ? cut(message, TEXT_CHARS) : ''}]`
  state.left -= text.length
  const items = errorItems(error, state)
  return items.length === 0 ? text : `${text} {\n  ${indent(arrayJoin(items, ',\n'))}\n}`
}

/** @param {object} error @param {State} state */
function errorItems (error, state) {
  const isDeep = state.seen.length > state.depth
  /** @type {string[]} */
  const items = []
  const keys = ReflectOwnKeys(error)
  let skipped = 0
  for (let i = 0; i < keys.length && state.left > 0; i++) {
    const key = /** @type {PropertyKey} */ (keys[i])
    const isHidden = key === 'cause' || key === 'errors'
    if (key === 'name' || key === 'message' || key === 'stack' || (!isHidden && !ReflectGetOwnPropertyDescriptor(error, key)?.enumerable)) continue
    if (isDeep || items.length >= ITEMS_MAX) skipped++
    else append(items, `${isHidden ? `[${key}]` : writeKey(key)}: ${member(error, key, state)}`)
  }
  return more(items, skipped)
}

/** @param {object} value @returns {{ kind: 'Map' | 'Set', count: number } | undefined} */
function collectionSize (value) {
  const map = tried(() => mapSize(value))
  if (map !== undefined) return { kind: 'Map', count: map }
  const set = tried(() => setSize(value))
  return set === undefined ? undefined : { kind: 'Set', count: set }
}

/** @param {object} value @param {State} state */
function mapItems (value, state) {
  /** @type {string[]} */
  const items = []
  let skipped = 0
  mapForEach(value, (/** @type {unknown} */ member, /** @type {unknown} */ key) => {
    if (items.length >= ITEMS_MAX || state.left <= 0) skipped++
    else append(items, `${write(key, state)} => ${write(member, state)}`)
  })
  return more(items, skipped)
}

/** @param {object} value @param {State} state */
function setItems (value, state) {
  /** @type {string[]} */
  const items = []
  let skipped = 0
  setForEach(value, (/** @type {unknown} */ member) => {
    if (items.length >= ITEMS_MAX || state.left <= 0) skipped++
    else append(items, write(member, state))
  })
  return more(items, skipped)
}

/** @param {ArrayLike<unknown>} value @param {State} state */
function arrayItems (value, state) {
  const { length } = value
  /** @type {string[]} */
  const items = []
  for (let i = 0; i < length && i < ITEMS_MAX && state.left > 0; i++) append(items, member(value, `${i}`, state) ?? '<empty>')
  return more(items, length - items.length)
}

/** @param {object} value @param {State} state */
function members (value, state) {
  const keys = ReflectOwnKeys(value)
  /** @type {string[]} */
  const items = []
  for (let i = 0; i < keys.length && items.length < ITEMS_MAX && state.left > 0; i++) {
    const key = /** @type {PropertyKey} */ (keys[i])
    if (!ReflectGetOwnPropertyDescriptor(value, key)?.enumerable) continue
    append(items, `${writeKey(key)}: ${member(value, key, state)}`)
  }
  return more(items, keys.length > ITEMS_MAX ? keys.length - ITEMS_MAX : 0)
}

/** @param {object} holder @param {PropertyKey} key @param {State} state */
function member (holder, key, state) {
  const descriptor = ReflectGetOwnPropertyDescriptor(holder, key)
  if (descriptor === undefined) return undefined
  if (ObjectHasOwn(descriptor, 'value')) return write(descriptor.value, state)
  if (descriptor.get === undefined) return '[Setter]'
  return descriptor.set === undefined ? '[Getter]' : '[Getter/Setter]'
}

const PLAIN_KEY = ObjectCreate(null)
for (const c of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$') PLAIN_KEY[c] = true

/** @param {PropertyKey} key */
function writeKey (key) {
  if (typeof key === 'symbol') return `[${SymbolToString(key)}]`
  const text = StringConstructor(key)
  for (let i = 0; i < text.length; i++) if (PLAIN_KEY[/** @type {string} */ (text[i])] !== true) return quote(text)
  return text === '' ? "''" : text
}

/** @param {object} value */
function className (value) {
  const prototype = ReflectGetPrototypeOf(value)
  if (prototype === null) return '[Object: null prototype]'
  const constructor = ownValue(prototype, 'constructor')
  return typeof constructor === 'function' ? cut(ownText(constructor, 'name') ?? 'Object', 256) : 'Object'
}

/** @param {object} holder @param {string} key @returns {string | undefined} */
function ownText (holder, key) {
  const text = ownValue(holder, key)
  return typeof text === 'string' ? text : undefined
}

/** @param {string[]} items @param {number} skipped */
function more (items, skipped) {
  if (skipped > 0) append(items, `… ${skipped} more`)
  return items
}

/** @param {string} prefix @param {string} open @param {string[]} items @param {string} close */
function block (prefix, open, items, close) {
  if (items.length === 0) return `${prefix}${open}${close}`
  const line = arrayJoin(items, ', ')
  if (line.length + prefix.length <= LINE_CHARS && !stringIncludes(line, '\n')) return open === '[' ? `${prefix}[ ${line} ]` : `${prefix}{ ${line} }`
  return `${prefix}${open}\n  ${indent(arrayJoin(items, ',\n'))}\n${close}`
}

/** @param {string} text */
const indent = (text) => stringReplaceAll(text, '\n', '\n  ')

/** @param {string} text @param {number} chars */
function cut (text, chars) {
  return text.length <= chars ? text : `${stringSlice(text, 0, chars - 1)}…`
}

/** @template T @param {() => T} read @returns {T | undefined} */
function tried (read) {
  try {
    return read()
  } catch {
    return undefined
  }
}
