import type { Db } from '../store/db.ts'
import { strikeTries, type TryRef } from '../store/webhooks/tries.ts'
import { createQueue } from './create-queue.ts'
import { webhookMessageId, WEBHOOKS } from './messages.ts'

const SCAN_KEYS = 1000

export interface WebhookDispatcher {
  /** Gives tries that were dealt to the queue, then puts the debt for them off. A message that the queue still has is not added again. */
  dispatch (refs: readonly TryRef[]): Promise<void>
  /** Removes messages that have no place in the queue; at most so many. Answers how many. */
  removeOrphans (limit: number): Promise<number>
  close (): Promise<void>
}

/** Creates the one producer of the messages of webhooks, over the store's connection. */
export function createWebhookDispatcher (db: Db, { onError }: { onError (error: Error): void }): WebhookDispatcher {
  const queue = createQueue(db, WEBHOOKS, onError)
  return {
    async dispatch (refs) {
      const [first, ...others] = refs.map(toMessage)
      if (!first) return
      await (others.length === 0 ? queue.add(first.name, first.data, first.opts) : queue.addBulk([first, ...others]))
      await strikeTries(db, refs, (ref) => queue.toKey(webhookMessageId(ref)))
    },
    removeOrphans: (limit) => queue.removeOrphanedJobs(SCAN_KEYS, limit),
    close: () => queue.close(),
  }
}

function toMessage (ref: TryRef) {
  return { name: 'deliver', data: ref, opts: { jobId: webhookMessageId(ref) } }
}
