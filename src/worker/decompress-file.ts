import { Readable } from 'node:stream'
import { JobError } from '../core/failures.ts'
import { RecordError } from '../core/records.ts'
import type { Compression } from '../core/transform.ts'
import { RECORD_BOUNDS } from '../records/bounds.ts'
import { readDecompressed } from '../records/content.ts'

/** Gives the content of a file without its compression. Its stream fails with INPUT_MALFORMED, which names the byte, for what is not what it is said to be. Whoever destroys it destroys what is stored. */
export function decompressFile (stored: Readable, { name, bytes, compression }: { name: string, bytes: number, compression: Compression }): Readable {
  if (compression === 'none') return stored
  const source = { bytes, open: () => stored }
  const pieces = readDecompressed({ source, compression, bounds: RECORD_BOUNDS, meter: { storedBytes: 0 } })
  const content = Readable.from(explain(pieces, name), { objectMode: false })
  content.once('close', () => stored.destroy())
  return content
}

async function * explain (pieces: AsyncGenerator<Buffer>, name: string): AsyncGenerator<Buffer> {
  try {
    yield * pieces
  } catch (error) {
    if (!(error instanceof RecordError)) throw error
    throw new JobError('INPUT_MALFORMED', `Cannot read ${JSON.stringify(name)}: ${error.message}`, { cause: error })
  }
}
