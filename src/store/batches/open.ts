import type { BatchWebhook } from '../../core/webhook.ts'
import type { Db } from '../db.ts'
import type { Idempotency } from '../moves/accept.ts'
import { readText } from '../moves/reply.ts'
import { loadMove, runMove } from '../script.ts'
import { placeOf, sealJson } from '../sealing.ts'
import { buildHook } from '../webhooks/hook.ts'
import { readReachedBound, writeRoomBounds, type ReachedBound, type RoomBounds } from '../tenant-room.ts'

export interface NewBatch {
  id: string
  tenant: string
  /** How long it is kept, with its items, after the last of them ended. */
  retentionMs: number
  replayOf?: string
  idempotency?: Idempotency
  /** Is told of the batch's end. */
  webhook?: BatchWebhook
  /** A batch with a key is not made where the tenant has reached one of them. */
  bounds?: RoomBounds
}

/** Unless it is new, the id is that of the first batch that the key was used for, whose items may then be added again. */
export type Opened = { type: 'opened', id: string, isNew: boolean } | { type: 'mismatch' } | { type: 'full' } & ReachedBound

const SCRIPT = loadMove(new URL('open.lua', import.meta.url))

/** Makes a batch that items can be added to, or finds the one that an idempotency key stands for. */
export async function openBatch (db: Db, { id, tenant, retentionMs, replayOf, idempotency, webhook, bounds = {} }: NewBatch): Promise<Opened> {
  const reply = await runMove(db, SCRIPT, id, [
    tenant, retentionMs, replayOf ?? '', idempotency ? db.keys.idempotency(tenant, idempotency.key) : '', idempotency?.bodyHash ?? '', idempotency?.ttlMs ?? 0, writeRoomBounds(bounds),
    buildHook(webhook), webhook ? sealJson(db, JSON.stringify(webhook), placeOf('webhook', tenant, id)) : '',
  ])
  const type = readText(reply, 0) as Opened['type'] | 'repeated' // open.lua has these four
  if (type === 'full') return { type, ...readReachedBound(reply) }
  if (type === 'mismatch') return { type }
  return { type: 'opened', id: type === 'repeated' ? readText(reply, 1) : id, isNew: type === 'opened' }
}
