import { isUtf8 } from 'node:buffer'
import { RecordError, type RecordBatch, type RecordPosition } from '../core/records.ts'
import type { RecordBounds } from './bounds.ts'

const NEWLINE = 0x0a
const ENDS_AT_FIRST = 1024

/**
 * Puts lines of JSON together to batches. A parser writes the text of the record it is in at `length` of `bytes`, after it has made room, and says where the
 * record ended in the source; or says that it is wrong.
 */
export class BatchBuilder {
  readonly bounds: RecordBounds
  /** Records of the source that begin at this byte or behind it are not read. */
  readonly to: number
  bytes: Buffer
  length = 0
  /** Where in `bytes` the record begins that is being written. */
  recordStart = 0
  count = 0
  /** What is wrong with the record behind the last one. It is told when those before it were cut. */
  failure: RecordError | undefined
  /** Whether everything was read that was asked for. */
  done = false
  #start: RecordPosition
  #ends = new Float64Array(ENDS_AT_FIRST)

  constructor ({ bounds, from, to }: { bounds: RecordBounds, from: RecordPosition, to: number }) {
    this.bounds = bounds
    this.to = to
    this.bytes = Buffer.allocUnsafeSlow(bounds.batchBytes * 2)
    this.#start = from
    this.done = from.bytes >= to
  }

  /** Whether no record may be begun. */
  get full (): boolean {
    return this.done || this.failure !== undefined || (this.count > 0 && (this.recordStart >= this.bounds.batchBytes || this.count >= this.bounds.batchRecords))
  }

  /** Where the next record begins. */
  get position (): RecordPosition {
    return { records: this.#start.records + this.count, bytes: this.#ends[this.count - 1] ?? this.#start.bytes }
  }

  /** The first record begins there: what is before it is none. */
  moveStart (bytes: number): void {
    this.#start = { records: this.#start.records, bytes }
    if (bytes >= this.to) this.done = true
  }

  /** Makes room for so many bytes behind `length`. */
  reserve (bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + bytes))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  append (source: Buffer, start: number, end: number): void {
    if (start === end) return
    this.reserve(end - start)
    source.copy(this.bytes, this.length, start, end)
    this.length += end - start
  }

  /** The record whose text, with its newline, reaches up to `textEnd` of `bytes` ended in the source. */
  endRecord (end: number, textEnd = this.length): void {
    if (this.count === this.#ends.length) {
      const longer = new Float64Array(this.count * 2)
      longer.set(this.#ends)
      this.#ends = longer
    }
    this.#ends[this.count++] = end
    this.recordStart = textEnd
    if (end >= this.to) this.done = true
  }

  /** The record is wrong, and nothing of it is kept; the next one begins at `end`. */
  failRecord (what: string, end: number): void {
    this.failure = this.#describe(what, this.position, end)
    this.length = this.recordStart
    if (end >= this.to) this.done = true
  }

  /**
   * Takes what comes next: whole records, or, where there are none before it, what is wrong with the next one; undefined if there is nothing. A record that is
   * not UTF-8 is found here, in the text of the whole batch.
   */
  cut (): RecordBatch | RecordError | undefined {
    if (this.count === 0) return this.#takeFailure()
    const text = this.bytes.subarray(0, this.recordStart)
    if (isUtf8(text)) return this.#take(this.count, this.recordStart)
    const { count, end, next } = findBroken(text)
    if (count > 0) return this.#take(count, end)
    const failure = this.#describe('it is not UTF-8', this.#start, this.#ends[0] ?? 0)
    this.#drop(1, next)
    return failure
  }

  #takeFailure (): RecordError | undefined {
    const { failure } = this
    this.failure = undefined
    if (failure?.end) this.#start = failure.end
    return failure
  }

  #describe (what: string, { records, bytes }: RecordPosition, end: number): RecordError {
    const record = records + 1
    return new RecordError(`Cannot read record ${record}, at byte ${bytes} of the content: ${what}`, { record, byte: bytes, end: { records: record, bytes: end } })
  }

  #take (count: number, end: number): RecordBatch {
    const batch: RecordBatch = { text: Buffer.from(this.bytes.subarray(0, end)), count, start: this.#start, ends: this.#ends.slice(0, count) }
    this.#drop(count, end)
    return batch
  }

  #drop (count: number, end: number): void {
    this.#start = { records: this.#start.records + count, bytes: this.#ends[count - 1] ?? 0 }
    this.bytes.copyWithin(0, end, this.length)
    this.#ends.copyWithin(0, count, this.count)
    this.length -= end
    this.recordStart -= end
    this.count -= count
  }
}

/** The first line that is not UTF-8: how many come before it, where it begins and where the next one does. */
function findBroken (text: Buffer): { count: number, end: number, next: number } {
  let count = 0
  let end = 0
  for (;;) {
    const next = text.indexOf(NEWLINE, end) + 1
    if (next === 0 || !isUtf8(text.subarray(end, next))) return { count, end, next: next || text.length }
    end = next
    count++
  }
}
