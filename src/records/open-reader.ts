import { RecordError, type RecordBatch, type RecordPosition, type RecordReader } from '../core/records.ts'
import { unreachable } from '../core/unreachable.ts'
import { BatchBuilder } from './batch-builder.ts'
import { RECORD_BOUNDS, type RecordBounds } from './bounds.ts'
import { readContent } from './content.ts'
import { CsvParser } from './csv-parser.ts'
import { JsonParser } from './json-parser.ts'
import { LinesParser } from './lines-parser.ts'
import { NdjsonParser } from './ndjson-parser.ts'
import type { RecordParser } from './parser.ts'
import type { SourceFormat } from './resolve-format.ts'
import type { Meter, RecordSource } from './source.ts'
import { Turn } from './turn.ts'

export interface ReaderOptions {
  source: RecordSource
  format: SourceFormat
  /** A start of a batch of the same source and format, or the end of one of its records. The beginning unless given. */
  from?: RecordPosition
  /** Records that begin at this byte of the content, or behind it, are not read. */
  to?: number | undefined
  bounds?: Partial<RecordBounds>
}

/** Reads records. Opens nothing before the first batch is asked for. */
export function openReader (options: ReaderOptions): RecordReader {
  return new BatchReader(options)
}

class BatchReader implements RecordReader {
  readonly #meter: Meter = { storedBytes: 0 }
  readonly #batch: BatchBuilder
  readonly #createParser: () => Promise<RecordParser>
  #parser: RecordParser | undefined
  readonly #content: AsyncGenerator<{ position: number, piece: Buffer }>
  #piece: Buffer = Buffer.alloc(0)
  #offset = 0
  /** Of the piece. */
  #position: number
  readonly #turn = new Turn()
  #ended = false
  /** Nothing more can be read. */
  #failure: { error: unknown } | undefined

  constructor ({ source, format, from = { records: 0, bytes: 0 }, to = Infinity, bounds: given }: ReaderOptions) {
    const bounds = { ...RECORD_BOUNDS, ...given }
    this.#batch = new BatchBuilder({ bounds, from, to })
    this.#createParser = async () => {
      const names = format.format === 'csv' && format.header && from.bytes > 0 ? await readNames({ source, format, bounds }) : undefined
      return createParser(format, { batch: this.#batch, from: from.bytes, names })
    }
    this.#content = readContent({ source, compression: format.compression, format: format.format, from: from.bytes, bounds, meter: this.#meter })
    this.#position = from.bytes
  }

  get storedBytes (): number {
    return this.#meter.storedBytes
  }

  async next (): Promise<RecordBatch | undefined> {
    for (;;) {
      await this.#turn.take()
      this.#parse()
      if (this.#batch.full || this.#ended || this.#failure) {
        const cut = this.#batch.cut()
        if (cut instanceof RecordError) throw cut
        if (cut) return cut
        if (this.#batch.done) return undefined
        if (this.#failure) throw this.#failure.error
        if (this.#ended) return undefined
      }
      await this.#fill()
    }
  }

  async close (): Promise<void> {
    await this.#content.return(undefined)
  }

  #parse (): void {
    if (this.#failure || this.#batch.full) return
    try {
      if (this.#parser && this.#offset < this.#piece.length) this.#offset = this.#parser.parse(this.#piece, this.#offset, this.#position)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #fill (): Promise<void> {
    if (this.#offset < this.#piece.length) return
    try {
      this.#parser ??= await this.#createParser()
      const { value, done } = await this.#content.next()
      if (done === true) {
        this.#ended = true
        this.#parser.end(this.#position + this.#piece.length)
      } else {
        this.#piece = value.piece
        this.#position = value.position
        this.#offset = 0
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** What is wrong with a whole source is told of the record that it happened in. */
  #fail (error: unknown): void {
    const { records, bytes } = this.#batch.position
    const record = records + 1
    this.#failure = { error: error instanceof RecordError ? new RecordError(`Cannot read record ${record}, at byte ${bytes} of the content: ${error.message}`, { record, byte: error.byte ?? bytes, cause: error }) : error }
  }
}

function createParser ({ format, delimiter, types, header }: SourceFormat, { batch, from, names }: { batch: BatchBuilder, from: number, names: readonly string[] | undefined }): RecordParser {
  switch (format) {
    case 'ndjson': return new NdjsonParser(batch)
    case 'json': return new JsonParser(batch, from > 0)
    case 'lines': return new LinesParser(batch)
    case 'csv': return new CsvParser(batch, { delimiter, types, ...header ? names && { names } : { names: null } })
    default: return unreachable(format)
  }
}

/** Reads the names that the header of CSV gives, for who begins further on. None where there is no header. */
async function readNames ({ source, format, bounds }: { source: RecordSource, format: SourceFormat, bounds: RecordBounds }): Promise<readonly string[] | undefined> {
  const batch = new BatchBuilder({ bounds, from: { records: 0, bytes: 0 }, to: Infinity })
  const parser = new CsvParser(batch, { delimiter: format.delimiter, types: false })
  for await (const { piece, position } of readContent({ source, compression: format.compression, from: 0, bounds, meter: { storedBytes: 0 } })) {
    parser.parse(piece, 0, position)
    if (parser.names) return parser.names
  }
  return undefined
}
