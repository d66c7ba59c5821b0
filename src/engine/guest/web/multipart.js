// @ts-check
import {
  ObjectCreate, TypeErrorConstructor, append, buildList, regExpExec, stringCharCodeAt, stringIndexOf, stringReplaceAll, stringSlice, stringToLowerCase,
} from '../intrinsics.js'
import { askNative } from '../natives.js'
import { buildFile, contentOf, factsOf, normalizeType } from './blob.js'
import { decodePercent } from './body.js'
import { buildFormData } from './form-data.js'
import { trimSpace } from './headers.js'
import { decodeUtf8, encodeUtf8 } from './utf8.js'

/** @typedef {import('./form-data.js').Entry} Entry @typedef {import('./mime-type.js').MimeType} MimeType */

/** Characters of what parts are divided by. Source: RFC 2046, section 5.1.1 */
const BOUNDARY_MAX = 70
/** Bytes of the headers of one part; those of a browser have a few hundred. */
const PART_HEADER_BYTES = 16_384
/** Entries of one form; an attacker has 200,000 of them in 10 MB. */
const ENTRIES_MAX = 10_000

/** Source: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data @param {readonly Entry[]} entries */
export function encodeMultipart (entries) {
  const boundary = `----batchbox-${askNative('platform:random', 'uuid', '{}').text}`
  let bytes = ''
  for (let i = 0; i < entries.length; i++) {
    const entry = /** @type {Entry} */ (entries[i])
    const name = entry[0]
    const value = entry[1]
    bytes += `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(withLineEnds(name))}"`
    if (typeof value === 'string') bytes += `\r\n\r\n${encodeUtf8(withLineEnds(value))}\r\n`
    else {
      const content = contentOf(value)
      const type = content.type === '' ? 'application/octet-stream' : content.type
      bytes += `; filename="${escapeName(factsOf(value).name)}"\r\nContent-Type: ${type}\r\n\r\n${content.bytes}\r\n`
    }
  }
  return { bytes: `${bytes}--${boundary}--\r\n`, type: `multipart/form-data; boundary=${boundary}` }
}

/** Each line's end becomes the two characters that the standard wants. @param {string} text */
function withLineEnds (text) {
  const plain = stringReplaceAll(stringReplaceAll(text, '\r\n', '\n'), '\r', '\n')
  return stringReplaceAll(plain, '\n', '\r\n')
}

/** @param {string} name */
function escapeName (name) {
  return stringReplaceAll(stringReplaceAll(stringReplaceAll(encodeUtf8(name), '\n', '%0A'), '\r', '%0D'), '"', '%22')
}

/** @param {string} name of one character for each byte */
function unescapeName (name) {
  return decodePlain(stringReplaceAll(stringReplaceAll(stringReplaceAll(name, '%0A', '\n'), '%0D', '\r'), '%22', '"'))
}

/**
 * Reads a form as it was sent. Throws a TypeError for one that is not as its type says, and for one beyond the bounds.
 * Source: https://fetch.spec.whatwg.org/#dom-body-formdata
 * @param {string} bytes @param {MimeType | null} type
 */
export function parseForm (bytes, type) {
  if (type?.essence === 'multipart/form-data') return buildFormData(parseMultipart(bytes, type.parameters['boundary']))
  if (type?.essence === 'application/x-www-form-urlencoded') return buildFormData(parseUrlEncoded(bytes))
  throw new TypeErrorConstructor('Cannot read form: its type is neither multipart/form-data nor application/x-www-form-urlencoded')
}

