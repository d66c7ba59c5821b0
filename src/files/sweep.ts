import type { Db } from '../store/db.ts'
import { findOrphans, owedBlobs, strikeBlob } from '../store/files/remove.ts'
import type { BlobStore } from './blob-store.ts'

/** Names that are looked up at one time. */
const STEP = 200

/** Removes from the store what no file has, at most so many blobs. Answers how many. A debt is struck when it is paid: whoever dies before leaves it to others. */
export async function sweepBlobs (db: Db, blobs: BlobStore, { what, limit, orphanMs }: { what: 'owed' | 'orphans', limit: number, orphanMs: number }): Promise<number> {
  if (what === 'orphans') return removeOrphans(db, blobs, { limit, orphanMs })
  const owed = await owedBlobs(db, limit)
  for (const blob of owed) {
    await blobs.remove(blob)
    await strikeBlob(db, blob)
  }
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
