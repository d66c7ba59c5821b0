// @ts-check
import { wideCharacters } from 'node-library:facts'
import { ENCODINGS, toBuffer } from '../../web/node-library.js'
import { bufferBinding, encode } from './buffer.js'
import { isUtf8 } from './utf8.js'
import { bytesOf } from './views.js'

const ILLEGAL_ARGUMENT = 1
const INVALID_CHARACTER = 10
const REPLACEMENT = '\ufffd'
const HALF_A_PAIR = /[\ud800-\udbff]$/

/** Encodings that are converted to one another. */
const CONVERTED = ['ascii', 'latin1', 'utf8', 'utf16le']

const WIDE = new RegExp(`[${wideCharacters}]`, 'u')
/** Characters that take no column: controls, formats, marks, and colors of skin. Source: GetColumnWidth of node_i18n.cc */
const NO_WIDTH = /(?!\xad)[\p{Cc}\p{Cf}\p{Me}\p{Mn}\p{Emoji_Modifier}]/u

/** @param {string} text */
function getStringWidth (text) {
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : NO_WIDTH.test(character) ? 0 : 1
  return width
}

/** @type {Record<string, RegExp>} */
const BEYOND = { ascii: /[^\0-\x7f]/gu, latin1: /[^\0-\xff]/gu }
/** What is left out where there is no such character, instead of becoming a question mark. Source: UCNV_FROM_U_CALLBACK_SUBSTITUTE of ICU. */
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/u

/** Answers the number of a failure when it cannot. Source: node_i18n.cc @param {Uint8Array} source @param {string} from @param {string} to */
function transcode (source, from, to) {
  if (!CONVERTED.includes(from) || !CONVERTED.includes(to)) return ILLEGAL_ARGUMENT
  const bytes = bytesOf(source)
  if (from === 'utf8' && to === 'utf16le' && !isUtf8(bytes, 0, bytes.length)) return INVALID_CHARACTER
  const text = decode(bytes, from, to)
  if (from === 'utf16le' && to === 'utf8' && (text === '' || !text.isWellFormed())) return INVALID_CHARACTER
  const beyond = BEYOND[to]
  const fitting = beyond === undefined ? text.toWellFormed() : text.replace(beyond, (character) => IGNORABLE.test(character) ? '' : '?')
  return toBuffer(encode(fitting, ENCODINGS.indexOf(to)))
}

/** @param {Uint8Array} bytes @param {string} from @param {string} to */
function decode (bytes, from, to) {
  switch (from) {
    case 'utf8': return bufferBinding.utf8Slice(bytes, 0, bytes.length)
    case 'utf16le': {
      const text = bufferBinding.ucs2Slice(bytes, 0, bytes.length)
      const endsBroken = bytes.length % 2 === 1 && !HALF_A_PAIR.test(text) // half a pair and half a unit are broken once
      return to === 'utf16le' && endsBroken ? text + REPLACEMENT : text
    }
    default: {
      const text = bufferBinding.latin1Slice(bytes, 0, bytes.length)
      return from === 'latin1' || to === 'utf16le' ? text : text.replace(/[^\0-\x7f]/g, REPLACEMENT)
    }
  }
}

export const icuBinding = {
  getStringWidth,
  transcode,
  icuErrName: (/** @type {number} */ number) => number === INVALID_CHARACTER ? 'U_INVALID_CHAR_FOUND' : 'U_ILLEGAL_ARGUMENT_ERROR',
}
