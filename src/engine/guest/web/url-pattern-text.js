// @ts-check
import { stringSlice } from '../intrinsics.js'
import { tokenize } from './url-pattern-tokens.js'
import { buildInit } from './url-pattern-init.js'

/** @typedef {import('./url-pattern-init.js').Component} Component @typedef {'init' | 'authority' | 'done' | Component} State */

/** What comes before each part of a URL. @type {Record<State, number>} */
const PLACE = { init: 0, protocol: 1, authority: 1, username: 1, password: 1, hostname: 2, port: 3, pathname: 4, search: 5, hash: 6, done: 7 }

/**
 * Cuts the text of a pattern into the patterns of the parts of a URL. Source: https://urlpattern.spec.whatwg.org/#constructor-string-parsing
 * @param {string} text @param {(pattern: string) => boolean} fitsSpecial whether the pattern of a protocol fits a special scheme
 */
export function parsePatternText (text, fitsSpecial) {
  return new TextParser(text, fitsSpecial).parse()
}

class TextParser {
  #text
  #fitsSpecial
  #tokens
  #init = buildInit()
  /** @type {State} */
  #state = 'init'
  /** Where the part that is being read begins. */
  #start = 0
  #index = 0
  #step = 1
  #groupDepth = 0
  #bracketDepth = 0
  #isSpecial = false

  /** @param {string} text @param {(pattern: string) => boolean} fitsSpecial */
  constructor (text, fitsSpecial) {
    this.#text = text
    this.#fitsSpecial = fitsSpecial
    this.#tokens = tokenize(text, true)
  }

  parse () {
    for (; this.#index < this.#tokens.length; this.#index += this.#step) {
      this.#step = 1
      const { type } = this.#tokenAt(this.#index)
      if (type === 'end') {
        if (this.#endPart()) break
      } else if (type === 'open') this.#groupDepth++
      else if (this.#groupDepth > 0) {
        if (type === 'close') this.#groupDepth--
      } else this.#readToken()
    }
    if (this.#init.hostname !== undefined && this.#init.port === undefined) this.#init.port = ''
    return this.#init
  }

  /** Whether there is nothing more. */
  #endPart () {
    if (this.#state === 'init') {
      this.#rewind()
      if (this.#isSign(this.#index, '#')) this.#change('hash', 1)
      else if (this.#isSearch()) this.#change('search', 1)
      else this.#change('pathname', 0)
      return false
    }
    if (this.#state === 'authority') {
      this.#rewind()
      this.#state = 'hostname'
      return false
    }
    this.#change('done', 0)
    return true
  }

  #readToken () {
    switch (this.#state) {
      case 'init': return this.#readStart()
      case 'protocol': return this.#readProtocol()
      case 'authority': return this.#readAuthority()
      case 'username':
        if (this.#isSign(this.#index, ':')) this.#change('password', 1)
        else if (this.#isSign(this.#index, '@')) this.#change('hostname', 1)
        return undefined
      case 'password': return this.#isSign(this.#index, '@') ? this.#change('hostname', 1) : undefined
      case 'hostname': return this.#readHostname()
      default: return this.#readRest()
    }
  }

  #readStart () {
    if (!this.#isSign(this.#index, ':')) return
    this.#rewind()
    this.#state = 'protocol'
  }

  #readProtocol () {
    if (!this.#isSign(this.#index, ':')) return
    this.#isSpecial = this.#fitsSpecial(this.#partText())
    if (this.#isSign(this.#index + 1, '/') && this.#isSign(this.#index + 2, '/')) this.#change('authority', 3)
    else this.#change(this.#isSpecial ? 'authority' : 'pathname', 1)
  }

  #readAuthority () {
    const isUser = this.#isSign(this.#index, '@')
    if (!isUser && !this.#isSign(this.#index, '/') && !this.#isSearch() && !this.#isSign(this.#index, '#')) return
    this.#rewind()
    this.#state = isUser ? 'username' : 'hostname'
  }

  #readHostname () {
    if (this.#isSign(this.#index, '[')) this.#bracketDepth++
    else if (this.#isSign(this.#index, ']')) this.#bracketDepth--
    else if (this.#bracketDepth === 0 && this.#isSign(this.#index, ':')) this.#change('port', 1)
    else this.#readRest()
  }

  /** What follows a host, in order. */
  #readRest () {
    const place = PLACE[this.#state]
    if (place < PLACE.pathname && this.#isSign(this.#index, '/')) this.#change('pathname', 0)
    else if (place < PLACE.search && this.#isSearch()) this.#change('search', 1)
    else if (place < PLACE.hash && this.#isSign(this.#index, '#')) this.#change('hash', 1)
  }

  /** @param {State} state @param {number} skip */
  #change (state, skip) {
    const old = this.#state
    const init = this.#init
    if (old !== 'init' && old !== 'authority' && old !== 'done') init[old] = this.#partText()
    if (old !== 'init' && state !== 'done') {
      const [from, to] = [PLACE[old], PLACE[state]]
      if (from < PLACE.hostname && to > PLACE.hostname) init.hostname ??= ''
      if (from < PLACE.pathname && to > PLACE.pathname) init.pathname ??= this.#isSpecial ? '/' : ''
      if (from < PLACE.search && to > PLACE.search) init.search ??= ''
    }
    this.#state = state
    this.#index += skip
    this.#start = this.#index
    this.#step = 0
  }

  #rewind () {
    this.#index = this.#start
    this.#step = 0
  }

  #partText () {
    return stringSlice(this.#text, this.#tokenAt(this.#start).index, this.#tokenAt(this.#index).index)
  }

  /** The last token, which is the end, for what is behind it. @param {number} index */
  #tokenAt (index) {
    return /** @type {import('./url-pattern-tokens.js').Token} */ (this.#tokens[index < this.#tokens.length ? index : this.#tokens.length - 1])
  }

  /** Whether a token is that sign, which means nothing in patterns. @param {number} index @param {string} sign */
  #isSign (index, sign) {
    const { type, value } = this.#tokenAt(index)
    return value === sign && (type === 'char' || type === 'escaped-char' || type === 'invalid-char')
  }

  /** A question mark that makes nothing before it optional. */
  #isSearch () {
    if (this.#isSign(this.#index, '?')) return true
    if (this.#tokenAt(this.#index).value !== '?') return false
    if (this.#index === 0) return true
    const { type } = this.#tokenAt(this.#index - 1)
    return type !== 'name' && type !== 'regexp' && type !== 'close' && type !== 'asterisk'
  }
}
