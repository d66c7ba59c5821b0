import { RecordError } from '../core/records.ts'
import type { Compression, RecordFormat } from '../core/transform.ts'
import { CONTENT_FREE_BYTES, MEMBER_BYTES, type RecordBounds } from './bounds.ts'
import { gunzip } from './gunzip.ts'
import { readStored, type Meter, type RecordSource } from './source.ts'
import { StoredBytes } from './stored-bytes.ts'
import { Turn } from './turn.ts'
import { unzstd } from './unzstd.ts'

/** Smaller pieces are joined: some compressed data gives a byte at a time. */
const PIECE_MIN_BYTES = 16_384
/** Longest byte-order mark. */
const MARK_BYTES = 4

/** Byte-order marks, the longer ones first: one begins with another. Source: Unicode, section 23.8. */
const MARKS: readonly { encoding: string, bytes: readonly number[] }[] = [
  { encoding: 'UTF-32', bytes: [0xff, 0xfe, 0, 0] },
  { encoding: 'UTF-32', bytes: [0, 0, 0xfe, 0xff] },
  { encoding: 'UTF-16', bytes: [0xff, 0xfe] },
  { encoding: 'UTF-16', bytes: [0xfe, 0xff] },
  { encoding: 'UTF-8', bytes: [0xef, 0xbb, 0xbf] },
]
const COMPRESSED: readonly { compression: Compression, bytes: readonly number[] }[] = [
  { compression: 'gzip', bytes: [0x1f, 0x8b] },
  { compression: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
]

export interface ContentOptions {
  source: RecordSource
  compression: Compression
  /** Of the content, where it is known: JSON has no byte 0. */
  format?: RecordFormat
  /** First byte of the content that is given. */
  from: number
  bounds: RecordBounds
  meter: Meter
}

/**
 * Reads a source without its compression and without a byte-order mark, from one of its bytes on. Every piece has the position of its first byte. Lets others
 * have a turn however fast the source is. Throws a RecordError, without the number of a record, for what is not as it has to be.
 */
export async function * readContent ({ source, compression, format, from, bounds, meter }: ContentOptions): AsyncGenerator<{ position: number, piece: Buffer }> {
  const stored = readStored(source, compression === 'none' ? from : 0, meter)
  let position = compression === 'none' ? from : 0
  const turn = new Turn()
  for await (const whole of join(decompress(stored, compression, { bounds, meter }))) {
    const piece = position === 0 ? withoutMark(whole, { compression, ...format && { format } }) : whole
    const start = position + whole.length - piece.length
    position += whole.length
    if (position > bounds.contentBytes) throw new RecordError(`the content is longer than ${bounds.contentBytes} bytes (BATCHBOX_MAX_CONTENT_BYTES)`, { byte: bounds.contentBytes })
    await turn.take()
    const skipped = Math.max(0, from - start)
    if (skipped < piece.length) yield { position: start + skipped, piece: piece.subarray(skipped) }
  }
}

/** Reads all of a source without its compression, whatever it is. */
export async function * readDecompressed ({ source, compression, bounds, meter }: Omit<ContentOptions, 'from' | 'format'>): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const piece of join(decompress(readStored(source, 0, meter), compression, { bounds, meter }))) {
    bytes += piece.length
    if (bytes > bounds.contentBytes) throw new RecordError(`the content is longer than ${bounds.contentBytes} bytes (BATCHBOX_MAX_CONTENT_BYTES)`, { byte: bounds.contentBytes })
    yield piece
  }
}

async function * decompress (stored: AsyncGenerator<Buffer>, compression: Compression, { bounds, meter }: { bounds: RecordBounds, meter: Meter }): AsyncGenerator<Buffer> {
  let members = 0
  let bytes = 0
  const onMember = (byte: number): void => {
    members++
    if (members > bounds.members + bytes / MEMBER_BYTES) throw new RecordError(`the stored file has more than ${bounds.members} members or frames that have hardly any content, up to byte ${byte}`, { byte })
  }
  const pieces = compression === 'gzip' ? gunzip(new StoredBytes(stored), onMember)
    : compression === 'zstd' ? unzstd(join(stored), { windowLog: bounds.zstdWindowLog, onMember })
      : stored
  try {
    for await (const piece of pieces) {
      bytes += piece.length
      if (bytes > CONTENT_FREE_BYTES + meter.storedBytes * bounds.ratio) throw new RecordError(`the content is more than ${bounds.ratio} times as long as what is stored, before byte ${meter.storedBytes} of the stored file (BATCHBOX_MAX_CONTENT_RATIO)`, { byte: meter.storedBytes })
      yield piece
    }
    if (compression === 'gzip' && members === 0) throw new RecordError('the stored file is not gzip, but empty', { byte: 0 })
  } finally {
    await stored.return(undefined)
  }
}

/** What came before a failure is given before it. */
async function * join (pieces: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let bytes = 0
  const flush = (): Buffer => {
    const joined = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
    parts = []
    bytes = 0
    return joined
  }
  let failure: { error: unknown } | undefined
  try {
    for await (const piece of pieces) {
      parts.push(piece)
      bytes += piece.length
      if (bytes >= PIECE_MIN_BYTES) yield flush()
    }
  } catch (error) {
    failure = { error }
  }
  if (bytes > 0) yield flush()
  if (failure) throw failure.error
}

/** Throws a RecordError where a content begins like one that is something else. */
function withoutMark (content: Buffer, { compression, format }: Pick<ContentOptions, 'compression' | 'format'>): Buffer {
  const begins = ({ bytes }: { bytes: readonly number[] }): boolean => content.length >= bytes.length && bytes.every((byte, index) => content[index] === byte)
  const inside = COMPRESSED.find(begins)
  if (inside) {
    throw new RecordError(compression === 'none'
      ? `the content is compressed: it begins like ${inside.compression}, and is read as not compressed`
      : `the content is compressed twice: it begins like ${inside.compression}`, { byte: 0 })
  }
  const mark = MARKS.find(begins)
  if (mark?.encoding === 'UTF-8') return content.subarray(mark.bytes.length)
  const zero = content.subarray(0, MARK_BYTES).indexOf(0)
  if (mark || (zero !== -1 && (format === 'ndjson' || format === 'json'))) throw new RecordError(`the content has the wrong encoding: it begins like ${mark?.encoding ?? 'UTF-16 or UTF-32'}, and has to be UTF-8`, { byte: mark ? 0 : zero })
  return content
}
