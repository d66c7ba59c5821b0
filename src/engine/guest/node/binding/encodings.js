// @ts-check

/** Names of encodings, in the order of the numbers that Node's C++ gives them. */
export const ENCODINGS = ['ascii', 'utf8', 'base64', 'utf16le', 'latin1', 'hex', 'buffer', 'base64url']
export const UTF8 = 1
export const BASE64 = 2
export const UCS2 = 3
export const LATIN1 = 4
/** Text in no encoding is taken as UTF-8. */
const BUFFER = 6

/** The number of an encoding, whatever it is called; UTF-8 when there is none of that name. @param {unknown} encoding */
export function toEncodingNumber (encoding) {
  if (typeof encoding !== 'string') return UTF8
  const name = encoding.toLowerCase()
  const number = ENCODINGS.indexOf(name)
  if (number >= 0) return number === BUFFER ? UTF8 : number
  return /^(ucs-?2|utf-16le)$/.test(name) ? UCS2 : name === 'binary' ? LATIN1 : UTF8
}
