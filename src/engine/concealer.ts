import { buildForms, type Form } from './conceal-forms.ts'

/** Shorter texts are everywhere. */
const HEAD_CHARS = 4
const HASHES = 65_536
const NO_HASHES = new Uint8Array(0)
/** What marks where the guest has cut a text. */
const CUT = '…'
const SAMPLE_CHARS = 64
/** What a comparison costs, in checks. */
const CHARS_PER_CHECK = 256
/** Checks that a text may cost, beside one for each of its characters: code may write what nearly is its secret, again and again. */
const CHECKS_MIN = 10_000
/** Causes of causes that are told of; one may be its own. */
const CAUSES_MAX = 8
/** A character of base64, also as URLs have it, at the end and at the beginning of a text. */
const [BASE64_BEFORE, BASE64_AFTER] = [/(?:%2[BF]|[\w+/-])$/i, /^(?:%2[BF]|[\w+/-])/i]
const BASE64_CHARS = 3
const NUMERIC = /^-?\d[\d.eE+-]*$/
const NUMBERS = /-?\d[\d.eE+-]*/g

interface Concealed extends Form {
  label: string
  /** Its first characters: compared alone, before the rest is. */
  sample: string
}

/**
 * Keeps secrets out of texts: `[secret NAME]` stands for each, in every form that `buildForms` lists, and for the beginning of one where the guest has cut it. A text is read once,
 * however many secrets there are, and what costs too much to be sure of is withheld as a whole. Costs nothing until there is a secret.
 */
export class Concealer {
  readonly #values = new Set<string>()
  /** By the hash of their first characters, the longest first. */
  readonly #forms = new Map<number, Concealed[]>()
  /** Which hashes there are: most characters of a text cost a look at this. Made with the first secret: most runs have none. */
  #hashes = NO_HASHES
  #isNumeric = false

