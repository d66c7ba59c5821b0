import type { BatchBuilder } from './batch-builder.ts'
import { isDeeper } from './depth.ts'
import type { RecordParser } from './parser.ts'

const NEWLINE = 0x0a
/** White space of JSON. Source: RFC 8259, section 2. */
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d])

/**
 * Takes JSON that already is one value a line as it is, as many lines at once as there are. Lines of white space alone are no records; what the others hold is
 * not looked at, but for its depth.
 */
export class NdjsonParser implements RecordParser {
  readonly #batch: BatchBuilder
  /** The line is too long: its rest is read over. */
  #skipping = false

  constructor (batch: BatchBuilder) {
    this.#batch = batch
  }

  parse (piece: Buffer, offset: number, position: number): number {
    const batch = this.#batch
    while (offset < piece.length) {
      const isBegun = this.#skipping || batch.length > batch.recordStart
      if (!isBegun) offset = this.#takeLines(piece, offset, position)
      if (!isBegun && (batch.full || offset === piece.length)) return offset
      offset = this.#goOn(piece, offset, position)
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

  /** Takes whole lines, up to one that has to be looked at more closely. */
  #takeLines (piece: Buffer, offset: number, position: number): number {
    const batch = this.#batch
    while (piece[offset] === NEWLINE) offset++
    const start = offset
    while (offset < piece.length) {
      if (position + offset >= batch.to) batch.done = true
      if (batch.full) break
      const newline = piece.indexOf(NEWLINE, offset)
      if (newline === -1 || !isPlain(piece, { start: offset, end: newline, batch })) break
      offset = newline + 1
      batch.endRecord(position + offset, batch.length + offset - start)
    }
    batch.append(piece, start, offset)
    return offset
  }

  /** Takes what there is of one line. */
  #goOn (piece: Buffer, offset: number, position: number): number {
    const batch = this.#batch
    const newline = piece.indexOf(NEWLINE, offset)
    const end = newline === -1 ? piece.length : newline + 1
    this.#skipping ||= batch.length - batch.recordStart + end - offset > batch.bounds.recordBytes + 1
    if (!this.#skipping) batch.append(piece, offset, end)
    if (newline !== -1) this.#endLine(position + end)
    return end
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

/** Tells whether a line is a record for certain. */
function isPlain (piece: Buffer, { start, end, batch: { bounds: { recordBytes, depth } } }: { start: number, end: number, batch: BatchBuilder }): boolean {
  if (BLANKS.has(piece[start])) return false
  return end - start <= recordBytes && !isDeeper(piece, { start, end, depth })
}

function isBlank (bytes: Buffer, start: number, end: number): boolean {
  while (start < end && BLANKS.has(bytes[start])) start++
  return start === end
}
