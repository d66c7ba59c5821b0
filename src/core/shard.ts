import { z } from 'zod'
import { parseFileInput } from './file.ts'
import type { JobSpec } from './job-request.ts'
import type { RecordPosition } from './records.ts'

const count = z.number().int().min(0)

/** Where a shard stands in the whole: it takes the records that begin at `from` or after it, and before the byte `to` of the content. */
const Shard = z.object({
  /** From 0. */
  index: count,
  of: count.min(1),
  from: z.object({ records: count, bytes: count }),
  to: count.nullable().describe('Null for the end'),
})
export type Shard = z.infer<typeof Shard>

/** Reads which part of a file the stored input of a job means; undefined where that is no shard. `input` is JSON text. */
export function readShard (input: string): Shard | undefined {
  const file = parseFileInput(input)
  return file && 'shard' in file ? Shard.parse(file.shard) : undefined
}

/** Id of the file that a job is to split among shards; undefined for a job that does its work itself. `input` is JSON text, as it is stored. */
export function fileToSplit ({ transform }: Pick<JobSpec, 'transform'>, input: string): string | undefined {
  if (!transform || transform.shards === 1) return undefined
  const file = parseFileInput(input)
  return file && !('shard' in file) ? file.$file : undefined
}

/** Writes the inputs of the shards that begin there, as JSON texts. */
export function writeShardInputs (fileId: string, starts: readonly RecordPosition[]): string[] {
  return starts.map((from, index) => {
    const shard: Shard = { index, of: starts.length, from, to: starts[index + 1]?.bytes ?? null }
    return JSON.stringify({ $file: fileId, shard })
  })
}

/** What a shard is told of its job: all but what the job alone does or has done. */
export function specOfShards ({ webhook: _, runAt: __, ttlMs: ___, ...spec }: JobSpec): JobSpec {
  const { transform } = spec
  if (!transform) throw new TypeError('Cannot split a job that is no transform')
  const { combine: _combine, ...settings } = transform
  return { ...spec, delayMs: 0, transform: { ...settings, shards: 1 } }
}
