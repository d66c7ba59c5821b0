// @ts-check
import { askNative } from '../../natives.js'
import { useUnit } from '../../units.js'

/** @param {'toAscii' | 'toUnicode'} method @returns {(domain: unknown) => string} */
const convert = (method) => (domain) => JSON.parse(askNative('platform:url', method, JSON.stringify(String(domain))).text)

const toASCII = convert('toAscii')
const toUnicode = convert('toUnicode')

/** What a path has to escape to be one of a URL. Source: the bindings of Node, whose `pathToFileURL` escapes these of ASCII. */
const ESCAPES = /[\0- "#%<>?[-^`{-\x7f]/g

/** Makes the URL of a file. @param {string} path @param {string} [server] @param {boolean} [isWindows] */
function buildFileUrl (path, server = '', isWindows = false) {
  const escaped = path.replace(ESCAPES, (character) => isWindows && character === '\\' ? '/' : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
  const host = server.replace(/[?#/].*$/s, '')
  const url = DRIVE_OR_PORT.test(host) ? null : useUnit('url').URL.parse(`file://${host}${escaped.startsWith('/') ? '' : '/'}${escaped}`)
  if (url === null) throw useUnit('node-errors').buildInvalidUrl(path.toWellFormed(), server.toWellFormed())
  return url
}
const DRIVE_OR_PORT = /^[^[]*[:|]/

const ENCODED_LABEL = /(?<![^.])xn--[^.]*/g

/** @param {string} href @param {boolean} fragment @param {boolean} unicode @param {boolean} search @param {boolean} auth */
function format (href, fragment, unicode, search, auth) {
  const url = new (useUnit('url').URL)(href)
  if (!fragment) url.hash = ''
  if (!search) url.search = ''
  if (!auth) url.username = url.password = ''
  return unicode ? url.href.replace(url.hostname, url.hostname.replace(ENCODED_LABEL, (/** @type {string} */ label) => toUnicode(label) || label)) : url.href
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

/** As a domain and no more: numbers are no address. @param {string} domain */
const encodeDomain = (domain) => PLAIN.test(domain) ? domain : toASCII(`${domain}${NO_NUMBER}`).slice(0, -NO_NUMBER.length)
const PLAIN = /^(?!.*xn--)[a-z0-9._-]*$/
const NO_NUMBER = '.x'

export const encodingBinding = { toASCII: encodeDomain, toUnicode }
