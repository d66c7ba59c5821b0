import type { Db } from '../db.ts'
import type { Idempotency } from '../moves/accept.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { loadMove, runMove } from '../script.ts'

export interface NewBatch {
  id: string
  tenant: string
  /** How long it is kept, with its items, after the last of them ended. */
  retentionMs: number
  replayOf?: string
  idempotency?: Idempotency
}

/** Unless it is new, the id is that of the first batch that the key was used for, whose items may then be added again. */
export type Opened = { type: 'opened', id: string, isNew: boolean } | { type: 'mismatch' }

const SCRIPT = loadMove(new URL('open.lua', import.meta.url))

/** Makes a batch that items can be added to, or finds the one that an idempotency key stands for. */
export async function openBatch (db: Db, { id, tenant, retentionMs, replayOf, idempotency }: NewBatch): Promise<Opened> {
  const reply = await runMove(db, SCRIPT, id, [
    tenant, retentionMs, replayOf ?? '', idempotency ? db.keys.idempotency(tenant, idempotency.key) : '', idempotency?.bodyHash ?? '', idempotency?.ttlMs ?? 0,
  ])
  return readText(reply, 0) === 'mismatch' ? { type: 'mismatch' } : { type: 'opened', id: readText(reply, 1), isNew: readNumber(reply, 2) === 1 }
}
