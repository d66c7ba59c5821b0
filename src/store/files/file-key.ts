import { randomBytes } from 'node:crypto'
import { packNow, unpackNow } from '../codec.ts'
import type { Db } from '../db.ts'
import { openPacked, placeOf, sealPacked } from '../sealing.ts'

const KEY_BYTES = 32
/** What the stored key belongs to: the service as a whole. */
export const FILE_KEY_PLACE = placeOf('file-key', '', '')

/**
 * Reads the key that the contents of files are encrypted with, which is made once, and is itself encrypted with the first key of the service: so keys of the service are changed and nothing of what is in the
 * store is written anew. Undefined where no key is configured. Throws UNAVAILABLE as `Cipher.open` does.
 */
export async function loadFileKey (db: Db): Promise<Buffer | undefined> {
  if (db.cipher.keyIds.length === 0) return undefined
  const { redis, keys } = db
  const stored = await redis.getBuffer(keys.fileKey)
  if (stored) return unpackNow(openPacked(db, stored, FILE_KEY_PLACE))
  const own = randomBytes(KEY_BYTES)
  if (await redis.set(keys.fileKey, sealPacked(db, packNow(own), FILE_KEY_PLACE), 'NX') === 'OK') return own
  return loadFileKey(db) // another process was faster
}
