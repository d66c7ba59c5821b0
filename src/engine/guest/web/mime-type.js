// @ts-check
import { ObjectCreate, append, buildList, regExpExec, stringCharCodeAt, stringIndexOf, stringReplaceAll, stringSlice, stringToLowerCase } from '../intrinsics.js'
import { isToken, trimSpace } from './headers.js'

/**
 * What says what bytes are. `essence`: type and subtype, in lower case. Names of parameters are in lower case, each there once.
 * @typedef {{ essence: string, names: string[], parameters: Record<string, string> }} MimeType nothing of it has a prototype
 */

const QUOTED = /^[\t\x20-\x7e\x80-\xff]*$/
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c

/** Answers null for what is none. Source: https://mimesniff.spec.whatwg.org/#parse-a-mime-type @param {string} given @returns {MimeType | null} */
export function parseMimeType (given) {
  const text = trimSpace(given)
  const slash = stringIndexOf(text, '/')
  if (slash < 0 || !isToken(stringSlice(text, 0, slash))) return null
  let at = until(text, ';', slash)
  const subtype = trimEnd(stringSlice(text, slash + 1, at))
  if (!isToken(subtype)) return null
  /** @type {string[]} */
  const names = buildList()
  const parameters = ObjectCreate(null)
  let equals = -1
  while (at < text.length) {
    if (equals < at) equals = until(text, '=', at)
    const end = until(text, ';', at + 1)
    if (equals >= end) {
      at = end
      continue
    }
    const name = stringToLowerCase(trimStart(stringSlice(text, at + 1, equals)))
    let value
    if (stringCharCodeAt(text, equals + 1) === QUOTE) {
      const quoted = readQuoted(text, equals + 1)
      value = quoted.value
      at = until(text, ';', quoted.end)
    } else {
      value = trimEnd(stringSlice(text, equals + 1, end))
      at = end
      if (value === '') continue
    }
    if (!isToken(name) || regExpExec(QUOTED, value) === null || name in parameters) continue
    append(names, name)
    parameters[name] = value
  }
  return buildMimeType(`${stringToLowerCase(stringSlice(text, 0, slash))}/${stringToLowerCase(subtype)}`, names, parameters)
}

/** Source: https://mimesniff.spec.whatwg.org/#serialize-a-mime-type @param {MimeType} type */
export function serializeMimeType ({ essence, names, parameters }) {
  let text = essence
  for (let i = 0; i < names.length; i++) {
    const name = /** @type {string} */ (names[i])
    const value = /** @type {string} */ (parameters[name])
    text += `;${name}=${isToken(value) ? value : `"${stringReplaceAll(stringReplaceAll(value, '\\', '\\\\'), '"', '\\"')}"`}`
  }
  return text
}

/** Of the values of Content-Type, with commas between them; null if none is one. Source: https://fetch.spec.whatwg.org/#concept-header-extract-mime-type @param {string | null} values */
export function extractMimeType (values) {
  if (values === null) return null
  /** @type {MimeType | null} */
  let found = null
  /** @type {string | undefined} */
  let charset
  for (let from = 0; from <= values.length;) {
    const to = findComma(values, from)
    const type = parseMimeType(stringSlice(values, from, to))
    from = to + 1
    if (type === null || type.essence === '*/*') continue
    if (found === null || type.essence !== found.essence) charset = type.parameters['charset']
    else if (charset !== undefined && !('charset' in type.parameters)) {
      append(type.names, 'charset')
      type.parameters['charset'] = charset
    }
    found = type
  }
  return found
}

/** @param {string} essence @param {string[]} names @param {Record<string, string>} parameters @returns {MimeType} */
const buildMimeType = (essence, names, parameters) => /** @type {any} */ ({ __proto__: null, essence, names, parameters })

/** @param {string} text @param {string} stop @param {number} from */
function until (text, stop, from) {
  const at = stringIndexOf(text, stop, from)
  return at < 0 ? text.length : at
}

/** @param {string} text */
function trimStart (text) {
  const trimmed = trimSpace(`${text}.`)
  return stringSlice(trimmed, 0, trimmed.length - 1)
}

/** @param {string} text */
const trimEnd = (text) => stringSlice(trimSpace(`.${text}`), 1)

/** The next comma that is in no quotes. @param {string} text @param {number} from */
function findComma (text, from) {
  for (let at = from; at < text.length; at++) {
    const unit = stringCharCodeAt(text, at)
    if (unit === COMMA) return at
    if (unit === QUOTE) at = readQuoted(text, at).end - 1
  }
  return text.length
}

/** Source: https://fetch.spec.whatwg.org/#collect-an-http-quoted-string @param {string} text @param {number} from where its first quote is */
function readQuoted (text, from) {
  let value = ''
  let at = from + 1
  for (let begin = at; ; at++) {
    const unit = at < text.length ? stringCharCodeAt(text, at) : QUOTE
    if (unit === QUOTE) {
      value += stringSlice(text, begin, at)
      return { value, end: at + 1 }
    }
    if (unit !== BACKSLASH) continue
    value += stringSlice(text, begin, at)
    if (at + 1 >= text.length) return { value: `${value}\\`, end: text.length }
    begin = at + 1
    at++
  }
}
