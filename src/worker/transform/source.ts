import { Readable } from 'node:stream'
import { JobError } from '../../core/failures.ts'
import { parseFileInput } from '../../core/file.ts'
import type { RecordPosition } from '../../core/records.ts'
import type { InputFormat } from '../../core/transform.ts'
import { readShard } from '../../core/shard.ts'
import type { Files } from '../../files/files.ts'
import { resolveFormat, type SourceFormat } from '../../records/resolve-format.ts'
import type { RecordSource } from '../../records/source.ts'

/** Where the records of a transform come from. */
export interface TransformSource {
  source: RecordSource
  format: SourceFormat
  from: RecordPosition
  /** The byte, without compression, before which its last record begins; null for the end. */
  to: number | null
  isPart: boolean
}

const BEGINNING: RecordPosition = Object.freeze({ records: 0, bytes: 0 })

/** Finds what a transform reads: a file, or the array that was posted with it. Throws FILE_GONE for a file that is not there any more. */
export async function openSource (files: Pick<Files, 'find' | 'open'>, { tenant, input, format }: { tenant: string, input: string, format: InputFormat }): Promise<TransformSource> {
  const posted = parseFileInput(input)
  if (!posted) return openArray(Buffer.from(input), format)
  const file = await files.find(tenant, posted.$file, { dropped: true })
  if (!file) throw new JobError('FILE_GONE', `Cannot read the input: file "${posted.$file}" is gone`)
  const part = readShard(input)
  return {
    source: { bytes: file.bytes, open: (start) => files.open(file, { start }) },
    format: resolveFormat(format, { name: file.name, contentType: file.type, contentEncoding: file.encoding }),
    from: part?.from ?? BEGINNING,
    to: part?.to ?? null,
    isPart: part !== undefined,
  }
}

function openArray (bytes: Buffer, format: InputFormat): TransformSource {
  const source = { bytes: bytes.length, open: (start: number) => Readable.from([bytes.subarray(start)], { objectMode: false }) }
  return { source, format: { ...format, format: 'json', compression: 'none' }, from: BEGINNING, to: null, isPart: false }
}
