import { z } from 'zod'
import { FileName } from './file.ts'

export const RECORD_FORMATS = ['ndjson', 'json', 'csv', 'lines'] as const
export type RecordFormat = typeof RECORD_FORMATS[number]
export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const
export type Compression = typeof COMPRESSIONS[number]

const COLUMNS_MAX = 1000
const COLUMN_MAX_CHARS = 256
const SHARDS_MAX = 256
const ERRORS_MAX = 1_000_000_000
const CHECKPOINT_BOUNDS = { min: 100, max: 3_600_000, default: 5000 } as const

const csv = {
  delimiter: z.string().regex(/^[\t\x20\x21\x23-\x7e]$/, 'A delimiter is a tab or one visible ASCII character, but no quote').default(','),
  header: z.boolean().default(true).describe('Whether the first line names the fields'),
}

/** How the records of the input are written. */
export const InputFormat = z.strictObject({
  format: z.enum(RECORD_FORMATS).optional().describe('`ndjson`: a JSON value a line; `json`: the elements of one JSON array; `csv`: RFC 4180, a record is an object by the names of the header, or an array of fields without one; `lines`: a record is a text. By the content type or the name of the file unless given'),
  compression: z.enum(COMPRESSIONS).optional().describe('By the content encoding or the name of the file unless given'),
  ...csv,
  types: z.boolean().default(false).describe('Whether fields of CSV that are written like a number, true, false or nothing are read as such'),
})

export type InputFormat = z.output<typeof InputFormat>

/** How what the code makes is written. */
export const OutputFormat = z.strictObject({
  name: FileName.optional().describe('Name of the file among those of the job; `output` with the endings of its format unless given'),
  format: z.enum(RECORD_FORMATS).default('ndjson'),
  compression: z.enum(COMPRESSIONS).default('none'),
  ...csv,
  columns: z.array(z.string().max(COLUMN_MAX_CHARS)).min(1).max(COLUMNS_MAX).refine((names) => new Set(names).size === names.length, 'Each column has a name of its own').optional()
    .describe('Fields of CSV, in their order; those of the first record unless given'),
})
export type OutputFormat = z.output<typeof OutputFormat>

/** What a job says that reads records from its input and writes records to a file. */
export const TransformSettings = z.strictObject({
  input: InputFormat.prefault({}),
  output: OutputFormat.prefault({}),
  errors: z.strictObject({
    policy: z.enum(['fail', 'skip']).default('fail').describe('What a record does that is malformed or that the code throws for: end the attempt, or go to the file of rejects'),
    max: z.number().int().min(1).max(ERRORS_MAX).optional().describe('Skipped records after which the attempt ends all the same'),
    name: FileName.default('rejects.ndjson').describe('Name of the file of rejects among those of the job'),
  }).prefault({}),
  checkpointMs: z.number().int().min(CHECKPOINT_BOUNDS.min).max(CHECKPOINT_BOUNDS.max).default(CHECKPOINT_BOUNDS.default).describe('How often what was done is committed, where the code does not do that itself'),
  shards: z.number().int().min(1).max(SHARDS_MAX).default(1).describe('Parts that the input, a file, is split into, each transformed by a job of its own; fewer where there are fewer records'),
  combine: z.string().min(1).max(256).optional().describe('Export to call with an array of the values of all shards, in their order; what it returns is the value of the job'),
}).refine(({ output, errors }) => output.name !== errors.name, { path: ['errors', 'name'], message: 'The rejects and the output have names of their own' })
export type TransformSettings = z.output<typeof TransformSettings>

const count = z.number().int().min(0)

/** How far a transform is. Records and bytes of all runs together, without what was done over; of a shard, those of its part. */
export const TransformFigures = z.object({
  records: z.object({ read: count, written: count, rejected: count }),
  bytes: z.object({
    read: count.describe('Of the input without its compression'),
    written: count.describe('Of the files of the job, as they are stored'),
  }),
})
export type TransformFigures = z.infer<typeof TransformFigures>

export const NO_FIGURES: TransformFigures = Object.freeze({ records: { read: 0, written: 0, rejected: 0 }, bytes: { read: 0, written: 0 } })

/** What is told of a transform while it runs, without its code asking for it. */
export const TransformProgress = TransformFigures.extend({
  fraction: z.number().min(0).max(1).nullable().describe('Share of the input that was read'),
  recordsPerSecond: z.number().min(0),
  etaMs: count.nullable().describe('Until its end, as far as can be told'),
})
export type TransformProgress = z.infer<typeof TransformProgress>

/** Result of a transform. */
export const TransformResult = TransformFigures.extend({
  value: z.unknown().describe('What a generator returned, or the last accumulator; null without either'),
  files: z.array(z.object({ id: z.string(), name: z.string(), bytes: count })),
  state: z.unknown().optional().describe('Of a shard: what those who join it need to know'),
})
export type TransformResult = z.infer<typeof TransformResult>
