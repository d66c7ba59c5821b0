import type { Db } from '../store/db.ts'
import { findOrphans, owedBlobs, putOffBlob, strikeBlob } from '../store/files/remove.ts'
import type { BlobStore } from './blob-store.ts'

/** Names that are looked up at one time. */
const STEP = 200

/** When a blob is tried again that the store did not remove, so that it stands in no other one's way. */
const AGAIN_MS = 60_000

/**
 * Removes from the store what no file has, at most so many blobs; what a file had a moment ago is left there for that rest, since a Redis that loses its last writes has the file again. Answers how many it tried. A debt is struck when it is paid: whoever dies before leaves it to others. Throws, after it
 * has tried them all, where the store did not remove one.
 */
export async function sweepBlobs (db: Db, blobs: BlobStore, { what, limit, orphanMs, restMs }: { what: 'owed' | 'orphans', limit: number, orphanMs: number, restMs: number }): Promise<number> {
  if (what === 'orphans') return removeOrphans(db, blobs, { limit, orphanMs })
  const owed = await owedBlobs(db, { limit, restMs })
  const errors: unknown[] = []
  for (const blob of owed) {
    try {
      await blobs.remove(blob)
      await strikeBlob(db, blob)
    } catch (error) {
      errors.push(error)
      await putOffBlob(db, blob, AGAIN_MS)
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, `Cannot remove ${errors.length} blobs of the file store, the first of them: ${String(errors[0])}`)
  return owed.length
}

/** A blob that is written, or is about to be committed, is younger than that. */
async function removeOrphans (db: Db, blobs: BlobStore, { limit, orphanMs }: { limit: number, orphanMs: number }): Promise<number> {
  let removed = 0
  let names: string[] = []
  const look = async () => {
    for (const blob of (await findOrphans(db, names)).slice(0, limit - removed)) {
      await blobs.remove(blob)
      removed += 1
    }
    names = []
  }
  for await (const blob of blobs.list(orphanMs)) {
    if (names.push(blob) === STEP) await look()
    if (removed >= limit) return removed
  }
  await look()
  return removed
}
