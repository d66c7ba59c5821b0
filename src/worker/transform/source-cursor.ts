import { RecordError, type RecordBatch, type RecordPosition, type RecordReader } from '../../core/records.ts'

/** Records that could not be read and that nobody has counted yet; then that is done before more is read. */
const SKIPPED_MAX = 1000
const NEWLINE = 10

/** What lies between what the code has taken and what was read: batches that it was given, and records that could not be read. */
type Item = { type: 'batch', batch: RecordBatch, first: number } | { type: 'skipped', error: RecordError, end: RecordPosition }

export interface SourceCursorOptions {
  reader: RecordReader
  /** Where the reader begins. */
  from: RecordPosition
  /** Whether a record that cannot be read is passed over, where another follows. */
  skips: boolean
  /** Asked to go on from where the code is, since many records wait for being counted that were passed over. */
  onSkipped (): Promise<void>
}

/** Gives out the batches of a reader, one read ahead, and knows where in the source the code is. */
export class SourceCursor {
  readonly #options: SourceCursorOptions
  #ahead: Promise<RecordBatch | undefined> | undefined
  #items: Item[] = []
  #given = 0
  #taken = 0
  #position: RecordPosition
  #passing = Promise.withResolvers<void>()
  #found: { text: Buffer | null, line: number, start: number } = { text: null, line: 0, start: 0 }

  constructor (options: SourceCursorOptions) {
    this.#options = options
    this.#position = options.from
  }

  /** Where the next record begins that the code has not taken. */
  get position (): RecordPosition { return this.#position }

  /** The next batch; null after the last. What is wrong with the source is thrown when everything before it was taken, however far it was read ahead. */
  async next (): Promise<RecordBatch | null> {
    for (;;) {
      try {
        const batch = await (this.#ahead ?? this.#options.reader.next())
        this.#ahead = undefined
        return batch ? this.#give(batch) : null
      } catch (error) {
        this.#ahead = undefined
        await this.#skip(error)
      }
    }
  }

  /** The code has taken so many records since it began. Answers what was passed over before the next one. Throws a RangeError for what cannot be. */
  advance (taken = this.#taken): RecordError[] {
    if (taken < this.#taken || taken > this.#given) throw new RangeError(`Cannot go on to record ${taken}: ${this.#taken} were taken, ${this.#given} given`)
    this.#taken = taken
    const skipped: RecordError[] = []
    for (let item = this.#items[0]; item && this.#pass(item, skipped); item = this.#items[0]) this.#items.shift()
    this.#passing.resolve()
    this.#passing = Promise.withResolvers()
    return skipped
  }

  /** JSON of a record of the source, by its number from 1; undefined where the code has gone past its batch. */
  lineOf (record: number): string | undefined {
    for (const item of this.#items) {
      if (item.type !== 'batch') continue
      const at = record - 1 - item.batch.start.records
      if (at >= 0 && at < item.batch.count) return this.#readLine(item.batch.text, at)
    }
    return undefined
  }

  /** Goes on from the line that was read last, where it can: a batch may have thousands of lines, and all may be asked for. */
  #readLine (text: Buffer, at: number): string {
    let { line, start } = this.#found.text === text && this.#found.line <= at ? this.#found : { line: 0, start: 0 }
    for (; line < at; line++) start = text.indexOf(NEWLINE, start) + 1
    this.#found = { text, line, start }
    return text.toString('utf8', start, text.indexOf(NEWLINE, start))
  }

  #give (batch: RecordBatch): RecordBatch {
    this.#items.push({ type: 'batch', batch, first: this.#given })
    this.#given += batch.count
    this.#ahead = this.#options.reader.next()
    this.#ahead.catch(() => {}) // thrown when it is asked for
    return batch
  }

  async #skip (error: unknown): Promise<void> {
    const isSkipped = this.#options.skips && error instanceof RecordError && error.end !== null
    if (isSkipped) this.#items.push({ type: 'skipped', error, end: error.end as RecordPosition }) // it was looked at
    if (isSkipped && this.#items.length <= SKIPPED_MAX) return
    while (this.#items.some(({ type }) => type === 'batch')) await this.#passing.promise
    if (!isSkipped) throw error
    await this.#options.onSkipped()
  }

  /** Goes past an item as far as the code has taken it; tells whether that is all of it. */
  #pass (item: Item, skipped: RecordError[]): boolean {
    if (item.type === 'skipped') {
      skipped.push(item.error)
      this.#position = item.end
      return true
    }
    const { batch: { start, ends, count }, first } = item
    const done = Math.min(this.#taken - first, count)
    const end = ends[done - 1]
    if (end !== undefined) this.#position = { records: start.records + done, bytes: end }
    return done === count
  }
}
