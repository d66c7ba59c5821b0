// @ts-check
import { ObjectCreate, TypeErrorConstructor, stringCharCodeAt, stringToUpperCase, typedArrayKind } from '../../engine/guest/intrinsics.js'
import { toBufferSource } from '../../engine/guest/bytes.js'
import { isObject, toEnforced, toText } from '../../engine/guest/webidl.js'
import { fail } from './failure.js'
import { toKey } from './key.js'

// Which algorithm has which members. Source: https://w3c.github.io/webcrypto/#algorithm-overview
// The native has a table of its own, and the last word; this one reads members as Web IDL says, each once and in its order.

/**
 * @typedef {'octet' | 'short' | 'long' | 'text' | 'bytes' | 'exponent' | 'hash' | 'key'} Kind
 * @typedef {{ name: string, kind: Kind, required: boolean }} Member
 * @typedef {{ name: string, members: Member[] }} Entry
 * @typedef {Record<string, Entry>} Table by name in capitals; without a prototype
 */

/** @param {string} name @param {Kind} kind @returns {Member} */
const needs = (name, kind) => ({ name, kind, required: true })
/** @param {string} name @param {Kind} kind @returns {Member} */
const takes = (name, kind) => ({ name, kind, required: false })

/** @type {Member[]} */
const NOTHING = []
const AES_KEY = [needs('length', 'short')]
const HMAC_KEY = [needs('hash', 'hash'), takes('length', 'long')]
const CURVE_KEY = [needs('namedCurve', 'text')]
const HASH = [needs('hash', 'hash')]
const RSA_NEW = [needs('modulusLength', 'long'), needs('publicExponent', 'exponent'), needs('hash', 'hash')] // a base's members come first
const PEER = [needs('public', 'key')]

const PAIRS = ['RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP']
const AES = ['AES-CBC', 'AES-CTR', 'AES-GCM', 'AES-KW']
const CURVES = ['ECDSA', 'ECDH']

