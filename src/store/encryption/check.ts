import { JobError } from '../../core/failures.ts'
import type { Db } from '../db.ts'
import { isPassing, persist } from '../script.ts'

const PROOF = Buffer.from('batchbox')

/**
 * Holds the keys of this process against those that the store was encrypted with: of each key that was ever the first one, the store has a proof. Answers what the log is to say. Throws
 * UNAVAILABLE where a key is another than the one of the same id, before anything is encrypted with it. A Redis that takes no writes, being full, gets the proof from a later start.
 */
export async function checkEncryption (db: Db): Promise<string> {
  const [first] = db.cipher.keyIds
  if (first === undefined) return 'payloads are not encrypted in Redis: BATCHBOX_ENCRYPTION_KEYS is empty'
  const proven = await checkProofs(db)
  if (!proven.has(first) && await leaveProof(db, first)) await checkProofs(db) // another process may have been faster
  return `payloads are encrypted in Redis with key ${JSON.stringify(first)}`
}

/** Answers the keys that the store has a proof of. */
async function checkProofs (db: Db): Promise<Set<string>> {
  const { cipher: { keyIds, open }, redis, keys } = db
  const proofs = await persist(db, () => redis.hmgetBuffer(keys.encryption, ...keyIds))
  return new Set(keyIds.filter((id, at) => {
    const proof = proofs[at]
    if (proof) check(id, () => open(proof, placeOfProof(id)))
    return Boolean(proof)
  }))
}

async function leaveProof ({ cipher, redis, keys }: Db, id: string): Promise<boolean> {
  try {
    await redis.hsetnx(keys.encryption, id, cipher.seal(PROOF, placeOfProof(id)))
    return true
  } catch (error) {
    if (!isPassing(error)) throw error
    return false
  }
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
