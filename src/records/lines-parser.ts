import type { BatchBuilder } from './batch-builder.ts'
import { ESCAPED_MAX_BYTES, isEscaped, writeEscaped } from './escape.ts'
import type { RecordParser } from './parser.ts'

const NEWLINE = 0x0a
const RETURN = 0x0d
const QUOTE = 0x22
/** For the quotes, the newline, and a carriage return that was held back. */
const MARGIN_BYTES = 8

/** Makes a text of every line, without what ends it: a line feed, or a carriage return and a line feed. An empty line is an empty text. */
export class LinesParser implements RecordParser {
  readonly #batch: BatchBuilder
  #begun = false
  #tooLong = false
  /** The last byte was a carriage return: whether it belongs to the text, the next one tells. */
  #returned = false

  constructor (batch: BatchBuilder) {
    this.#batch = batch
  }

  parse (piece: Buffer, offset: number, position: number): number {
    const batch = this.#batch
    while (offset < piece.length) {
      if (!this.#begun) {
        if (position + offset >= batch.to) batch.done = true
        if (batch.full) return offset
        batch.reserve(1)
        batch.bytes[batch.length++] = QUOTE
        this.#begun = true
      }
      const newline = piece.indexOf(NEWLINE, offset)
      const end = newline === -1 ? piece.length : newline
      this.#append(piece, offset, end)
      offset = end
      if (newline !== -1) this.#endLine(position + ++offset)
    }
    return offset
  }

  end (position: number): void {
    if (!this.#begun) return
    this.#appendReturn()
    this.#endLine(position)
  }

  #append (piece: Buffer, start: number, end: number): void {
    if (start === end) return
    this.#appendReturn()
    const batch = this.#batch
    batch.reserve((end - start) * ESCAPED_MAX_BYTES + MARGIN_BYTES)
    const { bytes } = batch
    let at = batch.length
    if (piece[end - 1] === RETURN) {
      this.#returned = true
      end--
    }
    for (let index = start; index < end; index++) {
      const byte = piece[index] ?? 0
      if (isEscaped(byte)) at = writeEscaped(byte, bytes, at)
      else bytes[at++] = byte
    }
    batch.length = at
    this.#tooLong ||= at - batch.recordStart > batch.bounds.recordBytes
    if (this.#tooLong) batch.length = batch.recordStart
  }

  #appendReturn (): void {
    if (!this.#returned) return
    this.#returned = false
    this.#batch.reserve(ESCAPED_MAX_BYTES)
    this.#batch.length = writeEscaped(RETURN, this.#batch.bytes, this.#batch.length)
  }

  #endLine (end: number): void {
    const batch = this.#batch
    this.#begun = false
    this.#returned = false
    if (this.#tooLong) {
      this.#tooLong = false
      batch.failRecord(`it is longer than ${batch.bounds.recordBytes} bytes`, end)
      return
    }
    batch.reserve(2)
    batch.bytes[batch.length++] = QUOTE
    batch.bytes[batch.length++] = NEWLINE
    batch.endRecord(end)
  }
}
