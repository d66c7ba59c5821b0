import type { BatchBuilder } from './batch-builder.ts'
import { isDeeper } from './depth.ts'
import type { RecordParser } from './parser.ts'

const NEWLINE = 0x0a
/** White space of JSON. Source: RFC 8259, section 2. */
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** Takes JSON that already is one value a line as it is. Lines of white space alone are no records; what the others hold is not looked at, but for its depth. */
export class NdjsonParser implements RecordParser {
  readonly #batch: BatchBuilder
  /** The line is too long: its rest is read over. */
  #skipping = false

  constructor (batch: BatchBuilder) {
    this.#batch = batch
  }

  parse (piece: Buffer, offset: number, position: number): number {
    const batch = this.#batch
    const { recordBytes } = batch.bounds
    while (offset < piece.length) {
      // A line that is begun was begun before `to`.
      if (batch.length === batch.recordStart && !this.#skipping && position + offset >= batch.to) batch.done = true
      if (batch.full) return offset
      const newline = piece.indexOf(NEWLINE, offset)
      const end = newline === -1 ? piece.length : newline + 1
      if (!this.#skipping) {
        if (batch.length - batch.recordStart + end - offset > recordBytes + 1) this.#skipping = true
        else batch.append(piece, offset, end)
      }
      offset = end
      if (newline !== -1) this.#endLine(position + end)
    }
    return offset
  }

  end (position: number): void {
    const batch = this.#batch
    if (batch.length === batch.recordStart && !this.#skipping) return
    batch.reserve(1)
    batch.bytes[batch.length++] = NEWLINE
    this.#endLine(position)
  }

  #endLine (end: number): void {
    const batch = this.#batch
    const { recordBytes, depth } = batch.bounds
    if (this.#skipping) {
      this.#skipping = false
      batch.failRecord(`it is longer than ${recordBytes} bytes`, end)
    } else if (isBlank(batch.bytes, batch.recordStart, batch.length)) {
      batch.length = batch.recordStart
    } else if (isDeeper(batch.bytes, { start: batch.recordStart, end: batch.length, depth })) {
      batch.failRecord(`it has more than ${depth} arrays and objects in one another`, end)
    } else {
      batch.endRecord(end)
    }
  }
}

function isBlank (bytes: Buffer, start: number, end: number): boolean {
  while (start < end && BLANKS.has(bytes[start])) start++
  return start === end
}