  /** Conceals a value from now on. One of fewer than four characters is left: it cannot be told from other text. */
  add (name: string, value: string): void {
    if (value.length < HEAD_CHARS || this.#values.has(value)) return
    this.#values.add(value)
    if (this.#hashes === NO_HASHES) this.#hashes = new Uint8Array(HASHES)
    for (const form of buildForms(value)) {
      if (form.text.length < HEAD_CHARS) continue
      const hash = hashAt(form.text, 0)
      const concealed = { ...form, label: `[secret ${name}]`, sample: form.text.slice(0, SAMPLE_CHARS) }
      this.#forms.set(hash, [...this.#forms.get(hash) ?? [], concealed].sort((a, b) => b.text.length - a.text.length))
      this.#hashes[hash] = 1
      this.#isNumeric ||= NUMERIC.test(form.text)
    }
  }

  /** There is nothing to conceal. */
  get isEmpty (): boolean { return this.#values.size === 0 }

  /** Answers the text without secrets. */
  text (text: string): string {
    if (this.#values.size === 0) return text
    const pieces: string[] = []
    let done = 0
    let checks = CHECKS_MIN + text.length
    let cutAt = -1
    for (let at = 0; at + HEAD_CHARS <= text.length; at++) {
      const hash = hashAt(text, at)
      if (this.#hashes[hash] === 0) continue
      for (const form of this.#forms.get(hash) ?? []) {
        if (cutAt < at && cutAt !== Infinity) cutAt = findCut(text, at)
        const end = matchAt(text, at, form, cutAt)
        checks -= 1 + (end < 0 ? 0 : form.text.length / CHARS_PER_CHECK)
        if (checks < 0) return withhold(form)
        if (end <= at) continue
        const [from, to] = widen(text, { from: Math.max(at, done), to: end, done }, form)
        pieces.push(text.slice(done, from), form.label)
        done = to
        at = to - 1
        break
      }
    }
    return done === 0 ? text : pieces.join('') + text.slice(done)
  }

  /** Answers JSON text whose strings and numbers are without secrets, and which is JSON again. */
  json (json: string): string {
    if (this.#values.size === 0) return json
    const pieces: string[] = []
    let done = 0
    while (done < json.length) {
      const open = json.indexOf('"', done)
      const start = open < 0 ? json.length : open
      const between = json.slice(done, start)
      pieces.push(this.#isNumeric ? between.replaceAll(NUMBERS, (number) => this.#rewrite(number, number)) : between)
      done = open < 0 ? json.length : endOfString(json, open)
      if (done < 0) return [...pieces, this.text(json.slice(open))].join('') // no JSON, from a runner that no guest of ours is in
      if (open >= 0) pieces.push(this.#rewriteString(json.slice(open, done)))
    }
    return pieces.join('')
  }

  /** Answers what was thrown without secrets in its texts and in those of its causes, for the operator's log. */
  error (thrown: unknown, depth = 0): unknown {
    if (this.#values.size === 0) return thrown
    if (!(thrown instanceof Error)) return this.text(String(thrown))
    const { name, message, stack = '', cause } = thrown
    const concealed = new Error(this.text(message), cause === undefined || depth === CAUSES_MAX ? {} : { cause: this.error(cause, depth + 1) })
    return Object.assign(concealed, { name: this.text(name), stack: this.text(stack) })
  }

  #rewriteString (literal: string): string {
    const inner = literal.slice(1, -1)
    if (!inner.includes('\\')) return this.#rewrite(inner, literal)
    try {
      return this.#rewrite(JSON.parse(literal) as string, literal) // a string, as its quotes say
    } catch {
      return this.#rewrite(inner, literal) // no JSON either
    }
  }

  #rewrite (text: string, literal: string): string {
    const concealed = this.text(text)
    return concealed === text ? literal : JSON.stringify(concealed)
  }
}

function hashAt (text: string, at: number): number {
  return (text.charCodeAt(at) ^ text.charCodeAt(at + 1) << 4 ^ text.charCodeAt(at + 2) << 8 ^ text.charCodeAt(at + 3) << 12) & (HASHES - 1)
}

function findCut (text: string, from: number): number {
  const at = text.indexOf(CUT, from)
  return at < 0 ? Infinity : at
}

/** Where a form that begins there ends: after it, or where the text was cut. `at` where it fits only in the beginning, -1 where not even that. */
function matchAt (text: string, at: number, { text: whole, sample }: Concealed, cutAt: number): number {
  const end = Math.min(at + whole.length, cutAt)
  if (end - at < HEAD_CHARS || end > text.length || !isSame(text, at, Math.min(end, at + sample.length), sample)) return -1
  return isSame(text, at, end, whole) ? end : at
}

/** Slices are no copies, and are compared many characters at a time; `startsWith` takes them one by one. */
function isSame (text: string, from: number, to: number, whole: string): boolean {
  return text.slice(from, to) === (to - from === whole.length ? whole : whole.slice(0, to - from))
}

function widen (text: string, { from, to, done }: { from: number, to: number, done: number }, { edge }: Form): [from: number, to: number] {
  const before = edge.before ? BASE64_BEFORE.exec(text.slice(Math.max(done, from - BASE64_CHARS), from)) : null
  const after = edge.after ? BASE64_AFTER.exec(text.slice(to, to + BASE64_CHARS)) : null
  return [from - (before?.[0].length ?? 0), to + (after?.[0].length ?? 0)]
}

function withhold ({ label }: Concealed): string {
  return `[withheld: too much of it is like ${label.slice(1, -1)}]`
}

/** The place after the closing quote, -1 where there is none; a quote after an odd number of backslashes closes nothing. */
function endOfString (json: string, open: number): number {
  for (let at = open; ;) {
    at = json.indexOf('"', at + 1)
    if (at < 0) return -1
    let slashes = 0
    while (json[at - 1 - slashes] === '\\') slashes += 1
    if (slashes % 2 === 0) return at + 1
  }
}
