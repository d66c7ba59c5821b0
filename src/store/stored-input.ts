import { readReference, type StoredPayload } from './codec.ts'
import type { Db } from './db.ts'
import { openPacked, placeOf } from './sealing.ts'

/** Reads the input of a tenant's job as it was packed, without its encryption; undefined where the tenant has no such job, or the input is gone. Throws UNAVAILABLE for one that cannot be decrypted. */
export async function readStoredInput (db: Db, tenant: string, jobId: string): Promise<StoredPayload | undefined> {
  const [owner, field] = await db.redis.hmgetBuffer(db.keys.job(jobId), 'tenant', 'input')
  if (owner?.toString() !== tenant || !field) return undefined
  const place = placeOf('input', tenant, jobId)
  if (readReference(field) === undefined) return { field: openPacked(db, field, place), body: null }
  const body = await db.redis.getBuffer(db.keys.payload(jobId, 'input'))
  return body ? { field, body: openPacked(db, body, place) } : undefined
}
