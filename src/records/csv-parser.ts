import { isUtf8 } from 'node:buffer'
import { RecordError } from '../core/records.ts'
import type { BatchBuilder } from './batch-builder.ts'
import { typeField } from './csv-types.ts'
import { ESCAPED_MAX_BYTES, isEscaped, writeEscaped } from './escape.ts'
import type { RecordParser } from './parser.ts'

const CODES = { newline: 0x0a, return: 0x0d, quote: 0x22, comma: 0x2c, open: 0x5b, close: 0x5d, closeObject: 0x7d } as const
const PLAIN = 0
const SPECIAL = 1
/** For what is written around fields and records. */
const MARGIN_BYTES = 8

/** What the next byte is: of no record yet, the first of a field, of one without quotes, of one in quotes, behind a quote in there that may end it. */
type State = 'line' | 'field' | 'bare' | 'quoted' | 'quote'

export interface CsvForm {
  delimiter: string
  types: boolean
  /** Names of the fields; none to read them from the first line; null where records have no names. */
  names?: readonly string[] | null
}

/**
 * Makes records of CSV: objects by the names of the header, or arrays. Lines end with a line feed, a carriage return or both; empty ones are no records. A
 * field is in quotes or has none. Source: RFC 4180.
 */
export class CsvParser implements RecordParser {
  readonly #batch: BatchBuilder
  readonly #types: boolean
  readonly #delimiter: number
  /** By byte, whether it is more than text, outside and inside of quotes. */
  readonly #bare: Uint8Array
  readonly #quoted: Uint8Array
  #names: readonly string[] | null | undefined
  /** What is written before each field. */
  #prefixes: readonly Buffer[] = []
  #state: State = 'line'
  #fields = 0
  #valueStart = 0
  #isQuoted = false
  #quoteAt = 0
  #wrong: string | undefined

  constructor (batch: BatchBuilder, { delimiter, types, names }: CsvForm) {
    this.#batch = batch
    this.#types = types
    this.#delimiter = delimiter.charCodeAt(0)
    const escaped = Uint8Array.from({ length: 256 }, (_, byte) => isEscaped(byte) ? SPECIAL : PLAIN)
    this.#quoted = escaped
    this.#bare = Uint8Array.from(escaped)
    this.#bare[this.#delimiter] = SPECIAL
    this.#setNames(names)
  }

  /** Undefined as long as they were not read. */
  get names (): readonly string[] | null | undefined {
    return this.#names
  }

