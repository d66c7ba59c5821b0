import type { OutputFormat } from '../core/transform.ts'
import { RECORD_BOUNDS, type RecordBounds } from './bounds.ts'
import { Compressor, type RecordSink } from './compressor.ts'
import { createPrinter } from './create-printer.ts'
import type { RecordPrinter, WriterState } from './printer.ts'
import { Turn } from './turn.ts'

/** Writes records to a file. Calls do not overlap. Closed by whoever created it. */
export interface RecordWriter {
  /**
   * Writes records, each JSON in a line of its own. They come from a runner, and are trusted with nothing. Throws a RecordError, with the number that the
   * record has in the file, for one that cannot be written; then the file is cut back to its last commit, and this writer of no more use.
   */
  write (text: Buffer, count: number): Promise<void>
  /** Gives the sink all that was written, so that it ends with a whole member or frame. */
  commit (): Promise<WriterState>
  /** Commits, with what a file of this format ends with. */
  end (): Promise<WriterState>
  /** That were given to the sink. */
  readonly bytes: number
  close (): void
}

export interface WriterOptions {
  format: OutputFormat
  sink: RecordSink
  /** Of the commit that the file was cut back to. */
  state?: WriterState | null
  /** A part of a file: without what the whole begins and ends with. */
  part?: boolean
  bounds?: Partial<RecordBounds>
}

export function createWriter ({ format, sink, state, part = false, bounds }: WriterOptions): RecordWriter {
  const printer = createPrinter(format, { state: state ?? { records: 0, columns: null }, part, bounds: { ...RECORD_BOUNDS, ...bounds } })
  return new PrintingWriter(printer, new Compressor(format.compression, sink))
}

class PrintingWriter implements RecordWriter {
  readonly #printer: RecordPrinter
  readonly #compressor: Compressor
  readonly #turn = new Turn()

  constructor (printer: RecordPrinter, compressor: Compressor) {
    this.#printer = printer
    this.#compressor = compressor
  }

  get bytes (): number {
    return this.#compressor.bytes
  }

  async write (text: Buffer, count: number): Promise<void> {
    for await (const content of this.#printer.print(text, count)) {
      await this.#compressor.write(content)
      await this.#turn.take()
    }
  }

  async commit (): Promise<WriterState> {
    await this.#compressor.end()
    return this.#printer.state
  }

  async end (): Promise<WriterState> {
    if (!this.#printer.part) {
      const after = this.#printer.end()
      // Without a member or frame no compressed file is whole.
      if (after.length > 0 || this.#printer.state.records === 0) await this.#compressor.write(after)
    }
    return this.commit()
  }

  close (): void {
    this.#compressor.close()
  }
}
