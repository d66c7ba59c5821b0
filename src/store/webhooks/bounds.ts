import type { Db } from '../db.ts'

/** What moves hold webhooks to. They run in every process, and the operator tells workers alone: so it is kept in the store. */
export interface WebhookBounds {
  /** Bytes that a tenant may have undelivered: bodies as they are kept, and something for each delivery. */
  owedBytes: number
  /** Deliveries of a tenant that are kept in each state that is an end. */
  logEntries: number
  /** How long a delivery is kept after its end. */
  retentionMs: number
  /** How long after its event a delivery is given up, whatever tries it has left. */
  giveUpMs: number
  /** Tries under way at one time: of one receiver, and of one tenant. */
  endpointTries: number
  tenantTries: number
}

/** Has all processes hold to these bounds from now on. */
export async function saveWebhookBounds ({ redis, keys }: Pick<Db, 'redis' | 'keys'>, bounds: WebhookBounds): Promise<void> {
  await redis.hset(keys.webhookBounds, bounds)
}
