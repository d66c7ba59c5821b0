// @ts-check
import machine from 'whatwg-url/lib/url-state-machine.js'
import { append, regExpExec, stringIndexOf, stringSlice } from '../intrinsics.js'

/** @typedef {import('whatwg-url/lib/url-state-machine.js').UrlRecord} UrlRecord */

export { machine }

/** Schemes that are special, with the ports that are theirs. Source: https://url.spec.whatwg.org/#special-scheme @type {Readonly<Record<string, string>>} */
export const SPECIAL_PORTS = { '__proto__': /** @type {any} */ (null), ftp: '21', file: '', http: '80', https: '443', ws: '80', wss: '443' }

/** @param {string} scheme */
export const isSpecialScheme = (scheme) => SPECIAL_PORTS[scheme] !== undefined

/**
 * Most URLs: parsing them changes nothing, so that their parts are just cut out, twenty times as fast. The last label of such a host begins with a letter, so
 * it is no address. The rest of the characters are those that need no escape in a path, a query and a fragment.
 */
const COMMON = /^(https?):\/\/((?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*)(?::([0-9]{1,4}))?(\/[!$-;=@-[\]_a-z|~]*)?(?:\?([!$-&(-;=?-~]*))?(?:#([!#-;=?-_a-~]*))?$/
/** A segment may mean the one above. */
const DOTS = /\/(?:\.|%2e)/i

/**
 * Parses a URL, which may be relative to a base. Answers null for what is none. Source: https://url.spec.whatwg.org/#api-url-parser
 * @param {string} text without lone surrogates @param {string} [baseText] likewise
 */
export function parseUrlRecord (text, baseText) {
  if (baseText === undefined) return parseAbsolute(text)
  const baseURL = parseAbsolute(baseText)
  return baseURL === null ? null : machine.basicURLParse(text, { baseURL })
}

/** @param {string} text @returns {UrlRecord | null} */
function parseAbsolute (text) {
  const parts = regExpExec(COMMON, text)
  const pathText = parts?.[4] ?? '/'
  if (parts === null || regExpExec(DOTS, pathText) !== null) return machine.basicURLParse(text)
  const scheme = /** @type {string} */ (parts[1])
  const port = parts[3] === undefined ? null : +parts[3]
  return {
    scheme,
    username: '',
    password: '',
    host: /** @type {string} */ (parts[2]),
    port: port === (scheme === 'http' ? 80 : 443) ? null : port,
    path: splitPath(pathText),
    query: parts[5] ?? null,
    fragment: parts[6] ?? null,
  }
}

/** @param {string} text begins with a slash */
function splitPath (text) {
  /** @type {string[]} */
  const segments = []
  for (let from = 1; ;) {
    const slash = stringIndexOf(text, '/', from)
    if (slash < 0) {
      append(segments, stringSlice(text, from))
      return segments
    }
    append(segments, stringSlice(text, from, slash))
    from = slash + 1
  }
}
