import type { Db } from '../db.ts'

/** Reads the name of this service's part of the file store; undefined where it has none yet. */
export async function readStoreId ({ redis, keys }: Db): Promise<string | undefined> {
  return await redis.get(keys.fileStore) ?? undefined
}

/** Names it, once. Answers what it is called. */
export async function claimStoreId ({ redis, keys }: Db, id: string): Promise<string> {
  return await redis.set(keys.fileStore, id, 'NX') === 'OK' ? id : await redis.get(keys.fileStore) ?? id
}
