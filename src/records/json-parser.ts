import { RecordError } from '../core/records.ts'
import type { BatchBuilder } from './batch-builder.ts'
import type { RecordParser } from './parser.ts'

const CODES = { newline: 0x0a, return: 0x0d, space: 0x20, tab: 0x09, quote: 0x22, backslash: 0x5c, comma: 0x2c, open: 0x5b, close: 0x5d, openObject: 0x7b, closeObject: 0x7d } as const

/** By byte, whether it is more than what it looks like, in a text and outside of one. */
const IN_TEXT = tableOf([CODES.quote, CODES.backslash, CODES.newline, CODES.return])
const ANY = new Uint8Array(256).fill(1)
const OUTSIDE = tableOf([CODES.quote, CODES.comma, CODES.open, CODES.close, CODES.openObject, CODES.closeObject, CODES.newline, CODES.return])

/** What comes next: the array, its first element or its end, more of an element, a comma or the end, an element, nothing. */
type Expected = 'array' | 'first' | 'more' | 'comma' | 'element' | 'nothing'

/**
 * Takes the elements of one JSON array, one after another, however long it is. Only texts and brackets are understood: whether an element is JSON is left to
 * whoever parses it. An element begins, as a position, behind the one before.
 */
export class JsonParser implements RecordParser {
  readonly #batch: BatchBuilder
  #expected: Expected
  #nesting = 0
  #inText = false
  #escaped = false
  /** Whether there are ends of lines in what was read last. */
  #lineEnds = false
  #wrong: string | undefined

  /** `inside`: it begins behind an element. */
  constructor (batch: BatchBuilder, inside: boolean) {
    this.#batch = batch
    this.#expected = inside ? 'comma' : 'array'
  }

  parse (piece: Buffer, offset: number, position: number): number {
    while (offset < piece.length) {
      if (this.#expected === 'more') {
        offset = this.#readElement(piece, offset, position)
        continue
      }
      const byte = piece[offset] ?? 0
      if (isBlank(byte)) offset++
      else if (this.#batch.full) return offset
      else offset += this.#readBetween(byte, position + offset)
    }
    return offset
  }

  end (position: number): void {
    if (this.#expected === 'array') throw new RecordError('the content has no JSON array', { byte: position })
    if (this.#expected !== 'nothing') throw new RecordError(`the content ends in the array, at byte ${position}${this.#inText ? ', in a text' : ''}`, { byte: position })
  }

  /** Reads a byte outside of elements; answers how many were read. */
  #readBetween (byte: number, at: number): number {
    switch (this.#expected) {
      case 'array':
        if (byte !== CODES.open) throw new RecordError(`the content is no JSON array, it begins with ${quote(byte)}${byte === CODES.openObject ? '; if every line is a value of its own, its format is ndjson' : ''}`, { byte: at })
        this.#expected = 'first'
        return 1
      case 'comma':
        if (byte !== CODES.comma && byte !== CODES.close) throw new RecordError(`${quote(byte)} at byte ${at} is where a comma was to be`, { byte: at })
        this.#expected = byte === CODES.comma ? 'element' : 'nothing'
        return 1
      case 'nothing': throw new RecordError(`something follows the JSON array, at byte ${at}`, { byte: at })
      default: return this.#beginElement(byte, at)
    }
  }

  #beginElement (byte: number, at: number): number {
    if (byte === CODES.close && this.#expected === 'first') {
      this.#expected = 'nothing'
      return 1
    }
    if (byte === CODES.comma || byte === CODES.close) {
      this.#expected = 'comma'
      this.#batch.failRecord(`there is nothing before the ${byte === CODES.comma ? 'comma' : 'end of the array'} at byte ${at}`, at)
      return 0
    }
    this.#expected = 'more'
    return 0
  }

  /** Takes bytes of an element, up to its end; answers where it stopped. */
  #readElement (piece: Buffer, offset: number, position: number): number {
    const batch = this.#batch
    const end = this.#findEnd(piece, offset, position)
    const at = batch.length
    batch.append(piece, offset, end)
    batch.reserve(1)
    if (this.#lineEnds) unbreak(batch.bytes, at, batch.length)
    this.#lineEnds = false
    if (batch.length - batch.recordStart > batch.bounds.recordBytes) this.#wrong ??= `it is longer than ${batch.bounds.recordBytes} bytes`
    if (this.#wrong !== undefined) batch.length = batch.recordStart
    if (end < piece.length) this.#endElement(position + end)
    return end
  }

  /** Where an element ends, by a comma or bracket that is none of its own; where the piece does if that is not in it. */
  #findEnd (piece: Buffer, offset: number, position: number): number {
    for (; offset < piece.length; offset++) {
      const kinds = this.#escaped ? ANY : this.#inText ? IN_TEXT : OUTSIDE
      while (offset < piece.length && kinds[piece[offset] ?? 0] === 0) offset++
      if (offset >= piece.length) break
      const byte = piece[offset] ?? 0
      if (this.#escaped) {
        this.#escaped = false
        if (byte !== CODES.newline && byte !== CODES.return) continue
      }
      switch (byte) {
        case CODES.quote:
          this.#inText = !this.#inText
          break
        case CODES.backslash:
          this.#escaped = true
          break
        case CODES.newline:
        case CODES.return:
          this.#lineEnds = true
          if (this.#inText) this.#wrong ??= `a text in it goes over the end of a line, at byte ${position + offset}`
          break
        case CODES.open:
        case CODES.openObject:
          if (++this.#nesting > this.#batch.bounds.depth) this.#wrong ??= `it has more than ${this.#batch.bounds.depth} arrays and objects in one another`
          break
        default:
          if (this.#nesting === 0 && byte !== CODES.closeObject) return offset
          if (byte === CODES.comma) break
          if (--this.#nesting < 0) throw new RecordError(`${quote(byte)} at byte ${position + offset} closes nothing`, { byte: position + offset })
      }
    }
    return piece.length
  }

  #endElement (end: number): void {
    const batch = this.#batch
    const wrong = this.#wrong
    this.#wrong = undefined
    this.#expected = 'comma'
    if (wrong !== undefined) return batch.failRecord(wrong, end)
    batch.bytes[batch.length++] = CODES.newline
    batch.endRecord(end)
  }
}

/** Makes spaces of what ends lines: between the texts of JSON they mean the same. */
function unbreak (bytes: Buffer, start: number, end: number): void {
  for (let index = start; index < end; index++) if (bytes[index] === CODES.newline || bytes[index] === CODES.return) bytes[index] = CODES.space
}

function tableOf (marked: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => marked.includes(byte) ? 1 : 0)
}

function isBlank (byte: number): boolean {
  return byte === CODES.space || byte === CODES.newline || byte === CODES.return || byte === CODES.tab
}

function quote (byte: number): string {
  return byte > CODES.space && byte < 0x7f ? JSON.stringify(String.fromCharCode(byte)) : `the byte ${byte}`
}
