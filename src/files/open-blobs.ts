import { randomBytes } from 'node:crypto'
import { rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../core/failures.ts'
import type { BucketSettings } from '../core/file-variables.ts'
import type { Db } from '../store/db.ts'
import { loadFileKey } from '../store/files/file-key.ts'
import { claimStoreId, readStoreId } from '../store/files/store-id.ts'
import type { BlobStore } from './blob-store.ts'
import { makeFolder, openFolderStore } from './folder-store.ts'

const ID_BYTES = 8

/**
 * Opens the file store of the service whose records are in that Redis. Its part of the folder, or the bucket, has a random name that Redis knows, so that services which share one
 * leave each other's blobs alone, and a process that has another than those before it finds out. Throws UNAVAILABLE for that one.
 */
export async function openBlobs (db: Db, location: string | BucketSettings, orphanMs: number): Promise<BlobStore> {
  if (typeof location !== 'string') return openBucket(db, location, orphanMs)
  const folder = join(location, await readStoreId(db) ?? await makePart(db, location))
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) throw new JobError('UNAVAILABLE', `Cannot open the file store: ${folder} is not there. Processes of one service share one folder: set BATCHBOX_FILES to that of the others. If it was lost with all files, make an empty one of that name`)
  return openFolderStore(folder, await loadFileKey(db))
}

/** Makes the folder before anybody is told its name. */
async function makePart (db: Db, location: string): Promise<string> {
  const own = newPart()
  await makeFolder(join(location, own))
  const claimed = await claimStoreId(db, own)
  if (claimed !== own) await rmdir(join(location, own))
  return claimed
}

async function openBucket (db: Db, settings: BucketSettings, orphanMs: number): Promise<BlobStore> {
  const { openS3Store } = await import('./s3-store.ts') // with undici: 30 MB that a service with a folder is spared
  const known = await readStoreId(db)
  const part = known ?? newPart()
  const store = openS3Store(settings, { part, orphanMs })
  try {
    if (known === undefined) {
      await store.mark() // before anybody is told its name
      if (await claimStoreId(db, part) === part) return store
      await store.unmark()
    } else {
      await store.check()
      return store
    }
  } catch (error) {
    await store.close()
    const isGone = error instanceof JobError && error.code === 'FILE_GONE'
    throw isGone ? new JobError('UNAVAILABLE', `Cannot open the file store: bucket ${settings.bucket} has no part ${[settings.prefix, part].filter(Boolean).join('/')}. Processes of one service share one bucket: set BATCHBOX_FILES to that of the others`, { cause: error }) : error
  }
  await store.close()
  return openBucket(db, settings, orphanMs) // another one was faster
}

function newPart (): string {
  return randomBytes(ID_BYTES).toString('hex')
}
