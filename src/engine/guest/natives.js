// @ts-check
import { ErrorConstructor, JSONParse, ObjectCreate, TypeErrorConstructor, stringIndexOf, stringSlice } from './intrinsics.js'
import { buildToolError } from './errors.js'

/**
 * Asks a native, which answers at once.
 * @typedef {(name: string, method: string, args: string, bytes: string) => string} Ask
 * @typedef {{ text: string, bytes: string }} Answer JSON text, and bytes of one character each
 */

/** @type {Ask | undefined} */
let ask

/** @param {Ask | undefined} hostAsk */
export function connectNatives (hostAsk) {
  ask = hostAsk
}

/**
 * Calls a native. Throws what it failed with, as an error of this isolate: the name is the native's word.
 * @param {string} name @param {string} method @param {string} args JSON text @param {string} [bytes] one character each
 * @returns {Answer}
 */
export function askNative (name, method, args, bytes = '') {
  if (ask === undefined) throw new TypeErrorConstructor(`Cannot call ${name}.${method}: it has no native`)
  const packed = ask(name, method, args, bytes)
  const lineEnd = stringIndexOf(packed, '\n')
  const head = JSONParse(stringSlice(packed, 0, lineEnd))
  const rest = stringSlice(packed, lineEnd + 1)
  if (head.failure) throw buildToolError(new ErrorConstructor(''), head.failure)
  return buildAnswer(stringSlice(rest, 0, head.textChars), stringSlice(rest, head.textChars))
}

/** Without a prototype: a promise asks what it is resolved with for `then`. @param {string} text @param {string} bytes @returns {Answer} */
export function buildAnswer (text, bytes) {
  const answer = ObjectCreate(null)
  answer.text = text
  answer.bytes = bytes
  return answer
}
