import type { Db } from './db.ts'
import { createSubscriber, type Subscriber } from './subscriber.ts'

export type WorkerListener = Pick<Subscriber, 'close'>

/**
 * Tells of running jobs that somebody asked to cancel, whoever runs them, and of webhooks that there is something to deliver. Words said while the connection is broken are
 * missed: the flag in the job, which `append` and `check` answer, and what is owed are the truth.
 */
export async function createWorkerListener (db: Db, { onCancel, onWebhooks, onError }: {
  onCancel (jobId: string): void
  onWebhooks (): void
  onError (error: Error): void
}): Promise<WorkerListener> {
  const subscriber = createSubscriber(db, { onError })
  const cancels = subscriber.listen(db.keys.cancelChannel, (jobId) => { if (jobId !== undefined) onCancel(jobId) })
  const webhooks = subscriber.listen(db.keys.webhooksChannel, onWebhooks)
  await Promise.all([cancels.confirmed, webhooks.confirmed])
  return subscriber
}
