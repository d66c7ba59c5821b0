import { isTyped } from './csv-types.ts'
import { RecordPrinter, type Line, type PrinterOptions, type WriterState } from './printer.ts'

/** As many columns as a file is taken to have while nobody knows them. */
const COLUMNS_GUESS = 2048
const LINE_END = '\r\n'
const EMPTY_LINE = '""'

export interface CsvPrinterOptions extends PrinterOptions {
  delimiter: string
  header: boolean
  columns: readonly string[] | undefined
}

/**
 * CSV by RFC 4180. Texts are in quotes where they need them, and where they would be read as something else when types are asked for; what is neither a text
 * nor a value is in there as JSON. Nothing is changed for the sake of programs that take texts for formulas.
 */
export class CsvPrinter extends RecordPrinter {
  readonly #header: boolean
  readonly #delimiter: string
  readonly #special: RegExp
  #columns: ReadonlySet<string> | null

  constructor ({ delimiter, header, columns, ...options }: CsvPrinterOptions) {
    super(options)
    const known = options.state.columns ?? columns
    this.#header = header
    this.#delimiter = delimiter
    this.#special = new RegExp(`["\\r\\n${RegExp.escape(delimiter)}]|^\\uFEFF`) // which, at the beginning of the file, would be a byte-order mark
    this.#columns = known ? new Set(known) : null
  }

  override get state (): WriterState {
    return { ...super.state, columns: this.#columns && [...this.#columns] }
  }

  override end (): Buffer {
    return super.state.records === 0 ? this.glue().begin : Buffer.alloc(0)
  }

  /** The header, if there is one. */
  override glue (): { begin: Buffer, between: Buffer } {
    const begin = this.#header && this.#columns ? this.#line([...this.#columns].map((name) => this.#quote(name))) : ''
    return { begin: Buffer.from(begin), between: Buffer.alloc(0) }
  }

  /** Every column has a field, also of a record that is empty. */
  protected override get lineBytes (): number {
    return this.#columns?.size ?? COLUMNS_GUESS
  }

  protected override printLines (text: Buffer, lines: readonly Line[]): Buffer {
    const isFirst = super.state.records === 0 && !this.part
    const rows = lines.map((line, index) => {
      const record = this.parse(text, line, index)
      if (typeof record !== 'object' || record === null) throw this.fault('it is neither an object nor an array, and cannot be a line of CSV', index)
      return this.#line(this.#fields(record, index).map((value) => this.#print(value, index)))
    })
    if (isFirst) rows.unshift(this.glue().begin.toString())
    return Buffer.from(rows.join(''))
  }

  #fields (record: object, index: number): unknown[] {
    if (Array.isArray(record)) return this.#checkRow(record, index)
    this.#columns ??= this.#firstColumns(record, index)
    const columns = this.#columns
    const other = Object.keys(record).find((key) => !columns.has(key))
    if (other !== undefined) throw this.fault(`it has the field ${JSON.stringify(other)}, and the columns of the file do not; name all of them as transform.output.columns`, index)
    const values: Readonly<Record<string, unknown>> = { __proto__: null, ...record }
    return Array.from(columns, (column) => values[column])
  }

  #checkRow (row: unknown[], index: number): unknown[] {
    if (this.#columns ? row.length !== this.#columns.size : row.length === 0) throw this.fault(`it is an array of ${row.length} fields, and the file has ${this.#columns?.size ?? 'at least one'}`, index)
    if (!this.#columns && this.#header) throw this.fault('it is an array, and names no columns for the header; name them as transform.output.columns, or have no header', index)
    return row
  }

  #firstColumns (record: object, index: number): ReadonlySet<string> {
    const names = Object.keys(record)
    if (names.length === 0) throw this.fault('it has no fields, and the columns of the file are those of its first record', index)
    if (names.some((name) => !name.isWellFormed())) throw this.fault('the name of a field has half a character, which UTF-8 cannot say', index)
    if (names.length > this.bounds.fields) throw this.fault(`it has ${names.length} fields; at most ${this.bounds.fields} are allowed`, index)
    const bytes = Buffer.byteLength(names.join(''))
    if (bytes > this.bounds.headerBytes) throw this.fault(`the names of its fields have ${bytes} bytes; at most ${this.bounds.headerBytes} are allowed`, index)
    return new Set(names)
  }

  #line (fields: readonly string[]): string {
    const line = fields.join(this.#delimiter)
    return `${line === '' ? EMPTY_LINE : line}${LINE_END}` // an empty line would be no record
  }

  #print (value: unknown, index: number): string {
    if (value === undefined || value === null) return ''
    if (typeof value !== 'string') return this.#quote(JSON.stringify(value))
    if (!value.isWellFormed()) throw this.fault('it has half a character, which UTF-8 cannot say', index)
    return isTyped(value) ? `"${value}"` : this.#quote(value)
  }

  #quote (text: string): string {
    return this.#special.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
}
