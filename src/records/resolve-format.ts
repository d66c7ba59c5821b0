import { JobError } from '../core/failures.ts'
import type { Compression, InputFormat, OutputFormat, RecordFormat } from '../core/transform.ts'

/** How a source is written: all of it decided. */
export interface SourceFormat {
  format: RecordFormat
  compression: Compression
  delimiter: string
  header: boolean
  types: boolean
}

/** Media types and endings of each format; the first of each is written. */
const FORMATS: Readonly<Record<RecordFormat, { types: readonly string[], endings: readonly string[] }>> = {
  ndjson: { types: ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines'], endings: ['ndjson', 'jsonl'] },
  json: { types: ['application/json', 'text/json'], endings: ['json'] },
  csv: { types: ['text/csv', 'application/csv'], endings: ['csv'] },
  lines: { types: ['text/plain'], endings: ['txt', 'log'] },
}
const COMPRESSED: Readonly<Record<Exclude<Compression, 'none'>, { types: readonly string[], endings: readonly string[] }>> = {
  gzip: { types: ['application/gzip', 'application/x-gzip'], endings: ['gz', 'gzip'] },
  zstd: { types: ['application/zstd', 'application/x-zstd'], endings: ['zst', 'zstd'] },
}
/** Content codings and what they are here. Source: RFC 9110, section 8.4.1.3. */
const CODINGS: Readonly<Record<string, Compression>> = { 'gzip': 'gzip', 'x-gzip': 'gzip', 'zstd': 'zstd', 'identity': 'none', '': 'none' }

export interface DescribedFile {
  name: string
  contentType?: string | null | undefined
  contentEncoding?: string | null | undefined
}

/**
 * Decides how a file is read: as the job says, else by what the file is said to be, else by its name. Throws a JobError: INVALID where nothing of these says
 * what its format is, or where its coding is none that is known.
 */
export function resolveFormat (input: InputFormat, file: DescribedFile): SourceFormat {
  const { compression, name } = resolveCompression(input, file)
  const type = (file.contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const format = input.format ?? keyOf(FORMATS, ({ types, endings }) => types.includes(type) && (type !== 'text/plain' || endings.includes(endingOf(name)))) ??
    keyOf(FORMATS, ({ endings }) => endings.includes(endingOf(name))) ?? (type === 'text/plain' ? 'lines' : undefined)
  if (!format) throw new JobError('INVALID', `Cannot tell how the records of ${JSON.stringify(file.name)} are written: neither its name nor its content type says so; say it as transform.input.format`)
  return { format, compression, delimiter: input.delimiter, header: input.header, types: input.types }
}

function resolveCompression (input: InputFormat, { name, contentType, contentEncoding }: DescribedFile): { compression: Compression, name: string } {
  const ending = endingOf(name)
  const named = keyOf(COMPRESSED, ({ endings }) => endings.includes(ending))
  const bare = named ? name.slice(0, -ending.length - 1) : name
  if (input.compression) return { compression: input.compression, name: bare }
  const coding = (contentEncoding ?? '').trim().toLowerCase()
  const compression = CODINGS[coding]
  if (!compression) throw new JobError('INVALID', `Cannot read ${JSON.stringify(name)}: its content encoding is ${JSON.stringify(coding)}; gzip and zstd are known`)
  if (compression !== 'none') return { compression, name: bare }
  const type = (contentType ?? '').trim().toLowerCase()
  return { compression: keyOf(COMPRESSED, ({ types }) => types.includes(type)) ?? named ?? 'none', name: bare }
}

/** Says of a file of output what it is called unless the job names it, and what it is. */
export function describeOutput ({ name, format, compression }: OutputFormat): { name: string, contentType: string, contentEncoding: 'gzip' | 'zstd' | null } {
  const { types: [contentType = ''], endings: [ending = ''] } = FORMATS[format]
  const outer = compression === 'none' ? '' : `.${COMPRESSED[compression].endings[0]}`
  return { name: name ?? `output.${ending}${outer}`, contentType, contentEncoding: compression === 'none' ? null : compression }
}

function endingOf (name: string): string {
  return /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''
}

function keyOf <Key extends string, Value> (table: Readonly<Record<Key, Value>>, is: (value: Value) => boolean): Key | undefined {
  return (Object.keys(table) as Key[]).find((key) => is(table[key])) // the keys of a table that is closed
}
