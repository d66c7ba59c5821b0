import { RecordError } from '../core/records.ts'
import type { OutputFormat } from '../core/transform.ts'
import { RECORD_BOUNDS } from './bounds.ts'
import { Compressor } from './compressor.ts'
import { createPrinter } from './create-printer.ts'
import type { WriterState } from './printer.ts'

/** What has to be written around parts of a file, so that they are the file one after another. */
export interface Glue {
  /** Before each part. */
  before: Buffer[]
  after: Buffer
}

/**
 * Makes what joins parts that writers of parts ended with these states: brackets, commas, the header, each compressed. Throws a RecordError where the parts
 * cannot be one file, since they have other columns.
 */
export async function buildGlue (format: OutputFormat, parts: readonly WriterState[]): Promise<Glue> {
  const first = parts.find(({ columns }) => columns)
  const columns = first?.columns ?? null
  const other = parts.findIndex((part) => part.columns && part.columns.join('\0') !== columns?.join('\0'))
  if (other !== -1) {
    throw new RecordError(`Cannot join part ${other + 1} of the output: its columns are ${JSON.stringify(parts[other]?.columns)}, and those before it have ${JSON.stringify(columns)}; name them as transform.output.columns`)
  }
  let records = 0
  const before: Buffer[] = []
  for (const part of parts) {
    const { begin, between } = printerAt(format, { records, columns }).glue()
    before.push(await compress(format, part.records === 0 ? Buffer.alloc(0) : records === 0 ? begin : between))
    records += part.records
  }
  const after = printerAt(format, { records, columns }).end()
  return { before, after: after.length > 0 || records > 0 ? await compress(format, after) : await compress(format, after, true) }
}

function printerAt (format: OutputFormat, state: WriterState): ReturnType<typeof createPrinter> {
  return createPrinter(format, { state, part: false, bounds: RECORD_BOUNDS })
}

async function compress (format: OutputFormat, content: Buffer, evenEmpty = false): Promise<Buffer> {
  const parts: Buffer[] = []
  const compressor = new Compressor(format.compression, { write: async (bytes) => { parts.push(bytes) } })
  if (content.length > 0 || evenEmpty) await compressor.write(content)
  await compressor.end()
  return Buffer.concat(parts)
}
