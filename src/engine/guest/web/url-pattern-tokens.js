// @ts-check
import { TypeErrorConstructor, append, regExpExec, stringCharCodeAt, stringFromCodePoint, stringCodePointAt, stringSlice } from '../intrinsics.js'

/**
 * A token of a pattern; `index` is where it begins, in code units.
 * @typedef {'open' | 'close' | 'regexp' | 'name' | 'char' | 'escaped-char' | 'other-modifier' | 'asterisk' | 'end' | 'invalid-char'} TokenType
 * @typedef {{ type: TokenType, index: number, value: string }} Token
 */

/** @type {Record<string, TokenType>} */
const SINGLE = { '__proto__': /** @type {any} */ (null), '*': 'asterisk', '+': 'other-modifier', '?': 'other-modifier', '{': 'open', '}': 'close' }

const NAME_START = /^[$_\p{ID_Start}]$/u
const NAME_PART = /^[$_\u200c\u200d\p{ID_Continue}]$/u

/** Whether a character may be in the name of a group. @param {string} character @param {boolean} isFirst */
export const isNameCharacter = (character, isFirst) => regExpExec(isFirst ? NAME_START : NAME_PART, character) !== null

/** The character at a place, of one code unit or of two. @param {string} text @param {number} index */
export function characterAt (text, index) {
  return index < text.length ? stringFromCodePoint(/** @type {number} */ (stringCodePointAt(text, index))) : ''
}

/**
 * Cuts a pattern into tokens. Source: https://urlpattern.spec.whatwg.org/#tokenizing
 * @param {string} text without lone surrogates
 * @param {boolean} isLenient what is no token is one of its own, and no TypeError
 */
export function tokenize (text, isLenient) {
  /** @type {Token[]} */
  const tokens = []
  for (let index = 0; index < text.length;) {
    const token = readToken(text, index)
    if (token.type === 'invalid-char' && !isLenient) throw new TypeErrorConstructor(`Invalid pattern "${text}": "${token.value}" at ${index} begins nothing that is known`)
    append(tokens, { type: token.type, index, value: token.value })
    index = token.next
  }
  append(tokens, { type: 'end', index: text.length, value: '' })
  return tokens
}

/** @param {string} text @param {number} index @returns {{ type: TokenType, value: string, next: number }} */
function readToken (text, index) {
  const character = characterAt(text, index)
  const next = index + character.length
  const single = SINGLE[character]
  if (single !== undefined) return { type: single, value: character, next }
  if (character === ':') return readName(text, next)
  if (character === '(') return readRegExp(text, next)
  if (character !== '\\') return { type: 'char', value: character, next }
  if (next === text.length) return { type: 'invalid-char', value: character, next }
  const escaped = characterAt(text, next)
  return { type: 'escaped-char', value: escaped, next: next + escaped.length }
}

/** @param {string} text @param {number} start @returns {{ type: TokenType, value: string, next: number }} */
function readName (text, start) {
  let end = start
  while (end < text.length) {
    const character = characterAt(text, end)
    if (!isNameCharacter(character, end === start)) break
    end += character.length
  }
  return end === start ? { type: 'invalid-char', value: ':', next: start } : { type: 'name', value: stringSlice(text, start, end), next: end }
}

/** A regular expression has no groups but those that capture nothing, and no parenthesis that is not closed. @param {string} text @param {number} start @returns {{ type: TokenType, value: string, next: number }} */
function readRegExp (text, start) {
  const end = findRegExpEnd(text, start)
  return end <= start ? { type: 'invalid-char', value: '(', next: start } : { type: 'regexp', value: stringSlice(text, start, end), next: end + 1 }
}

/** Where the parenthesis that closes it is; -1 when it is none that is valid. @param {string} text @param {number} start */
function findRegExpEnd (text, start) {
  if (text[start] === '?') return -1
  let depth = 1
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (!isAscii(text, at)) return -1
    if (character === '\\') {
      at++
      if (at === text.length || !isAscii(text, at)) return -1
    } else if (character === ')' && --depth === 0) return at
    else if (character === '(') {
      depth++
      if (text[at + 1] !== '?') return -1
    }
  }
  return -1
}

/** @param {string} text @param {number} at */
const isAscii = (text, at) => stringCharCodeAt(text, at) < 0x80
