import { JobError } from '../../core/failures.ts'
import type { Db } from '../db.ts'
import { persist } from '../script.ts'

const PROOF = Buffer.from('batchbox')

/**
 * Holds the keys of this process against those that the store was encrypted with: of each key that was ever the first one, the store has a proof. Answers what the log is to say. Throws
 * UNAVAILABLE where a key is another than the one of the same id, before anything is encrypted with it.
 */
export async function checkEncryption (db: Db): Promise<string> {
  const { cipher: { keyIds, seal, open }, redis, keys } = db
  const [first] = keyIds
  if (first === undefined) return 'payloads are not encrypted in Redis: BATCHBOX_ENCRYPTION_KEYS is empty'
  await persist(db, () => redis.hsetnx(keys.encryption, first, seal(PROOF, placeOfProof(first))))
  const proofs = await persist(db, () => redis.hmgetBuffer(keys.encryption, ...keyIds))
  for (const [at, id] of keyIds.entries()) {
    const proof = proofs[at]
    if (proof) check(id, () => open(proof, placeOfProof(id)))
  }
  return `payloads are encrypted in Redis with key ${JSON.stringify(first)}`
}

function check (id: string, prove: () => unknown): void {
  try {
    prove()
  } catch (cause) {
    throw new JobError('UNAVAILABLE', `Cannot use key ${JSON.stringify(id)} of BATCHBOX_ENCRYPTION_KEYS: this store was encrypted with another key of that id; give the right one, or the new one another id`, { cause })
  }
}

function placeOfProof (id: string): string[] {
  return ['proof', id]
}
