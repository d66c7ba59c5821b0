import { JobError } from '../../core/failures.ts'
import type { RecordPosition } from '../../core/records.ts'
import { fileToSplit, specOfShards, writeShardInputs } from '../../core/shard.ts'
import type { Files } from '../../files/files.ts'
import { splitSource, type SplitOptions } from '../../records/split-source.ts'
import type { BegunJob } from '../../store/moves/begin.ts'
import type { NewShards } from '../../store/shards/wait.ts'
import { openSource } from '../transform/source.ts'

/**
 * Finds out where the shards of a job begin: at the first byte of a record each, which are about as far from one another. The input is read once for that, so that their records
 * have the numbers that they have in the whole. Throws what reading throws.
 */
export async function findStarts (files: Pick<Files, 'find' | 'open'>, { tenant, spec, input }: BegunJob, options: Pick<SplitOptions, 'bounds' | 'signal'>): Promise<RecordPosition[]> {
  const { shards: parts = 1, input: format } = spec.transform ?? {}
  if (!format) throw new TypeError('Cannot split a job that is no transform')
  const { source, format: resolved } = await openSource(files, { tenant, input, format })
  return splitSource({ source, format: resolved, parts, ...options })
}

/** The shards of a job that begin there. */
export function buildShards ({ spec, input }: BegunJob, starts: readonly RecordPosition[]): Pick<NewShards, 'spec' | 'inputs' | 'starts'> {
  const file = fileToSplit(spec, input)
  if (file === undefined) throw new JobError('INVALID', 'Cannot split the input among shards: it is no file')
  return { spec: specOfShards(spec), inputs: writeShardInputs(file, starts), starts: [...starts] }
}
