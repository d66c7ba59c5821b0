// @ts-check
import { ObjectCreate, TypeErrorConstructor, append, regExpExec, stringSlice } from '../intrinsics.js'
import { characterAt, isNameCharacter, tokenize } from './url-pattern-tokens.js'

/**
 * A part of a pattern: text that is fixed, or a group with a name that takes what fits its expression.
 * @typedef {'fixed-text' | 'regexp' | 'segment-wildcard' | 'full-wildcard'} PartType
 * @typedef {'' | '?' | '*' | '+'} Modifier
 * @typedef {{ type: PartType, value: string, modifier: Modifier, name: string, prefix: string, suffix: string }} Part
 * @typedef {{ delimiter: string, prefix: string, ignoreCase: boolean }} PatternOptions
 * @typedef {import('./url-pattern-tokens.js').Token} Token
 */

const FULL_WILDCARD = '.*'
const EXPRESSION_SIGNS = '.+*?^${}()[]|/\\'
const PATTERN_SIGNS = '+*?:{}()\\'
const DIGIT = /^[0-9]/

/** What a group without an expression takes. @param {PatternOptions} options */
const buildSegmentWildcard = (options) => `[^${escapeSigns(options.delimiter, EXPRESSION_SIGNS)}]+?`

/** @param {string} text */
export const escapePattern = (text) => escapeSigns(text, PATTERN_SIGNS)

/** @param {string} text @param {string} signs */
function escapeSigns (text, signs) {
  let escaped = ''
  for (let i = 0; i < text.length; i++) {
    const character = /** @type {string} */ (text[i])
    for (let j = 0; j < signs.length; j++) {
      if (signs[j] === character) escaped += '\\'
    }
    escaped += character
  }
  return escaped
}

/**
 * Reads the parts of a pattern. Throws a TypeError for what is none. Source: https://urlpattern.spec.whatwg.org/#parse-a-pattern-string
 * @param {string} text @param {PatternOptions} options @param {(text: string) => string} encode brings fixed text to the form that URLs have
 */
export function parseParts (text, options, encode) {
  return new PartParser(text, options, encode).parse()
}

class PartParser {
  /** @type {Part[]} */
  #parts = []
  /** @type {Record<string, boolean>} */
  #names = ObjectCreate(null)
  #tokens
  #text
  #options
  #encode
  #wildcard
  #pending = ''
  #index = 0
  #nextName = 0

  /** @param {string} text @param {PatternOptions} options @param {(text: string) => string} encode */
  constructor (text, options, encode) {
    this.#text = text
    this.#tokens = tokenize(text, false)
    this.#options = options
    this.#encode = encode
    this.#wildcard = buildSegmentWildcard(options)
  }

  parse () {
    while (this.#index < this.#tokens.length) {
      const character = this.#take('char')
      const name = this.#take('name')
      const expression = this.#takeExpression(name)
      if (name !== undefined || expression !== undefined) {
        let prefix = character?.value ?? ''
        if (prefix !== this.#options.prefix) {
          this.#pending += prefix
          prefix = ''
        }
        this.#addPending()
        this.#add(prefix, name, expression, '', this.#takeModifier())
        continue
      }
      const fixed = character ?? this.#take('escaped-char')
      if (fixed !== undefined) this.#pending += fixed.value
      else if (this.#take('open') !== undefined) this.#parseGroup()
      else {
        this.#addPending()
        this.#require('end')
      }
    }
    return this.#parts
  }

  #parseGroup () {
    const prefix = this.#takeText()
    const name = this.#take('name')
    const expression = this.#takeExpression(name)
    const suffix = this.#takeText()
    this.#require('close')
    this.#add(prefix, name, expression, suffix, this.#takeModifier())
  }

