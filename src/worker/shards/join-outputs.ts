import { JobError } from '../../core/failures.ts'
import type { Extent, RunOutput } from '../../core/file.ts'
import type { TransformSettings } from '../../core/transform.ts'
import type { Files } from '../../files/files.ts'
import type { OutputAbout } from '../../files/output.ts'
import type { WriterState } from '../../records/printer.ts'
import { buildGlue, type Glue } from '../../records/build-glue.ts'
import { describeOutput } from '../../records/resolve-format.ts'
import type { Run } from '../../store/db.ts'
import type { FileRecord } from '../../store/files/file-record.ts'
import type { DoneShard } from './collect.ts'

type Writing = Pick<Files, 'output' | 'ofJob'>

/**
 * Makes the files of a job of those of its shards: those of one name one after another, in the order of the shards, by naming their blobs. Nothing of them is copied or read. Only what stands
 * between parts of the output in its format, and around them, is written. Throws FILE_GONE where a file of a shard is not there, and a RecordError for parts that do not go together.
 */
export async function joinOutputs (files: Writing, run: Run, { settings, shards }: { settings: TransformSettings, shards: readonly DoneShard[] }): Promise<RunOutput[]> {
  const { name: output } = describeOutput(settings.output)
  const parts = new Map<string, FileRecord[]>([[output, []]])
  for (const { id, result } of shards) {
    const made = await files.ofJob(id)
    for (const { name } of result.files) parts.set(name, [...parts.get(name) ?? [], pick(made, name, id)])
  }
  const glue = await buildGlue(settings.output, shards.map(({ result }) => result.state as WriterState)) // a shard's run wrote it
  return Promise.all([...parts].map(([name, records]) => join(files, run, records, name === output ? glue : undefined)))
}

const NO_GLUE: Glue = { before: [], after: Buffer.alloc(0) }

function pick (files: readonly FileRecord[], name: string, shard: string): FileRecord {
  const file = files.find((each) => each.name === name)
  if (file?.status !== 'complete') throw new JobError('FILE_GONE', `Cannot join the shards: file ${JSON.stringify(name)} of shard "${shard}" is gone`)
  return file
}

async function join (files: Writing, run: Run, parts: readonly FileRecord[], { before, after }: Glue = NO_GLUE): Promise<RunOutput> {
  const [first] = parts
  if (!first) throw new TypeError('Cannot join no files') // each shard has an output
  const about: OutputAbout = { name: first.name, type: first.type, encoding: first.encoding }
  const written = new Map<string, readonly Extent[]>()

  /** What is the same is written once, and named as often as it comes. */
  async function write (bytes: Buffer | undefined): Promise<readonly Extent[]> {
    if (!bytes?.length) return []
    const key = bytes.toString('base64')
    const extents = written.get(key) ?? await writeBlob(files, run, about, bytes)
    written.set(key, extents)
    return extents
  }

  const extents: Extent[] = []
  for (const [index, part] of parts.entries()) extents.push(...await write(before[index]), ...part.extents)
  extents.push(...await write(after))
  const empty = await files.output(run, about)
  await empty.close()
  return { id: empty.id, name: about.name, type: about.type, encoding: about.encoding, extents, isComplete: true }
}

async function writeBlob (files: Writing, run: Run, about: OutputAbout, bytes: Buffer): Promise<readonly Extent[]> {
  const output = await files.output(run, about)
  try {
    await output.write(bytes)
    return (await output.sync()).extents
  } finally {
    await output.close()
  }
}
