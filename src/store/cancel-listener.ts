import type { Db } from './db.ts'
import { createSubscriber } from './subscriber.ts'

export interface CancelListener {
  close (): Promise<void>
}

/**
 * Tells of running jobs that somebody asked to cancel, whoever runs them. Words said while the connection is broken are missed:
 * the flag in the job, which `append` and `check` answer, is the truth.
 */
export async function createCancelListener (db: Db, { onCancel, onError }: {
  onCancel (jobId: string): void
  onError (error: Error): void
}): Promise<CancelListener> {
  const subscriber = createSubscriber(db, { onMessage: (_channel, jobId) => onCancel(jobId), onError })
  await subscriber.add(db.keys.cancelChannel)
  return subscriber
}