  /** @param {import('./url-pattern-tokens.js').TokenType} type */
  #take (type) {
    const token = this.#tokens[this.#index]
    if (token?.type !== type) return undefined
    this.#index++
    return token
  }

  /** @param {import('./url-pattern-tokens.js').TokenType} type */
  #require (type) {
    if (this.#take(type) !== undefined) return
    const { value = '', index = 0 } = this.#tokens[this.#index] ?? {}
    throw new TypeErrorConstructor(`Invalid pattern "${this.#text}": "${value}" at ${index} is in a place where it means nothing`)
  }

  /** @param {Token | undefined} name */
  #takeExpression (name) {
    return this.#take('regexp') ?? (name === undefined ? this.#take('asterisk') : undefined)
  }

  #takeModifier () {
    const token = this.#take('other-modifier') ?? this.#take('asterisk')
    return /** @type {Modifier} */ (token?.value ?? '')
  }

  #takeText () {
    let text = ''
    for (;;) {
      const token = this.#take('char') ?? this.#take('escaped-char')
      if (token === undefined) return text
      text += token.value
    }
  }

  #addPending () {
    if (this.#pending === '') return
    const value = this.#encode(this.#pending)
    this.#pending = ''
    append(this.#parts, { type: 'fixed-text', value, modifier: '', name: '', prefix: '', suffix: '' })
  }

  /** @param {string} prefix @param {Token | undefined} name @param {Token | undefined} expression @param {string} suffix @param {Modifier} modifier */
  #add (prefix, name, expression, suffix, modifier) {
    if (name === undefined && expression === undefined && modifier === '') {
      this.#pending += prefix
      return
    }
    this.#addPending()
    if (name === undefined && expression === undefined) {
      if (prefix !== '') append(this.#parts, { type: 'fixed-text', value: this.#encode(prefix), modifier, name: '', prefix: '', suffix: '' })
      return
    }
    const text = expression === undefined ? this.#wildcard : expression.type === 'asterisk' ? FULL_WILDCARD : expression.value
    const type = text === this.#wildcard ? 'segment-wildcard' : text === FULL_WILDCARD ? 'full-wildcard' : 'regexp'
    const key = name?.value ?? `${this.#nextName++}`
    if (this.#names[key]) throw new TypeErrorConstructor(`Invalid pattern "${this.#text}": two groups are named "${key}"`)
    this.#names[key] = true
    append(this.#parts, { type, value: type === 'regexp' ? text : '', modifier, name: key, prefix: this.#encode(prefix), suffix: this.#encode(suffix) })
  }
}

/**
 * Writes parts as a regular expression. Answers the names of its groups, too. Source: https://urlpattern.spec.whatwg.org/#generate-a-regular-expression-and-name-list
 * @param {readonly Part[]} parts @param {PatternOptions} options
 */
export function writeExpression (parts, options) {
  let source = '^'
  /** @type {string[]} */
  const names = []
  for (let i = 0; i < parts.length; i++) {
    const part = /** @type {Part} */ (parts[i])
    const { modifier } = part
    if (part.type === 'fixed-text') {
      const text = escapeSigns(part.value, EXPRESSION_SIGNS)
      source += modifier === '' ? text : `(?:${text})${modifier}`
      continue
    }
    append(names, part.name)
    const inner = part.type === 'segment-wildcard' ? buildSegmentWildcard(options) : part.type === 'full-wildcard' ? FULL_WILDCARD : part.value
    const prefix = escapeSigns(part.prefix, EXPRESSION_SIGNS)
    const suffix = escapeSigns(part.suffix, EXPRESSION_SIGNS)
    const isRepeated = modifier === '*' || modifier === '+'
    if (prefix === '' && suffix === '') source += isRepeated ? `((?:${inner})${modifier})` : `(${inner})${modifier}`
    else if (!isRepeated) source += `(?:${prefix}(${inner})${suffix})${modifier}`
    else source += `(?:${prefix}((?:${inner})(?:${suffix}${prefix}(?:${inner}))*)${suffix})${modifier === '*' ? '?' : ''}`
  }
  return { source: `${source}$`, names }
}

/**
 * Writes parts as the shortest pattern that means them. Source: https://urlpattern.spec.whatwg.org/#generate-a-pattern-string
 * @param {readonly Part[]} parts @param {PatternOptions} options
 */
export function writePattern (parts, options) {
  let text = ''
  for (let i = 0; i < parts.length; i++) {
    const part = /** @type {Part} */ (parts[i])
    if (part.type === 'fixed-text') text += part.modifier === '' ? escapePattern(part.value) : `{${escapePattern(part.value)}}${part.modifier}`
    else text += writeGroup(part, i === 0 ? undefined : parts[i - 1], i + 1 < parts.length ? parts[i + 1] : undefined, options)
  }
  return text
}

/** @param {Part} part @param {Part | undefined} previous @param {Part | undefined} next @param {PatternOptions} options */
function writeGroup (part, previous, next, options) {
  const isNamed = !isDigit(part.name)
  const isGrouped = needsBraces(part, previous, next, options)
  let text = escapePattern(part.prefix)
  if (isNamed) text += `:${part.name}`
  if (part.type === 'regexp') text += `(${part.value})`
  else if (part.type === 'segment-wildcard') text += isNamed ? '' : `(${buildSegmentWildcard(options)})`
  else {
    const isStar = !isNamed && (previous === undefined || previous.type === 'fixed-text' || previous.modifier !== '' || isGrouped || part.prefix !== '')
    text += isStar ? '*' : `(${FULL_WILDCARD})`
  }
  if (part.type === 'segment-wildcard' && isNamed && part.suffix !== '' && isNameCharacter(characterAt(part.suffix, 0), false)) text += '\\'
  text += escapePattern(part.suffix)
  return `${isGrouped ? `{${text}}` : text}${part.modifier}`
}

/** Whether without braces it would mean something else. @param {Part} part @param {Part | undefined} previous @param {Part | undefined} next @param {PatternOptions} options */
function needsBraces (part, previous, next, options) {
  if (part.suffix !== '' || (part.prefix !== '' && part.prefix !== options.prefix)) return true
  const isPlain = !isDigit(part.name) && part.type === 'segment-wildcard' && part.modifier === ''
  if (isPlain && next !== undefined && next.prefix === '' && next.suffix === '') {
    if (next.type === 'fixed-text' ? isNameCharacter(characterAt(next.value, 0), false) : isDigit(next.name)) return true
  }
  return part.prefix === '' && previous?.type === 'fixed-text' && previous.value !== '' && stringSlice(previous.value, previous.value.length - 1) === options.prefix
}

/** @param {string} name */
const isDigit = (name) => regExpExec(DIGIT, name) !== null
