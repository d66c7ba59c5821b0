import { randomBytes } from 'node:crypto'
import { rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../core/failures.ts'
import type { Db } from '../store/db.ts'
import { loadFileKey } from '../store/files/file-key.ts'
import { claimStoreId, readStoreId } from '../store/files/store-id.ts'
import type { BlobStore } from './blob-store.ts'
import { makeFolder, openFolderStore } from './folder-store.ts'

const ID_BYTES = 8

/**
 * Opens the file store of the service whose records are in that Redis. Its part of the folder has a random name that Redis knows, so that services which share a folder
 * leave each other's blobs alone, and a process that has another folder than those before it finds out. Throws UNAVAILABLE for that one.
 */
export async function openBlobs (db: Db, location: string): Promise<BlobStore> {
  const folder = join(location, await readStoreId(db) ?? await makePart(db, location))
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) throw new JobError('UNAVAILABLE', `Cannot open the file store: ${folder} is not there. Processes of one service share one folder: set BATCHBOX_FILES to that of the others. If it was lost with all files, make an empty one of that name`)
  return openFolderStore(folder, await loadFileKey(db))
}

/** Makes the folder before anybody is told its name. */
async function makePart (db: Db, location: string): Promise<string> {
  const own = randomBytes(ID_BYTES).toString('hex')
  await makeFolder(join(location, own))
  const claimed = await claimStoreId(db, own)
  if (claimed !== own) await rmdir(join(location, own))
  return claimed
}
