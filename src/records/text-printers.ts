import { checkJson } from './check-json.ts'
import { RecordPrinter, type Line } from './printer.ts'

/** Longer JSON is checked bit by bit: parsing a megabyte of short keys takes a tenth of a second. */
const LONG_BYTES = 16_384
const ARRAY = { begin: '[\n', between: ',\n', end: '\n]\n' } as const
/** A byte-order mark: the first character of a file is none of the text if it is this. */
const MARK = '\uFEFF'
const LINE_END = /[\r\n]/

/** The elements of one JSON array. What is between the brackets is as it came, but is JSON. */
export class JsonPrinter extends RecordPrinter {
  override end (): Buffer {
    return Buffer.from(this.state.records === 0 ? ARRAY.begin.trimEnd() + ARRAY.end.trimStart() : ARRAY.end)
  }

  override glue (): { begin: Buffer, between: Buffer } {
    return { begin: Buffer.from(ARRAY.begin), between: Buffer.from(ARRAY.between) }
  }

  protected override async printLines (text: Buffer, lines: readonly Line[]): Promise<Buffer> {
    const parts: Buffer[] = []
    const { begin, between } = this.glue()
    for (const [index, line] of lines.entries()) {
      if (line.end - line.start > LONG_BYTES) await this.#check(text.subarray(line.start, line.end), index)
      else this.parse(text, line, index)
      if (this.state.records + index > 0) parts.push(between)
      else if (!this.part) parts.push(begin)
      parts.push(text.subarray(line.start, line.end))
    }
    return Buffer.concat(parts)
  }

  async #check (json: Buffer, index: number): Promise<void> {
    try {
      await checkJson(json, this.bounds.depth)
    } catch (error) {
      throw this.fault('it is not JSON', index, { cause: error })
    }
  }
}

/** A text a line; what is no text as JSON. */
export class LinesPrinter extends RecordPrinter {
  protected override printLines (text: Buffer, lines: readonly Line[]): Buffer {
    const content = lines.map((line, index) => `${this.#print(this.parse(text, line, index), index)}\n`).join('')
    return Buffer.from(this.state.records === 0 && !this.part && content.startsWith(MARK) ? MARK + content : content)
  }

  #print (record: unknown, index: number): string {
    if (typeof record !== 'string') return JSON.stringify(record)
    if (LINE_END.test(record)) throw this.fault('it is a text of more than one line', index)
    if (!record.isWellFormed()) throw this.fault('it has half a character, which UTF-8 cannot say', index)
    return record
  }
}
