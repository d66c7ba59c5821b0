// @ts-check
import { RegExpConstructor, TypeErrorConstructor, defineValue, regExpExec } from '../intrinsics.js'
import { isObject, shapeInterface, toDictionary, toScalarText } from '../webidl.js'
import { SPECIAL_PORTS, isSpecialScheme, machine, parseUrlRecord } from './url.js'
import { COMPONENTS, buildInit, canonicalize, processInit } from './url-pattern-init.js'
import { parseParts, writeExpression, writePattern } from './url-pattern-parts.js'
import { parsePatternText } from './url-pattern-text.js'

/**
 * @typedef {import('./url-pattern-init.js').Init} Init
 * @typedef {import('./url-pattern-init.js').Component} Component
 * @typedef {{ pattern: string, expression: RegExp, names: readonly string[], hasExpressions: boolean }} Compiled
 */

/** Members of a URLPatternInit, in the order in which Web IDL reads and writes them. @type {readonly (Component | 'baseURL')[]} */
const MEMBERS = ['baseURL', 'hash', 'hostname', 'password', 'pathname', 'port', 'protocol', 'search', 'username']

/** Source: https://urlpattern.spec.whatwg.org/#urlpattern-class */
export class URLPattern {
  /** @type {Record<Component, Compiled>} */
  #compiled

  /** @param {unknown} [given] @param {unknown} [baseOrOptions] @param {unknown} [givenOptions] */
  constructor (given = {}, baseOrOptions = undefined, givenOptions = undefined) {
    const isOptions = arguments.length < 3 && (baseOrOptions === undefined || baseOrOptions === null || isObject(baseOrOptions))
    const input = readInput(given)
    const base = isOptions ? undefined : toScalarText(baseOrOptions)
    const { ignoreCase } = toDictionary(isOptions ? baseOrOptions : givenOptions, 'What is said of a URLPattern')
    this.#compiled = compile(buildPatternInit(input, base), !!ignoreCase)
  }

