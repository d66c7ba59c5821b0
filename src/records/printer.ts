import { isUtf8 } from 'node:buffer'
import { RecordError } from '../core/records.ts'
import type { RecordBounds } from './bounds.ts'
import { isDeeper } from './depth.ts'

/** What another writer needs to go on where a file was committed. */
export interface WriterState {
  records: number
  /** Of CSV, once they are known. */
  columns: readonly string[] | null
}

export interface PrinterOptions {
  state: WriterState
  /** Whether the file is a part of another, without what that begins and ends with. */
  part: boolean
  bounds: RecordBounds
}

const NEWLINE = 0x0a
/** Printed in one go, about: one longer record is printed alone. */
const PORTION_BYTES = 65_536

/** Makes the content of a file of lines of JSON that a runner wrote, which are trusted with nothing. */
export abstract class RecordPrinter {
  readonly part: boolean
  readonly bounds: RecordBounds
  #records: number

  constructor ({ state, part, bounds }: PrinterOptions) {
    this.#records = state.records
    this.part = part
    this.bounds = bounds
  }

  get state (): WriterState {
    return { records: this.#records, columns: null }
  }

  /** Prints so many lines, in portions. Throws a RecordError for the first that cannot be printed. */
  async * print (text: Buffer, count: number): AsyncGenerator<Buffer> {
    let printed = 0
    for (let start = 0; start < text.length;) {
      const lines: Line[] = []
      const begin = start
      while (start < text.length && start - begin + lines.length * this.lineBytes < PORTION_BYTES) {
        const end = text.indexOf(NEWLINE, start)
        if (end === -1) throw this.fault('its line has no end', lines.length)
        this.#check(text, { start, end, index: lines.length })
        lines.push({ start, end })
        start = end + 1
      }
      printed += lines.length
      if (printed > count) throw new RecordError(`Cannot write records: ${printed} came where ${count} were to come`)
      if (!isUtf8(text.subarray(begin, start))) throw this.fault('it is not UTF-8', lines.findIndex((line) => !isUtf8(text.subarray(line.start, line.end))))
      const content = await this.printLines(text, lines)
      this.#records += lines.length
      yield content
    }
    if (printed !== count) throw new RecordError(`Cannot write records: ${printed} came where ${count} were to come`)
  }

  /** What ends the file. */
  end (): Buffer {
    return Buffer.alloc(0)
  }

  /** What begins the file, and what is between two parts of it. */
  glue (): { begin: Buffer, between: Buffer } {
    return { begin: Buffer.alloc(0), between: Buffer.alloc(0) }
  }

  /** What a line takes at the least, however short its JSON is. */
  protected get lineBytes (): number {
    return 0
  }

  /** The lines are UTF-8, not empty, not too long and not too deep: more is not known of them. */
  protected abstract printLines (text: Buffer, lines: readonly Line[]): Buffer | Promise<Buffer>

  /** About one of the lines that are being printed. */
  protected fault (what: string, index: number, options: ErrorOptions = {}): RecordError {
    const record = this.#records + index + 1
    return new RecordError(`Cannot write record ${record}: ${what}`, { ...options, record })
  }

  /** Reads a line. Parsing is bounded by its length and depth. */
  protected parse (text: Buffer, { start, end }: Line, index: number): unknown {
    try {
      return JSON.parse(text.toString('utf8', start, end))
    } catch (error) {
      throw this.fault('it is not JSON', index, { cause: error })
    }
  }

  #check (text: Buffer, { start, end, index }: Line & { index: number }): void {
    const { recordBytes, depth } = this.bounds
    if (end === start) throw this.fault('its line is empty', index)
    if (end - start > recordBytes) throw this.fault(`it has ${end - start} bytes as JSON; at most ${recordBytes} are allowed`, index)
    if (isDeeper(text, { start, end, depth })) throw this.fault(`it has more than ${depth} arrays and objects in one another`, index)
  }
}

/** From its first byte to its newline. */
export interface Line {
  start: number
  end: number
}

/** JSON, one a line: as it comes. */
export class NdjsonPrinter extends RecordPrinter {
  protected override printLines (text: Buffer, lines: readonly Line[]): Buffer {
    return text.subarray(lines[0]?.start, (lines.at(-1)?.end ?? 0) + 1)
  }
}