const digest = addNames(ObjectCreate(null), ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'], NOTHING)
const cipher = addCiphers(ObjectCreate(null))
/** By what is done: `derived` is a key that deriveKey makes, and `wrap` has the ciphers that a key can be wrapped with besides. */
const TABLES = { __proto__: null, digest, cipher, wrap: ObjectCreate(null), sign: ObjectCreate(null), derive: ObjectCreate(null), generate: ObjectCreate(null), import: ObjectCreate(null), derived: ObjectCreate(null) }
/** @typedef {Exclude<keyof typeof TABLES, '__proto__'>} Purpose */

addCiphers(addNames(TABLES.wrap, ['AES-KW'], NOTHING))
addNames(TABLES.sign, ['HMAC', 'Ed25519', 'RSASSA-PKCS1-v1_5'], NOTHING)
addNames(TABLES.sign, ['RSA-PSS'], [needs('saltLength', 'long')])
addNames(TABLES.sign, ['ECDSA'], HASH)
addNames(TABLES.derive, ['ECDH', 'X25519'], PEER)
addNames(TABLES.derive, ['HKDF'], [needs('hash', 'hash'), needs('info', 'bytes'), needs('salt', 'bytes')])
addNames(TABLES.derive, ['PBKDF2'], [needs('hash', 'hash'), needs('iterations', 'long'), needs('salt', 'bytes')])
addNames(TABLES.generate, ['Ed25519', 'X25519'], NOTHING)
addNames(TABLES.generate, AES, AES_KEY)
addNames(TABLES.generate, PAIRS, RSA_NEW)
addNames(TABLES.generate, CURVES, CURVE_KEY)
addNames(TABLES.generate, ['HMAC'], HMAC_KEY)
addNames(TABLES.import, ['Ed25519', 'X25519', 'HKDF', 'PBKDF2'], NOTHING)
addNames(TABLES.import, AES, NOTHING)
addNames(TABLES.import, PAIRS, HASH)
addNames(TABLES.import, CURVES, CURVE_KEY)
addNames(TABLES.import, ['HMAC'], HMAC_KEY)
addNames(TABLES.derived, ['HKDF', 'PBKDF2'], NOTHING)
addNames(TABLES.derived, AES, AES_KEY)
addNames(TABLES.derived, ['HMAC'], HMAC_KEY)

/** Algorithms whose members are the same. User code may have run before this does. @param {Table} table @param {string[]} names @param {Member[]} members */
function addNames (table, names, members) {
  for (let i = 0; i < names.length; i++) {
    const name = /** @type {string} */ (names[i])
    table[stringToUpperCase(name)] = { name, members }
  }
  return table
}

/** @param {Table} table */
function addCiphers (table) {
  addNames(table, ['AES-CBC'], [needs('iv', 'bytes')])
  addNames(table, ['AES-CTR'], [needs('counter', 'bytes'), needs('length', 'octet')])
  addNames(table, ['AES-GCM'], [takes('additionalData', 'bytes'), needs('iv', 'bytes'), takes('tagLength', 'octet')])
  return addNames(table, ['RSA-OAEP'], [takes('label', 'bytes')])
}

/** An AlgorithmIdentifier: an object, or a name. @param {unknown} value @returns {Record<string, unknown>} */
export function toIdentifier (value) {
  if (isObject(value)) return value
  const identifier = ObjectCreate(null)
  identifier.name = toText(value)
  return identifier
}

/**
 * Normalizes an algorithm; answers what the native is sent. Throws what the standard says for an unknown one or a member that is wrong.
 * The standard's words read the name twice; its tests, and everybody, once.
 * Source: https://w3c.github.io/webcrypto/#algorithm-normalization-normalize-an-algorithm
 * @param {Purpose} purpose
 * @param {Record<string, unknown>} identifier
 * @param {import('./request.js').Request} request takes the bytes
 * @returns {object}
 */
export function normalize (purpose, identifier, request) {
  const { name, members } = find(TABLES[purpose], readName(identifier))
  /** @type {Record<string, any>} */
  const values = ObjectCreate(null)
  for (let i = 0; i < members.length; i++) {
    const { name: member, kind, required } = /** @type {Member} */ (members[i])
    const value = identifier[member]
    if (value !== undefined) values[member] = convert(kind, value, member)
    else if (required) throw new TypeErrorConstructor(`Cannot read algorithm "${name}": it needs ${member}`)
  }
  const normalized = ObjectCreate(null)
  normalized.name = name
  for (let i = 0; i < members.length; i++) {
    const { name: member, kind } = /** @type {Member} */ (members[i])
    if (member in values) normalized[member] = finish(kind, values[member], member, request)
  }
  return normalized
}

/** @param {Record<string, unknown>} identifier */
function readName (identifier) {
  const { name } = identifier
  if (name === undefined) throw new TypeErrorConstructor('Cannot read algorithm: it has no name')
  return toText(name)
}

const NAME_CHARS = 32

/** Names are the same whatever the case of their ASCII letters, and of no others. @param {Table} table @param {string} name @returns {Entry} */
function find (table, name) {
  let isAscii = name.length <= NAME_CHARS
  for (let i = 0; isAscii && i < name.length; i++) isAscii = stringCharCodeAt(name, i) < 128
  const entry = isAscii ? table[stringToUpperCase(name)] : undefined
  if (entry === undefined) fail('NotSupportedError', 'Cannot read algorithm: its name is not one that can do this')
  return entry
}

/** What a member is at once, as Web IDL reads it. @param {Kind} kind @param {unknown} value @param {string} member */
function convert (kind, value, member) {
  switch (kind) {
    case 'octet': return toEnforced(value, 0xff, member)
    case 'short': return toEnforced(value, 0xffff, member)
    case 'long': return toEnforced(value, 0xffff_ffff, member)
    case 'text': return toText(value)
    case 'bytes': return toBufferSource(value, member)
    case 'hash': return toIdentifier(value)
    case 'key': return toKey(value, member)
    case 'exponent':
      if (isObject(value) && typedArrayKind(value) === 'Uint8Array') return value
      throw new TypeErrorConstructor(`${member} is not a Uint8Array`)
  }
}

/** What a member becomes once all of them are read. @param {Kind} kind @param {any} value @param {string} member @param {import('./request.js').Request} request */
function finish (kind, value, member, request) {
  if (kind === 'bytes' || kind === 'exponent') return request.span(value, member)
  if (kind !== 'hash') return value
  return find(digest, readName(value)).name
}