  get protocol () { return this.#compiled.protocol.pattern }
  get username () { return this.#compiled.username.pattern }
  get password () { return this.#compiled.password.pattern }
  get hostname () { return this.#compiled.hostname.pattern }
  get port () { return this.#compiled.port.pattern }
  get pathname () { return this.#compiled.pathname.pattern }
  get search () { return this.#compiled.search.pattern }
  get hash () { return this.#compiled.hash.pattern }

  get hasRegExpGroups () {
    const compiled = this.#compiled
    for (let i = 0; i < COMPONENTS.length; i++) {
      if (compiled[/** @type {Component} */ (COMPONENTS[i])].hasExpressions) return true
    }
    return false
  }

  /** @param {unknown} [input] @param {unknown} [base] */
  test (input = {}, base = undefined) {
    const compiled = this.#compiled
    const read = readInput(input)
    return match(compiled, read, base === undefined ? undefined : toScalarText(base)) !== null
  }

  /** @param {unknown} [input] @param {unknown} [base] */
  exec (input = {}, base = undefined) {
    const compiled = this.#compiled
    const read = readInput(input)
    return match(compiled, read, base === undefined ? undefined : toScalarText(base))
  }
}
shapeInterface(URLPattern, 'URLPattern', [...COMPONENTS, 'hasRegExpGroups', 'test', 'exec'])

/** A text, or the members of an object. @param {unknown} value @returns {string | Init} */
function readInput (value) {
  if (value !== undefined && value !== null && !isObject(value)) return toScalarText(value)
  const given = toDictionary(value, 'A URLPatternInit')
  const init = buildInit()
  for (let i = 0; i < MEMBERS.length; i++) {
    const name = /** @type {keyof Init} */ (MEMBERS[i])
    const member = given[name]
    if (member !== undefined) init[name] = toScalarText(member)
  }
  return init
}

/** @param {string | Init} input @param {string | undefined} base @returns {Init} */
function buildPatternInit (input, base) {
  if (typeof input !== 'string') {
    if (base !== undefined) throw new TypeErrorConstructor('Cannot make URLPattern: a base URL is given beside an object, which may have one itself')
    return input
  }
  const init = parsePatternText(input, (pattern) => fitsSpecial(compileComponent(pattern, canonicalize.protocol, PLAIN)))
  if (base === undefined && init.protocol === undefined) throw new TypeErrorConstructor(`Cannot make URLPattern: "${input}" has no protocol, and there is no base URL`)
  if (base !== undefined) init.baseURL = base
  return init
}

const PLAIN = { delimiter: '', prefix: '', ignoreCase: false }
const HOSTNAME = { delimiter: '.', prefix: '', ignoreCase: false }

/** Source: https://urlpattern.spec.whatwg.org/#url-pattern-create @param {Init} given @param {boolean} ignoreCase @returns {Record<Component, Compiled>} */
function compile (given, ignoreCase) {
  const init = processInit(given, true, buildInit())
  const { protocol = '*', username = '*', password = '*', hostname = '*', pathname = '*', search = '*', hash = '*' } = init
  const port = init.port !== undefined && isSpecialScheme(protocol) && SPECIAL_PORTS[protocol] === init.port ? '' : init.port ?? '*'
  const options = { delimiter: '', prefix: '', ignoreCase }
  const compiledProtocol = compileComponent(protocol, canonicalize.protocol, PLAIN)
  return /** @type {any} */ ({
    __proto__: null,
    protocol: compiledProtocol,
    username: compileComponent(username, canonicalize.username, PLAIN),
    password: compileComponent(password, canonicalize.password, PLAIN),
    hostname: compileComponent(hostname, isIpv6(hostname) ? canonicalize.ipv6Hostname : canonicalize.hostname, HOSTNAME),
    port: compileComponent(port, canonicalize.port, PLAIN),
    pathname: fitsSpecial(compiledProtocol)
      ? compileComponent(pathname, canonicalize.pathname, { delimiter: '/', prefix: '/', ignoreCase })
      : compileComponent(pathname, canonicalize.opaquePathname, options),
    search: compileComponent(search, canonicalize.search, options),
    hash: compileComponent(hash, canonicalize.hash, options),
  })
}

/** @param {string} hostname */
const isIpv6 = (hostname) => hostname.length > 1 && (hostname[0] === '[' || (hostname[1] === '[' && (hostname[0] === '{' || hostname[0] === '\\')))

/** @param {string} text @param {(text: string) => string} encode @param {import('./url-pattern-parts.js').PatternOptions} options @returns {Compiled} */
function compileComponent (text, encode, options) {
  const parts = parseParts(text, options, encode)
  const { source, names } = writeExpression(parts, options)
  let hasExpressions = false
  for (let i = 0; i < parts.length; i++) {
    if (parts[i]?.type === 'regexp') hasExpressions = true
  }
  return { pattern: writePattern(parts, options), expression: buildExpression(source, options.ignoreCase), names, hasExpressions }
}

/** @param {string} source @param {boolean} ignoreCase */
function buildExpression (source, ignoreCase) {
  try {
    return new RegExpConstructor(source, ignoreCase ? 'vi' : 'v')
  } catch {
    throw new TypeErrorConstructor(`Cannot make URLPattern: "${source}" is no regular expression`)
  }
}

/** @param {Compiled} protocol */
function fitsSpecial (protocol) {
  for (const scheme in SPECIAL_PORTS) {
    if (regExpExec(protocol.expression, scheme) !== null) return true
  }
  return false
}

/** Source: https://urlpattern.spec.whatwg.org/#url-pattern-match @param {Record<Component, Compiled>} compiled @param {string | Init} input @param {string | undefined} base */
function match (compiled, input, base) {
  const values = typeof input === 'string' ? readUrl(input, base) : readValues(input, base)
  if (values === null) return null
  /** @type {any} */
  const result = {}
  for (let i = 1; i < MEMBERS.length; i++) {
    const name = /** @type {Component} */ (MEMBERS[i])
    const found = matchComponent(compiled[name], /** @type {string} */ (values[name]))
    if (found === null) return null
    if (name === 'password') defineValue(result, 'inputs', base === undefined ? [showInput(input)] : [input, base])
    defineValue(result, name, found)
  }
  return result
}

/** @param {string} input @param {string | undefined} base @returns {Init | null} */
function readUrl (input, base) {
  const url = parseUrlRecord(input, base)
  if (url === null) return null
  const { scheme, username, password, host, port, query, fragment } = url
  return {
    protocol: scheme, username, password, hostname: host === null ? '' : machine.serializeHost(host), port: port === null ? '' : `${port}`,
    pathname: machine.serializePath(url), search: query ?? '', hash: fragment ?? '',
  }
}

/** @param {Init} input @param {string | undefined} base @returns {Init | null} */
function readValues (input, base) {
  if (base !== undefined) throw new TypeErrorConstructor('Cannot match URLPattern: a base URL is given beside an object, which may have one itself')
  const values = buildInit()
  for (let i = 0; i < COMPONENTS.length; i++) values[/** @type {Component} */ (COMPONENTS[i])] = ''
  try {
    return processInit(input, false, values)
  } catch {
    return null
  }
}

/** What was read of an object, as one. @param {string | Init} input */
function showInput (input) {
  if (typeof input === 'string') return input
  const shown = {}
  for (const name in input) defineValue(shown, name, input[/** @type {keyof Init} */ (name)])
  return shown
}

/** @param {Compiled} compiled @param {string} input */
function matchComponent ({ expression, names }, input) {
  const found = regExpExec(expression, input)
  if (found === null) return null
  const groups = {}
  for (let i = 0; i < names.length; i++) defineValue(groups, /** @type {string} */ (names[i]), found[i + 1])
  return { groups, input }
}
