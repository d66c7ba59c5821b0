import type { OutputFormat } from '../core/transform.ts'
import { unreachable } from '../core/unreachable.ts'
import { CsvPrinter } from './csv-printer.ts'
import { NdjsonPrinter, type PrinterOptions, type RecordPrinter } from './printer.ts'
import { JsonPrinter, LinesPrinter } from './text-printers.ts'

/** Makes the printer of a format. */
export function createPrinter ({ format, delimiter, header, columns }: OutputFormat, options: PrinterOptions): RecordPrinter {
  switch (format) {
    case 'ndjson': return new NdjsonPrinter(options)
    case 'json': return new JsonPrinter(options)
    case 'csv': return new CsvPrinter({ ...options, delimiter, header, columns })
    case 'lines': return new LinesPrinter(options)
    default: return unreachable(format)
  }
}
