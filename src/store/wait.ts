import { isId } from '../core/ids.ts'
import { isTerminal, type JobStatus } from '../core/status.ts'
import type { Db } from './db.ts'
import type { Subscriber } from './subscriber.ts'

/** Waits for the end of jobs and batches, over one connection however many wait. */
export interface JobWaiter {
  /**
   * Resolves true when the job has ended, also when it had before; false when time or the signal ran out. A caller then reads
   * the job. A job that does not exist has ended.
   */
  waitForEnd (jobId: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean>
  /** Lets everybody who waits go, with false. */
  close (): void
}

/** Creates a waiter beside a store's connection. The subscriber is the caller's to close, after it. */
export function createJobWaiter (db: Db, subscriber: Pick<Subscriber, 'listen'>): JobWaiter {
  const closing = new AbortController()

  return {
    async waitForEnd (jobId, timeoutMs, signal) {
      const over = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing.signal, ...(signal ? [signal] : [])])
      if (over.aborted) return false
      // A word that comes while it looks is kept: it has it look once more.
      let word = Promise.withResolvers<void>()
      const onWake = () => word.resolve()
      over.addEventListener('abort', onWake)
      const listening = subscriber.listen(db.keys.endedChannel(jobId), onWake)
      try {
        await Promise.race([listening.confirmed, word.promise])
        while (!over.aborted) {
          word = Promise.withResolvers()
          if (await hasEnded(db, jobId)) return true
          await word.promise
        }
        return false
      } finally {
        over.removeEventListener('abort', onWake)
        listening.stop()
      }
    },
    close: () => closing.abort(),
  }
}

async function hasEnded (db: Db, id: string): Promise<boolean> {
  if (!isId('batch', id)) {
    const status = await db.redis.hget(db.keys.job(id), 'status')
    return status === null || isTerminal(status as JobStatus) // a move wrote it
  }
  const [version, finishedAt] = await db.redis.hmget(db.keys.batch(id), 'v', 'finishedAt')
  return version === null || finishedAt !== null
}
