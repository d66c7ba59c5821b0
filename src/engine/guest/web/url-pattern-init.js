// @ts-check
import { TypeErrorConstructor, ObjectCreate, regExpExec, stringIndexOf, stringSlice, stringToLowerCase } from '../intrinsics.js'
import { isSpecialScheme, machine, parseUrlRecord } from './url.js'
import { escapePattern } from './url-pattern-parts.js'

/**
 * The members of a URLPatternInit that are there, on an object without a prototype.
 * @typedef {'protocol' | 'username' | 'password' | 'hostname' | 'port' | 'pathname' | 'search' | 'hash'} Component
 * @typedef {Partial<Record<Component | 'baseURL', string>>} Init
 * @typedef {import('whatwg-url/lib/url-state-machine.js').UrlRecord} UrlRecord
 */

/** @type {readonly Component[]} */
export const COMPONENTS = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash']

/** @returns {Init} */
export const buildInit = () => ObjectCreate(null)

/** @returns {UrlRecord} */
const buildDummy = () => /** @type {UrlRecord} */ (parseUrlRecord('https://dummy.invalid/'))

/**
 * Parses a part of a URL on its own.
 * @param {string} text @param {import('whatwg-url/lib/url-state-machine.js').State} stateOverride @param {Component} component @param {Partial<UrlRecord>} start
 */
function parseAlone (text, stateOverride, component, start) {
  const url = buildDummy()
  const { scheme, path, query, fragment } = start
  if (scheme !== undefined) url.scheme = scheme
  if (path !== undefined) url.path = path
  if (query !== undefined) url.query = query
  if (fragment !== undefined) url.fragment = fragment
  if (machine.basicURLParse(text, { url, stateOverride }) === null) throw new TypeErrorConstructor(`Invalid ${component} "${text}"`)
  return url
}

/**
 * What URLs make of each part. An empty text stays one. Source: https://urlpattern.spec.whatwg.org/#canon
 * @type {Record<Component | 'opaquePathname' | 'ipv6Hostname', (text: string) => string>}
 */
export const canonicalize = {
  protocol (text) {
    if (text === '') return ''
    const url = parseUrlRecord(`${text}://dummy.invalid/`)
    if (url === null) throw new TypeErrorConstructor(`Invalid protocol "${text}"`)
    return url.scheme
  },
  username (text) {
    const url = buildDummy()
    machine.setTheUsername(url, text)
    return url.username
  },
  password (text) {
    const url = buildDummy()
    machine.setThePassword(url, text)
    return url.password
  },
  hostname: (text) => text === '' ? '' : machine.serializeHost(parseAlone(text, 'hostname', 'hostname', {}).host ?? ''),
  ipv6Hostname (text) {
    if (regExpExec(BEYOND_IPV6, text) !== null) throw new TypeErrorConstructor(`Invalid hostname "${text}"`)
    return stringToLowerCase(text)
  },
  port: (text) => canonicalizePort(text, undefined),
  pathname (text) {
    if (text === '') return ''
    const isAbsolute = text[0] === '/'
    const path = machine.serializePath(parseAlone(isAbsolute ? text : `/-${text}`, 'path start', 'pathname', { path: [] }))
    return isAbsolute ? path : stringSlice(path, 2)
  },
  opaquePathname: (text) => text === '' ? '' : machine.serializePath(parseAlone(text, 'opaque path', 'pathname', { path: '' })),
  search: (text) => text === '' ? '' : parseAlone(text, 'query', 'search', { query: '' }).query ?? '',
  hash: (text) => text === '' ? '' : parseAlone(text, 'fragment', 'hash', { fragment: '' }).fragment ?? '',
}
const BEYOND_IPV6 = /[^0-9A-Fa-f[\]:]/

/** @param {string} text @param {string | undefined} scheme whose own port is left out */
function canonicalizePort (text, scheme) {
  if (text === '') return ''
  const { port } = parseAlone(text, 'port', 'port', scheme === undefined ? {} : { scheme })
  return port === null ? '' : `${port}`
}

