import type { Extent, RunOutput } from '../core/file.ts'
import type { Db, Run } from '../store/db.ts'
import { sumExtents } from '../store/files/file-record.ts'
import type { FileBounds } from '../store/files/uploads.ts'
import type { BlobStore, BlobWriter } from './blob-store.ts'
import { createCharging } from './charging.ts'

/** A file that a run writes, in blobs of its own. Its calls are made one after another. */
export interface OutputWriter {
  readonly id: string
  readonly name: string
  /** With those of the runs before. */
  readonly bytes: number
  /** Throws RATE_LIMITED, STORAGE_FULL, and UNAVAILABLE also where the run has lost its job. */
  write (bytes: Buffer): Promise<void>
  /** Makes durable what was written. Answers what is to be committed. */
  sync (isComplete?: boolean): Promise<RunOutput>
  close (): Promise<void>
  /** Removes what was written by it, of which nothing was committed: so no code fills the store with files that nobody has. */
  discard (): Promise<void>
}

/** What is known of an output before it is written. */
export interface OutputAbout {
  name: string
  type: string | null
  encoding: string | null
  /** What the file is to be called where there is none of that name; drawn without it. */
  id?: string | undefined
  /** What runs before have committed and is to stay in front; nothing to begin anew. */
  before?: readonly Extent[]
}

/** Writes an output of the job of a run. */
export function createOutput ({ db, blobs, run, id, about, bounds }: { db: Db, blobs: BlobStore, run: Run, id: string, about: OutputAbout, bounds: FileBounds }): OutputWriter {
  const { name, type, encoding, before = [] } = about
  const from = sumExtents(before)
  const charging = createCharging(db, { type: 'output', id, name, run, contentType: type, encoding }, { bounds, from })
  let writer: BlobWriter | undefined
  let bytes = from
  /** What the store keeps although nobody may have it: see `BlobWriter.close`. */
  let kept: readonly Extent[] = []
  return {
    id,
    name,
    get bytes () { return bytes },

    async write (chunk) {
      if (chunk.length === 0) return
      await charging.upTo(bytes + chunk.length)
      writer ??= await blobs.create()
      await writer.write(chunk)
      bytes += chunk.length
    },

    async sync (isComplete = false) {
      kept = await writer?.sync() ?? []
      return { id, name, type, encoding, extents: [...before, ...kept], isComplete }
    },

    async close () {
      await writer?.close()
    },

    async discard () {
      const own = kept
      await writer?.close()
      for (const { blob } of own) await blobs.remove(blob)
    },
  }
}
