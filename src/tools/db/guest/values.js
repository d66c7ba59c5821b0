// @ts-check

/** @typedef {{ columns: [string, number][], rows: (string | null)[][], count: number }} Answer */
/** @typedef {(text: string) => unknown} Decode */

/** A number as JavaScript has it, unless it has none of it. @type {Decode} */
const toNumber = (text) => Number(text)
/** Types by their numbers. Source: PostgreSQL, pg_type.dat. What is not here stays text: dates, times, numeric and int8, which numbers cannot hold. @type {Record<number, Decode>} */
const DECODERS = Object.assign(Object.create(null), { 16: (/** @type {string} */ text) => text === 't', 21: toNumber, 23: toNumber, 26: toNumber, 700: toNumber, 701: toNumber })
/** Types of arrays, and what they are of. @type {Record<number, number>} */
const ARRAYS = Object.assign(Object.create(null), {
  199: 114, 1000: 16, 1001: 17, 1003: 19, 1005: 21, 1007: 23, 1009: 25, 1014: 1042, 1015: 1043, 1016: 20, 1021: 700, 1022: 701, 1028: 26, 1041: 869, 1115: 1114, 1182: 1082, 1183: 1083, 1185: 1184, 1187: 1186, 1231: 1700, 2951: 2950, 3807: 3802,
})
const JSON_TYPES = new Set([114, 3802])

/** Text of a parameter, as PostgreSQL reads it. Throws a TypeError for what has none. @param {unknown} value @returns {string | null} */
export function encodeParam (value) {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (typeof value === 'function' || typeof value === 'symbol' || value instanceof Map || value instanceof Set) throw new TypeError(`Cannot query: a ${typeof value === 'object' ? value.constructor.name : typeof value} is no value of a parameter`)
  if (typeof value !== 'object') return String(value)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof ArrayBuffer) return `\\x${new Uint8Array(value).toHex()}`
  if (ArrayBuffer.isView(value)) return `\\x${new Uint8Array(value.buffer, value.byteOffset, value.byteLength).toHex()}`
  if (Array.isArray(value)) return encodeArray(value)
  return JSON.stringify(value)
}

/** @param {unknown[]} values @returns {string} */
function encodeArray (values) {
  return `{${values.map((value) => {
    if (Array.isArray(value)) return encodeArray(value)
    const text = encodeParam(value)
    return text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`
  }).join(',')}}`
}

/**
 * Makes values of texts: lists of them for Drizzle, which knows its columns ("all"), or objects for SQL that code wrote itself ("execute").
 * @param {Answer} answer @param {'all' | 'execute'} method
 */
export function decodeRows ({ columns, rows, count }, method) {
  const isRaw = method === 'execute'
  const decoders = columns.map(([, type]) => isRaw && JSON_TYPES.has(type) ? JSON.parse : findDecoder(type))
  const decoded = rows.map((row) => {
    const values = row.map((text, i) => text === null ? null : /** @type {Decode} */ (decoders[i])(text))
    return isRaw ? Object.fromEntries(values.map((value, i) => [/** @type {[string, number]} */ (columns[i])[0], value])) : values
  })
  Object.defineProperty(decoded, 'rowCount', { value: count })
  return decoded
}

/** @param {number} type @returns {Decode} */
function findDecoder (type) {
  const of = ARRAYS[type]
  if (of === undefined) return DECODERS[type] ?? ((text) => text)
  const decode = findDecoder(of)
  return (text) => decodeArray(text, decode)
}

/** Reads `{1,NULL,"a,b",{2}}`. @param {string} text @param {Decode} decode */
function decodeArray (text, decode) {
  /** @type {any[]} */
  const open = [[]]
  for (const [token, quoted] of text.matchAll(/"((?:[^"\\]|\\.)*)"|[{}]|[^{},"]+/gs)) {
    const last = open[open.length - 1]
    if (token === '{') open.push([])
    else if (token === '}') open[open.length - 2].push(open.pop())
    else if (quoted !== undefined) last.push(decode(quoted.replace(/\\(.)/gs, '$1')))
    else last.push(token === 'NULL' ? null : decode(token))
  }
  return open[0][0]
}
