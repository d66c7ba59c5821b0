import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import { RecordError } from '../core/records.ts'

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, POINT, ZERO, NINE] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x2e, 0x30, 0x39] as const
const [ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d] as const
/** Below it are control characters, which strings do not have as they are. */
const SPACE = 0x20
const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word))
const ESCAPED: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'))
const U = 0x75
const UNICODE_DIGITS = 4
const DIGITS: ReadonlySet<number | undefined> = new Set(Buffer.from('0123456789abcdefABCDEF'))
/** Values, or bytes of one text, after which others get their turn. */
const STEP = 8192
const STEP_BYTES = 65_536

/**
 * Checks that bytes are one JSON value in UTF-8, without making it, and lets others have a turn now and then. Throws a RecordError that names the first byte that cannot
 * stand where it does. Source: RFC 8259.
 */
export async function checkJson (json: Buffer, maxDepth: number): Promise<void> {
  checkUtf8(json)
  const ends: number[] = []
  let at = skipSpace(json, 0)
  for (let values = 1; ; values += 1) {
    const opens = json[at] === OBJECT || json[at] === ARRAY
    if (opens) {
      ends.push(json[at] === OBJECT ? OBJECT_END : ARRAY_END)
      if (ends.length > maxDepth) throw new RecordError(`its values are nested more than ${maxDepth} deep, at byte ${at}`, { byte: at })
      at = skipSpace(json, at + 1)
    } else {
      const end = skipScalar(json, at)
      at = typeof end === 'number' ? end : await end
    }
    if (!opens || json[at] === ends.at(-1)) {
      at = skipEnds(json, at, ends)
      if (ends.length === 0) break
      at = skipSpace(json, expect(json, at, COMMA))
    }
    if (ends.at(-1) === OBJECT_END) {
      const end = skipString(json, at)
      at = skipSpace(json, expect(json, skipSpace(json, typeof end === 'number' ? end : await end), COLON))
    }
    if (values % STEP === 0) await setImmediate()
  }
  if (at < json.length) throw wrong(json, at)
}

/** What is not UTF-8 is read as U+FFFD: the first difference tells where. */
function checkUtf8 (json: Buffer): void {
  if (isUtf8(json)) return
  const read = Buffer.from(json.toString())
  let at = 0
  while (json[at] === read[at]) at += 1
  throw new RecordError(`it is not UTF-8, at byte ${at}`, { byte: at })
}

/** Behind the value that ended there, and behind all that end with it. */
function skipEnds (json: Buffer, from: number, ends: number[]): number {
  let at = skipSpace(json, from)
  while (ends.length > 0 && json[at] === ends.at(-1)) {
    ends.pop()
    at = skipSpace(json, at + 1)
  }
  return at
}

function skipSpace (json: Buffer, from: number): number {
  let at = from
  while (json[at] === 0x20 || json[at] === 0x0a || json[at] === 0x0d || json[at] === 0x09) at += 1
  return at
}

function expect (json: Buffer, at: number, byte: number): number {
  if (json[at] !== byte) throw wrong(json, at)
  return at + 1
}

/** Answers at once but for a long text. */
function skipScalar (json: Buffer, at: number): number | Promise<number> {
  if (json[at] === QUOTE) return skipString(json, at)
  const word = WORDS.find((each) => each[0] === json[at])
  if (!word) return skipNumber(json, at)
  for (let i = 0; i < word.length; i += 1) if (json[at + i] !== word[i]) throw wrong(json, at + i)
  return at + word.length
}

function skipString (json: Buffer, from: number): number | Promise<number> {
  const at = skipChars(json, expect(json, from, QUOTE), from + STEP_BYTES)
  return json[at] === QUOTE ? at + 1 : skipLong(json, at)
}

async function skipLong (json: Buffer, from: number): Promise<number> {
  let at = from
  while (json[at] !== QUOTE) {
    await setImmediate()
    at = skipChars(json, at, at + STEP_BYTES)
  }
  return at + 1
}

/** Up to the quote that ends the text, or to the first character at that byte or behind it. */
function skipChars (json: Buffer, from: number, to: number): number {
  let at = from
  while (at < to) {
    const byte = json[at]
    if (byte === undefined || byte < SPACE) throw wrong(json, at)
    if (byte === QUOTE) return at
    at = byte === BACKSLASH ? skipEscape(json, at + 1) : at + 1
  }
  return at
}

function skipEscape (json: Buffer, at: number): number {
  if (ESCAPED.has(json[at])) return at + 1
  if (json[at] !== U) throw wrong(json, at)
  for (let digit = 1; digit <= UNICODE_DIGITS; digit += 1) if (!DIGITS.has(json[at + digit])) throw wrong(json, at)
  return at + UNICODE_DIGITS + 1
}

function skipNumber (json: Buffer, from: number): number {
  let at = json[from] === MINUS ? from + 1 : from
  at = json[at] === ZERO ? at + 1 : skipDigits(json, at)
  if (json[at] === POINT) at = skipDigits(json, at + 1)
  if (json[at] !== 0x65 && json[at] !== 0x45) return at
  at += 1
  return skipDigits(json, json[at] === 0x2b || json[at] === MINUS ? at + 1 : at)
}

function skipDigits (json: Buffer, from: number): number {
  let at = from
  while (json[at]! >= ZERO && json[at]! <= NINE) at += 1 // past the end it is no digit either
  if (at === from) throw wrong(json, at)
  return at
}

function wrong (json: Buffer, at: number): RecordError {
  if (at >= json.length) return new RecordError(`it is not JSON: it ends at byte ${json.length}, before its value does`, { byte: json.length })
  const char = json.toString('utf8', at, at + 4)
  return new RecordError(`it is not JSON: ${JSON.stringify(String.fromCodePoint(char.codePointAt(0) ?? 0))} cannot stand at byte ${at}`, { byte: at })
}
