// @ts-check
import { ObjectCreate, TypeErrorConstructor } from '../../engine/guest/intrinsics.js'
import { isObject, toSequence, toText } from '../../engine/guest/webidl.js'

/** Members in the order that Web IDL reads them. Source: https://w3c.github.io/webcrypto/#JsonWebKey-dictionary */
const MEMBERS = ['alg', 'crv', 'd', 'dp', 'dq', 'e', 'ext', 'k', 'key_ops', 'kty', 'n', 'oth', 'p', 'q', 'qi', 'use', 'x', 'y']

/** Reads a JsonWebKey; members that are not there are left out. @param {unknown} value */
export function toJsonWebKey (value) {
  const jwk = ObjectCreate(null)
  if (value === undefined || value === null) return jwk
  if (!isObject(value)) throw new TypeErrorConstructor('The key data is neither bytes nor a JSON Web Key')
  for (let i = 0; i < MEMBERS.length; i++) {
    const member = /** @type {string} */ (MEMBERS[i])
    const given = value[member]
    if (given !== undefined) jwk[member] = convert(member, given)
  }
  return jwk
}

/** @param {string} member @param {unknown} value */
function convert (member, value) {
  if (member === 'ext') return !!value
  if (member === 'key_ops') return toSequence(value, toText, member)
  if (member !== 'oth') return toText(value)
  toSequence(value, readPrime, member)
  return true // that there are any is all that matters: no such key is supported
}

/** @param {unknown} value */
function readPrime (value) {
  if (value === undefined || value === null) return
  if (!isObject(value)) throw new TypeErrorConstructor('oth holds something that is not an object')
  for (let i = 0; i < 3; i++) {
    const given = value[/** @type {string} */ ('drt'[i])]
    if (given !== undefined) toText(given)
  }
}