  parse (piece: Buffer, offset: number, position: number): number {
    const batch = this.#batch
    batch.reserve((piece.length - offset) * ESCAPED_MAX_BYTES + MARGIN_BYTES)
    this.#bound()
    while (offset < piece.length) {
      switch (this.#state) {
        case 'line':
          if (isLineEnd(piece[offset])) {
            offset++
            break
          }
          if (position + offset >= batch.to) batch.done = true
          if (batch.full) return offset
          this.#fields = 0
          this.#state = 'field'
          break
        case 'field':
          this.#beginField(piece.length - offset)
          this.#isQuoted = piece[offset] === CODES.quote
          this.#state = this.#isQuoted ? 'quoted' : 'bare'
          if (this.#isQuoted) this.#quoteAt = position + offset++
          break
        case 'bare':
          offset = this.#copy(piece, offset, this.#bare)
          if (offset < piece.length) this.#readBare(piece[offset] ?? 0, position + ++offset)
          break
        case 'quoted':
          offset = this.#copy(piece, offset, this.#quoted)
          if (offset < piece.length) this.#readQuoted(piece[offset++] ?? 0)
          break
        case 'quote':
          if (this.#readQuote(piece[offset] ?? 0)) offset++
          break
      }
    }
    return offset
  }

  end (position: number): void {
    if (this.#state === 'line') return
    if (this.#state === 'quoted') throw new RecordError(`the quote at byte ${this.#quoteAt} is not closed`, { byte: this.#quoteAt })
    if (this.#state === 'field') this.#beginField(0)
    this.#endRecord(position)
  }

  /** Nothing is kept of a record that is wrong. */
  #bound (): void {
    const batch = this.#batch
    if (batch.length - batch.recordStart > batch.bounds.recordBytes) this.#wrong ??= `it is longer than ${batch.bounds.recordBytes} bytes as JSON`
    if (this.#wrong !== undefined) batch.length = batch.recordStart
  }

  #beginField (rest: number): void {
    const batch = this.#batch
    const index = this.#fields++
    const { fields } = batch.bounds
    if (this.#names ? index >= this.#names.length : index >= fields) this.#wrong ??= this.#names ? `it has more than the ${this.#names.length} fields of the header` : `it has more than ${fields} fields`
    this.#bound()
    const prefix = this.#prefixes[index]
    batch.reserve((prefix?.length ?? 0) + rest * ESCAPED_MAX_BYTES + MARGIN_BYTES)
    const { bytes } = batch
    let at = batch.length
    if (prefix) {
      for (let index = 0; index < prefix.length; index++) bytes[at++] = prefix[index] ?? 0
    } else {
      bytes[at++] = index === 0 ? CODES.open : CODES.comma
    }
    this.#valueStart = at
    bytes[at++] = CODES.quote
    batch.length = at
  }

  /** Copies plain bytes; answers where the first is that is not. */
  #copy (piece: Buffer, offset: number, kinds: Uint8Array): number {
    const { bytes } = this.#batch
    let at = this.#batch.length
    for (; offset < piece.length; offset++) {
      const byte = piece[offset] ?? 0
      if (kinds[byte] !== PLAIN) break
      bytes[at++] = byte
    }
    this.#batch.length = at
    return offset
  }

  #readBare (byte: number, end: number): void {
    if (byte === this.#delimiter) {
      this.#endField()
      this.#state = 'field'
    } else if (isLineEnd(byte)) {
      this.#endRecord(end)
    } else {
      if (byte === CODES.quote) this.#wrong ??= `its field ${this.#fields} has a quote, at byte ${end - 1}, and does not begin with one`
      this.#write(byte)
    }
  }

  #readQuoted (byte: number): void {
    if (byte === CODES.quote) this.#state = 'quote'
    else this.#write(byte)
  }

  /** Reads what is behind a quote; answers whether it belongs to it. */
  #readQuote (byte: number): boolean {
    if (byte === CODES.quote) {
      this.#write(byte)
      this.#state = 'quoted'
      return true
    }
    if (byte !== this.#delimiter && !isLineEnd(byte)) this.#wrong ??= `its field ${this.#fields} goes on behind its closing quote`
    this.#state = 'bare'
    return false
  }

  #write (byte: number): void {
    this.#batch.length = writeEscaped(byte, this.#batch.bytes, this.#batch.length)
  }

  #endField (): void {
    const batch = this.#batch
    const { fieldBytes } = batch.bounds
    if (batch.length - this.#valueStart - 1 > fieldBytes) this.#wrong ??= `its field ${this.#fields} is longer than ${fieldBytes} bytes`
    batch.bytes[batch.length++] = CODES.quote
    if (this.#types && !this.#isQuoted && this.#names !== undefined) batch.length = typeField(batch.bytes, this.#valueStart, batch.length)
  }

  #endRecord (end: number): void {
    const batch = this.#batch
    this.#endField()
    this.#state = 'line'
    const names = this.#names
    if (names && this.#fields < names.length) this.#wrong ??= `it has ${this.#fields} fields, and the header ${names.length}`
    this.#bound()
    const wrong = this.#wrong
    this.#wrong = undefined
    if (names === undefined) return this.#readHeader(wrong, end)
    if (wrong !== undefined) return batch.failRecord(wrong, end)
    batch.bytes[batch.length++] = names ? CODES.closeObject : CODES.close
    batch.bytes[batch.length++] = CODES.newline
    batch.endRecord(end)
  }

  #readHeader (wrong: string | undefined, end: number): void {
    const batch = this.#batch
    if (wrong !== undefined) throw new RecordError(`the header is wrong: ${wrong}`)
    batch.bytes[batch.length++] = CODES.close
    const text = batch.bytes.subarray(batch.recordStart, batch.length)
    const { headerBytes } = batch.bounds
    if (text.length > headerBytes) throw new RecordError(`the header is wrong: its names have ${text.length} bytes as JSON; at most ${headerBytes} are allowed`)
    if (!isUtf8(text)) throw new RecordError('the header is wrong: it is not UTF-8')
    const names = JSON.parse(text.toString()) as string[] // as it was just written
    const seen = new Set<string>()
    const twice = names.find((name) => seen.size === seen.add(name).size)
    if (twice !== undefined) throw new RecordError(`the header is wrong: it has the name ${JSON.stringify(twice)} twice`)
    batch.length = batch.recordStart
    batch.moveStart(end)
    this.#setNames(names)
  }

  #setNames (names: readonly string[] | null | undefined): void {
    this.#names = names
    this.#prefixes = (names ?? []).map((name, index) => Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`))
  }
}

function isLineEnd (byte: number | undefined): boolean {
  return byte === CODES.newline || byte === CODES.return
}
