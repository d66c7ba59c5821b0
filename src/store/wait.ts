import { isId } from '../core/ids.ts'
import { isTerminal, type JobStatus } from '../core/status.ts'
import type { Db } from './db.ts'
import type { Subscriber } from './subscriber.ts'

/** Waits for what becomes of jobs and batches, over one connection however many wait. */
export interface JobWaiter {
  /**
   * Resolves true when the job has ended, also when it had before; false when time or the signal ran out. A caller then reads
   * the job. A job that does not exist has ended.
   */
  waitForEnd (jobId: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean>
  /** Likewise for the first event after that number. */
  waitForEvent (jobId: string, after: number, timeoutMs: number, signal?: AbortSignal): Promise<boolean>
  /** Lets everybody who waits go, with false. */
  close (): void
}

/** Creates a waiter beside a store's connection. The subscriber is the caller's to close, after it. */
export function createJobWaiter (db: Db, subscriber: Pick<Subscriber, 'listen'>): JobWaiter {
  const closing = new AbortController()

  /** Looks whenever there is a word on the channel, until what is looked for is there. */
  async function waitFor (channel: string, look: () => Promise<boolean>, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const over = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing.signal, ...(signal ? [signal] : [])])
    if (over.aborted) return false
    // A word that comes while it looks is kept: it has it look once more.
    let word = Promise.withResolvers<void>()
    const onWake = () => word.resolve()
    over.addEventListener('abort', onWake)
    const listening = subscriber.listen(channel, onWake)
    try {
      await Promise.race([listening.confirmed, word.promise])
      while (!over.aborted) {
        word = Promise.withResolvers<void>()
        if (await look()) return true
        await word.promise
      }
      return false
    } finally {
      over.removeEventListener('abort', onWake)
      listening.stop()
    }
  }

  return {
    waitForEnd: (jobId, timeoutMs, signal) => waitFor(db.keys.endedChannel(jobId), () => hasEnded(db, jobId), timeoutMs, signal),
    waitForEvent: (jobId, after, timeoutMs, signal) => waitFor(db.keys.newsChannel(jobId), () => hasEventAfter(db, jobId, after), timeoutMs, signal),
    close: () => closing.abort(),
  }
}

/** A job that does not exist has nothing to wait for; the number of one that ended may be folded away. A batch has no events at first. */
async function hasEventAfter (db: Db, id: string, after: number): Promise<boolean> {
  if (!isId('batch', id)) {
    const last = await db.redis.hget(db.keys.job(id), 'seq')
    return last === null || Number(last) > after
  }
  const [version, last] = await db.redis.hmget(db.keys.batch(id), 'v', 'seq')
  return version === null || Number(last) > after
}

async function hasEnded (db: Db, id: string): Promise<boolean> {
  if (!isId('batch', id)) {
    const status = await db.redis.hget(db.keys.job(id), 'status')
    return status === null || isTerminal(status as JobStatus) // a move wrote it
  }
  const [version, finishedAt] = await db.redis.hmget(db.keys.batch(id), 'v', 'finishedAt')
  return version === null || finishedAt !== null
}
