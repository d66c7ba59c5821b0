/** One way in which a secret may be written. */
export interface Form {
  text: string
  /** What base64 writes at its edges holds bits of the secret and of its neighbours: one more character there belongs to it. */
  edge: { before: boolean, after: boolean }
}

const NO_EDGE = { before: false, after: false }
/** Bits of a character of base64, and of a byte. */
const [CHAR_BITS, BYTE_BITS] = [6, 8]

/**
 * Lists how code is likely to write a text without wanting to hide it: as it is, in JSON, in JSON within JSON, as the console quotes it, in URLs, in base64 wherever it begins in
 * what is encoded, that in URLs, as hexadecimal digits, and as the bytes of a Buffer in JSON and in the console.
 */
export function buildForms (given: string): Form[] {
  const value = given.toWellFormed()
  const texts = [value, ...jsonForms(value), ...urlForms(value), Buffer.from(value).toString('hex'), Buffer.from(value).toString('hex').toUpperCase(), ...byteForms(value)]
  const latin1 = Buffer.from(value, 'latin1')
  const bytes = [Buffer.from(value), ...(latin1.toString('latin1') === value ? [latin1] : [])] // `btoa` takes the latter
  const plain = [...new Set(texts)].map((text) => ({ text, edge: NO_EDGE }))
  const encoded = bytes.flatMap((each) => [0, 1, 2].flatMap((offset) => base64Forms(each, offset)))
  return [...plain, ...new Map(encoded.map((form) => [form.text, form])).values()]
}

function jsonForms (value: string): string[] {
  const json = escapeJson(value)
  const hex = (unit: string) => unit.charCodeAt(0).toString(16).padStart(4, '0')
  return [
    json,
    escapeJson(json),
    json.replaceAll('/', '\\/'),
    quote(value),
    json.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${hex(unit)}`),
    json.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${hex(unit).toUpperCase()}`),
  ]
}

/** As `<Buffer 61 62>`, `[97,98]` and `[ 97, 98 ]` have them. */
function byteForms (value: string): string[] {
  const bytes = [...Buffer.from(value)]
  return [bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' '), bytes.join(','), bytes.join(', ')]
}

/** As the console has it. */
function quote (text: string): string {
  return escapeJson(text).replaceAll('\\"', '"').replaceAll("'", "\\'")
}

function escapeJson (text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function urlForms (value: string): string[] {
  const component = encodeURIComponent(value)
  const strict = component.replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  const form = new URLSearchParams([['', value]]).toString().slice(1)
  const forms = [component, strict, form, encodeURI(value)].flatMap((text) => [text, text.replaceAll('%20', '+')])
  const cases = forms.flatMap((text) => [text, text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())])
  return [...cases, ...cases.map(quote)]
}

/** The characters that say nothing but bits of the secret, when so many bytes of a group of three come before it. */
function base64Forms (bytes: Buffer, offset: number): Form[] {
  const from = Math.ceil(offset * BYTE_BITS / CHAR_BITS)
  const bits = (offset + bytes.length) * BYTE_BITS
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64').slice(from, Math.floor(bits / CHAR_BITS))
  const edge = { before: offset > 0, after: bits % CHAR_BITS > 0 }
  const inUrl = encodeURIComponent(text)
  return [text, text.replaceAll('+', '-').replaceAll('/', '_'), inUrl, inUrl.replaceAll(/%2[BF]/g, (escape) => escape.toLowerCase())].map((each) => ({ text: each, edge }))
}
