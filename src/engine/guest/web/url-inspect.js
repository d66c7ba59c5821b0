// @ts-check

// How Node's `inspect` shows URLs and what belongs to them. Linked when it first does.

/** @typedef {{ depth?: number | null, breakLength: number, stylize (text: string, style: string): string }} Options */
/** @typedef {(value: unknown, options: object) => string} Inspect */

const SHOWN = /** @type {const} */ (['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'searchParams', 'hash'])
const COLORS = /\u001b\[\d\d?m/g

/** @param {import('./url.js').URL} url @param {number} depth @param {Options} options @param {Inspect} inspect */
export function inspectUrl (url, depth, options, inspect) {
  if (depth < 0) return url
  const { constructor } = url
  const shown = Object.create({ constructor })
  for (const name of SHOWN) shown[name] = url[name]
  return `${constructor.name} ${inspect(shown, options)}`
}

/** @param {readonly (readonly [string, string])[]} pairs @param {string} name @param {number | null} depth @param {Options} options @param {Inspect} inspect */
export function inspectPairs (pairs, name, depth, options, inspect) {
  if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special')
  const within = below(depth, options)
  const texts = []
  for (let i = 0; i < pairs.length; i++) { // no method that code may have changed gets hold of the pairs
    const pair = /** @type {readonly [string, string]} */ (pairs[i])
    texts.push(`${inspect(pair[0], within)} => ${inspect(pair[1], within)}`)
  }
  if (texts.length === 0) return `${name} {}`
  const isLong = texts.join(', ').replace(COLORS, '').length > options.breakLength
  return isLong ? `${name} {\n  ${texts.join(',\n  ')} }` : `${name} { ${texts.join(', ')} }`
}

/** @param {readonly unknown[]} left what an iterator has yet to give @param {string} name @param {number | null} depth @param {Options} options @param {Inspect} inspect */
export function inspectIterator (left, name, depth, options, inspect) {
  if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special')
  const within = below(depth, options)
  const texts = left.map((item) => inspect(item, within))
  return inspect(left, within).includes('\n') ? `${name} {\n  ${texts.join(',\n  ')} }` : `${name} { ${texts.join(', ')} }`
}

/** @param {number | null} depth @param {Options} options */
const below = (depth, options) => depth === null ? { ...options } : { ...options, depth: depth - 1 }
