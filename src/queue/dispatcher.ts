import type { Db } from '../store/db.ts'
import type { DispatchRef } from '../store/deals.ts'
import type { TurnRef } from '../store/moves/begin.ts'
import { strikeDispatch } from '../store/reap.ts'
import { readTime } from '../store/time.ts'
import { raiseOld } from './ageing.ts'
import { createQueue } from './create-queue.ts'
import { JOBS, messageId, QUEUE_PRIORITY } from './messages.ts'

const SCAN_KEYS = 1000

export interface Dispatcher {
  /**
   * Gives messages that are due to the queue, then strikes the debt for them. A message that the queue still has is not added again. What
   * is not due stays in the store: BullMQ would compare its time with the clocks of workers.
   */
  dispatch (refs: readonly DispatchRef[]): Promise<void>
  /** Takes a message out of the queue, if no worker has it. For jobs that ended before they were due. */
  discard (ref: TurnRef): Promise<void>
  /** Raises at most so many messages of each priority that have waited for a worker long enough. Answers how many. */
  raiseOld (everyMs: number, limit: number): Promise<number>
  /** Removes messages that have no place in the queue, as crashes inside of BullMQ might leave them; at most so many. Answers how many. */
  removeOrphans (limit: number): Promise<number>
  /** Empties the stream in which BullMQ tells of messages: nobody here reads it. */
  forgetEvents (): Promise<void>
  /** Messages that wait for a worker in the queue, those that workers have, and turns of jobs that wait for their time. */
  count (): Promise<{ waiting: number, scheduled: number, active: number }>
  close (): Promise<void>
}

/** Creates the one producer of messages, over the store's connection. */
export function createDispatcher (db: Db, { onError }: { onError (error: Error): void }): Dispatcher {
  const queue = createQueue(db, JOBS, onError)
  return {
    async dispatch (refs) {
      const [first, ...others] = refs.map(toJob)
      if (!first) return
      // For one message, a bulk would cost a pipeline of its own.
      await (others.length === 0 ? queue.add(first.name, first.data, first.opts) : queue.addBulk([first, ...others]))
      await strikeDispatch(db, refs, (ref) => queue.toKey(messageId(ref)))
    },
    async discard (ref) {
      await queue.remove(messageId(ref))
    },
    raiseOld: async (everyMs, limit) => raiseOld(queue, { nowMs: await readTime(db), everyMs, limit }),
    removeOrphans: (limit) => queue.removeOrphanedJobs(SCAN_KEYS, limit),
    async forgetEvents () {
      await queue.trimEvents(0)
    },
    async count () {
      const [counts, scheduled] = await Promise.all([queue.getJobCounts('prioritized', 'waiting', 'active'), db.redis.zcard(db.keys.scheduled)])
      const { prioritized = 0, waiting = 0, active = 0 } = counts
      return { waiting: prioritized + waiting, scheduled, active }
    },
    close: () => queue.close(),
  }
}

function toJob ({ jobId, turn, priority, runAtMs }: DispatchRef) {
  return {
    name: 'run',
    data: { jobId, turn },
    opts: { jobId: messageId({ jobId, turn }), priority: QUEUE_PRIORITY[priority], timestamp: runAtMs },
  }
}