/** Source: RFC 7578; https://andreubotella.github.io/multipart-form-data/#multipart-form-data-parser @param {string} bytes @param {string | undefined} boundary */
function parseMultipart (bytes, boundary) {
  if (boundary === undefined || boundary === '' || boundary.length > BOUNDARY_MAX) throw refuse(`its boundary has not 1 to ${BOUNDARY_MAX} characters`)
  const divider = `--${boundary}`
  /** @type {Entry[]} */
  const entries = buildList()
  let at = startsWith(bytes, '\r\n', 0) ? 2 : 0
  for (;;) {
    if (!startsWith(bytes, divider, at)) throw refuse('a part does not begin with its boundary')
    at += divider.length
    if (startsWith(bytes, '--', at)) return entries // what follows is an epilogue
    while (stringCharCodeAt(bytes, at) === 0x20 || stringCharCodeAt(bytes, at) === 0x09) at++
    if (!startsWith(bytes, '\r\n', at)) throw refuse('a boundary is followed by neither a line nor an end')
    const headersEnd = stringIndexOf(stringSlice(bytes, at, at + PART_HEADER_BYTES), '\r\n\r\n')
    if (headersEnd < 0) throw refuse(`the headers of a part do not end, or have more than ${PART_HEADER_BYTES} bytes`)
    const { name, filename, contentType } = readPartHeaders(stringSlice(bytes, at + 2, at + headersEnd))
    const from = at + headersEnd + 4
    const to = stringIndexOf(bytes, `\r\n${divider}`, from - 2) // where there is no content, the line's end may be that of the headers
    if (to < 0) throw refuse('a part does not end')
    if (entries.length >= ENTRIES_MAX) throw refuse(`it has more than ${ENTRIES_MAX} parts`)
    const content = stringSlice(bytes, from, to)
    append(entries, [name, filename === null ? decodePlain(content) : buildFile(filename, { bytes: content, type: contentType })])
    at = to + 2
  }
}

/** @param {string} text lines, one header each */
function readPartHeaders (text) {
  /** @type {string | null} */
  let name = null
  /** @type {string | null} */
  let filename = null
  let contentType = 'text/plain'
  for (let from = 0; from < text.length;) {
    const found = stringIndexOf(text, '\r\n', from)
    const to = found < 0 ? text.length : found
    const line = stringSlice(text, from, to)
    const colon = stringIndexOf(line, ':')
    if (colon < 0) throw refuse('a part has a header without a colon')
    const key = stringToLowerCase(trimSpace(stringSlice(line, 0, colon)))
    const value = trimSpace(stringSlice(line, colon + 1))
    if (key === 'content-disposition') {
      const parameters = readDisposition(value)
      name = parameters['name'] ?? null
      filename = parameters['filename'] ?? null
    } else if (key === 'content-type') contentType = normalizeType(value) // a lone line break in it would be a header of its own when the file is sent on
    from = to + 2
  }
  if (name === null) throw refuse('a part has no name')
  return { name, filename, contentType }
}

const FORM_DATA = /^form-data(?=[\t ]*(?:;|$))/i
const PARAMETER = /^[\t ]*;[\t ]*([^\t "=;]+)=(?:"([^"]*)"|([^\t ";]*))/

/** One after another, so that none is looked for inside of another's quotes. @param {string} value @returns {Record<string, string>} without a prototype */
function readDisposition (value) {
  let found = regExpExec(FORM_DATA, value)
  if (found === null) throw refuse('a part is not "form-data"')
  const parameters = ObjectCreate(null)
  let rest = value
  while (found !== null) {
    rest = stringSlice(rest, found[0].length)
    found = regExpExec(PARAMETER, rest)
    if (found !== null) parameters[stringToLowerCase(found[1])] = unescapeName(found[2] ?? found[3] ?? '')
  }
  return parameters
}

/** Source: https://url.spec.whatwg.org/#urlencoded-parsing @param {string} bytes */
function parseUrlEncoded (bytes) {
  /** @type {Entry[]} */
  const entries = buildList()
  for (let from = 0; from < bytes.length;) {
    const found = stringIndexOf(bytes, '&', from)
    const to = found < 0 ? bytes.length : found
    const pair = stringReplaceAll(stringSlice(bytes, from, to), '+', ' ')
    from = to + 1
    if (pair === '') continue
    if (entries.length >= ENTRIES_MAX) throw refuse(`it has more than ${ENTRIES_MAX} entries`)
    const equals = stringIndexOf(pair, '=')
    const name = equals < 0 ? pair : stringSlice(pair, 0, equals)
    append(entries, [decodePlain(decodePercent(name)), equals < 0 ? '' : decodePlain(decodePercent(stringSlice(pair, equals + 1)))])
  }
  return entries
}

/** UTF-8 decode without BOM: the one that is put before it goes, and a mark of its own stays. @param {string} bytes */
const decodePlain = (bytes) => regExpExec(NOT_ASCII, bytes) === null ? bytes : decodeUtf8(`\xef\xbb\xbf${bytes}`)
const NOT_ASCII = /[^\0-\x7f]/

/** @param {string} text @param {string} start @param {number} at */
const startsWith = (text, start, at) => stringSlice(text, at, at + start.length) === start

/** @param {string} why */
const refuse = (why) => new TypeErrorConstructor(`Cannot read form: ${why}`)
