import type { Db } from './db.ts'
import { createSubscriber, type Subscriber } from './subscriber.ts'

export type CancelListener = Pick<Subscriber, 'close'>

/**
 * Tells of running jobs that somebody asked to cancel, whoever runs them. Words said while the connection is broken are missed:
 * the flag in the job, which `append` and `check` answer, is the truth.
 */
export async function createCancelListener (db: Db, { onCancel, onError }: {
  onCancel (jobId: string): void
  onError (error: Error): void
}): Promise<CancelListener> {
  const subscriber = createSubscriber(db, { onError })
  await subscriber.listen(db.keys.cancelChannel, (jobId) => { if (jobId !== undefined) onCancel(jobId) }).confirmed
  return subscriber
}
