// @ts-check
import { askNative } from '../../natives.js'
import { useUnit } from '../../units.js'

/** @param {'toAscii' | 'toUnicode'} method @returns {(domain: unknown) => string} */
const convert = (method) => (domain) => JSON.parse(askNative('platform:url', method, JSON.stringify(String(domain))).text)

const toASCII = convert('toAscii')
const toUnicode = convert('toUnicode')

/** Characters of a path that mean something else in a URL, or nothing. */
const ESCAPES = /[\0- %\\?#]/g

/** Makes the URL of a file. @param {string} path @param {string} [host] @param {boolean} [isWindows] */
function buildFileUrl (path, host = '', isWindows = false) {
  const escaped = path.replace(ESCAPES, (character) => isWindows && character === '\\' ? '/' : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
  return new (useUnit('url').URL)(`file://${host}${escaped.startsWith('/') ? '' : '/'}${escaped}`)
}

/** @param {string} href @param {boolean} fragment @param {boolean} unicode @param {boolean} search @param {boolean} auth */
function format (href, fragment, unicode, search, auth) {
  const url = new (useUnit('url').URL)(href)
  if (!fragment) url.hash = ''
  if (!search) url.search = ''
  if (!auth) url.username = url.password = ''
  return unicode ? url.href.replace(url.hostname, toUnicode(url.hostname)) : url.href
}

export const urlBinding = {
  domainToASCII: toASCII,
  domainToUnicode: toUnicode,
  format,
  buildFileUrl,
  get URL () { return useUnit('url').URL },
  get URLSearchParams () { return useUnit('url').URLSearchParams },
}

export const urlPatternBinding = { get URLPattern () { return /** @type {any} */ (globalThis).URLPattern } }
export const encodingBinding = { toASCII, toUnicode }
