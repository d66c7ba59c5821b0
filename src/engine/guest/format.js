// @ts-check
import { JSONStringify, MathTrunc, NumberParseFloat, NumberParseInt, append, arrayJoin, stringSlice } from './intrinsics.js'
import { inspect } from './inspect.js'

/**
 * Joins the arguments of a console call as the Console Standard's formatter does: a leading string's %s %d %i %f %j %o %O %c %% take
 * the arguments after it, the rest follow with spaces. Source: https://console.spec.whatwg.org/#formatter
 * @param {unknown[]} args
 * @returns {string}
 */
export function format (args) {
  const first = args[0]
  let next = 0
  /** @type {string[]} */
  const parts = []
  if (typeof first === 'string') {
    next = 1
    append(parts, args.length === 1 ? first : substitute(first, () => (next < args.length ? { value: args[next++] } : undefined)))
  }
  while (next < args.length) append(parts, show(args[next++]))
  return arrayJoin(parts, ' ')
}

/** @param {unknown} value */
const show = (value) => (typeof value === 'string' ? value : inspect(value))

/** @param {string} text @param {() => { value: unknown } | undefined} take */
function substitute (text, take) {
  let out = ''
  let from = 0
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] !== '%') continue
    const written = directive(/** @type {string} */ (text[i + 1]), take)
    if (written === undefined) continue
    out += stringSlice(text, from, i) + written
    from = i + 2
    i++
  }
  return out + stringSlice(text, from)
}

/** @param {string} letter @param {() => { value: unknown } | undefined} take @returns {string | undefined} */
function directive (letter, take) {
  if (letter === '%') return '%'
  if (letter !== 's' && letter !== 'd' && letter !== 'i' && letter !== 'f' && letter !== 'j' && letter !== 'o' && letter !== 'O' && letter !== 'c') return undefined
  const taken = take()
  if (taken === undefined) return undefined
  const { value } = taken
  switch (letter) {
    case 's': return show(value)
    case 'd': return typeof value === 'bigint' ? `${value}n` : `${typeof value === 'string' ? +value : toNumber(value)}`
    case 'i': return typeof value === 'bigint' ? `${value}n` : `${typeof value === 'string' ? NumberParseInt(value, 10) : MathTrunc(toNumber(value))}`
    case 'f': return `${typeof value === 'string' ? NumberParseFloat(value) : toNumber(value)}`
    case 'j': return toJson(value)
    case 'c': return ''
    default: return inspect(value)
  }
}

/** Objects are not asked. @param {unknown} value */
const toNumber = (value) => (typeof value === 'number' ? value : NaN)

/** @param {unknown} value */
function toJson (value) {
  try {
    return `${JSONStringify(value)}`
  } catch {
    return '[unreadable]'
  }
}