/**
 * Fills in what a base has, and brings the parts of a URL to the form that URLs have; those of a pattern are left as they are.
 * Source: https://urlpattern.spec.whatwg.org/#process-a-urlpatterninit
 * @param {Init} init @param {boolean} isPattern @param {Init} result what is there already
 */
export function processInit (init, isPattern, result) {
  const base = init.baseURL === undefined ? undefined : readBase(init.baseURL)
  if (base !== undefined) inherit(init, base, isPattern, result)
  if (init.protocol !== undefined) result.protocol = processPart('protocol', without(init.protocol, ':', false), isPattern)
  if (init.username !== undefined) result.username = processPart('username', init.username, isPattern)
  if (init.password !== undefined) result.password = processPart('password', init.password, isPattern)
  if (init.hostname !== undefined) result.hostname = processPart('hostname', init.hostname, isPattern)
  const scheme = result.protocol ?? ''
  if (init.port !== undefined) result.port = isPattern ? init.port : canonicalizePort(init.port, scheme)
  if (init.pathname !== undefined) {
    const pathname = resolvePathname(init.pathname, base, isPattern)
    result.pathname = processPart(scheme === '' || isSpecialScheme(scheme) ? 'pathname' : 'opaquePathname', pathname, isPattern)
  }
  if (init.search !== undefined) result.search = processPart('search', without(init.search, '?', true), isPattern)
  if (init.hash !== undefined) result.hash = processPart('hash', without(init.hash, '#', true), isPattern)
  return result
}

/** @param {keyof typeof canonicalize} name @param {string} text @param {boolean} isPattern */
const processPart = (name, text, isPattern) => isPattern ? text : /** @type {(text: string) => string} */ (canonicalize[name])(text)

/** @param {string} text @param {string} sign @param {boolean} isFirst */
function without (text, sign, isFirst) {
  if (text[isFirst ? 0 : text.length - 1] !== sign) return text
  return isFirst ? stringSlice(text, 1) : stringSlice(text, 0, -1)
}

/** @param {string} text */
function readBase (text) {
  const base = parseUrlRecord(text)
  if (base === null) throw new TypeErrorConstructor(`Invalid base URL "${text}"`)
  return base
}

/**
 * A part is taken from the base when nothing before it, in the order of a URL, is given.
 * @param {Init} init @param {UrlRecord} base @param {boolean} isPattern @param {Init} result
 */
function inherit (init, base, isPattern, result) {
  const escape = isPattern ? escapePattern : (/** @type {string} */ text) => text
  if (init.protocol !== undefined) return
  result.protocol = escape(base.scheme)
  const hasHost = init.hostname !== undefined
  if (!hasHost && init.port === undefined && init.username === undefined && !isPattern) {
    result.username = base.username
    if (init.password === undefined) result.password = base.password
  }
  if (hasHost) return
  result.hostname = base.host === null ? '' : escape(machine.serializeHost(base.host))
  if (init.port !== undefined) return
  result.port = base.port === null ? '' : `${base.port}`
  if (init.pathname !== undefined) return
  result.pathname = escape(machine.serializePath(base))
  if (init.search !== undefined) return
  result.search = escape(base.query ?? '')
  if (init.hash === undefined) result.hash = escape(base.fragment ?? '')
}

/** @param {string} pathname @param {UrlRecord | undefined} base @param {boolean} isPattern */
function resolvePathname (pathname, base, isPattern) {
  if (base === undefined || machine.hasAnOpaquePath(base) || isAbsolute(pathname, isPattern)) return pathname
  const path = machine.serializePath(base)
  const text = isPattern ? escapePattern(path) : path
  let end = 0
  for (let slash = stringIndexOf(text, '/'); slash >= 0; slash = stringIndexOf(text, '/', end)) end = slash + 1
  return stringSlice(text, 0, end) + pathname
}

/** @param {string} pathname @param {boolean} isPattern */
const isAbsolute = (pathname, isPattern) => pathname[0] === '/' || (isPattern && pathname[1] === '/' && (pathname[0] === '\\' || pathname[0] === '{'))
