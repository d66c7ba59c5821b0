// @ts-check

// Lines of `NAME=value`, as Node reads them. Source: Dotenv::ParseContent of node_dotenv.cc

const AROUND = /^[ \t\n]+|[ \t\n]+$/g
const QUOTES = '"\'`'

/** @param {string} content */
export function parseEnv (content) {
  /** @type {Map<string, string>} */
  const found = new Map()
  let rest = trim(content.toWellFormed().replaceAll('\r', ''))
  while (rest !== '') {
    const at = rest.search(/[=\n]/)
    if (rest[0] === '\n' || rest[0] === '#') rest = leaveLine(rest, 0)
    else if (at < 0) break
    else if (rest[at] === '\n') rest = trim(rest.slice(at + 1))
    else rest = readValue(trim(rest.slice(0, at)), rest.slice(at + 1), found)
  }
  return Object.assign(Object.create(null), Object.fromEntries([...found].sort(([a], [b]) => isBefore(a, b) ? -1 : 1)))
}

/** Puts the value at the begin of a text under a name; answers what comes after it. @param {string} name @param {string} text @param {Map<string, string>} found */
function readValue (name, text, found) {
  if (text === '' || text[0] === '\n') {
    found.set(name, '')
    return text
  }
  const rest = trim(text)
  if (name === '') return rest
  const key = name.startsWith('export ') ? trim(name.slice('export '.length)) : name
  const quote = rest[0] ?? ''
  const isQuoted = quote !== '' && QUOTES.includes(quote)
  const end = isQuoted ? rest.indexOf(quote, 1) : -1
  if (end > 0) {
    const inside = rest.slice(1, end)
    found.set(key, quote === '"' ? inside.replaceAll('\\n', '\n') : inside)
    return leaveLine(rest, end + 1)
  }
  const [line = ''] = rest.split('\n', 1)
  const [value = ''] = line.split('#', 1)
  found.set(key, isQuoted ? line : trim(value))
  return trim(leaveLine(rest, 0))
}

/** @param {string} text */
const trim = (text) => text.replace(AROUND, '')

/** @param {string} text @param {number} from */
function leaveLine (text, from) {
  const end = text.indexOf('\n', from)
  return end < 0 ? '' : text.slice(end + 1)
}

/** In the order of their bytes in UTF-8, which is the one of their characters. @param {string} a @param {string} b */
function isBefore (a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return /** @type {number} */ (a.codePointAt(i)) < /** @type {number} */ (b.codePointAt(i))
  }
  return a.length < b.length
}
