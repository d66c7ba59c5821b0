import { Queue } from 'bullmq'
import type { Db } from '../store/db.ts'
import type { AttemptRef } from '../store/moves/begin.ts'
import { strikeDispatch, type DispatchRef } from '../store/reap.ts'
import { raiseOld } from './ageing.ts'
import { messageId, QUEUE_NAME, QUEUE_PRIORITY, type Message } from './messages.ts'

/** BullMQ tells of each message in a stream that nobody here reads, so it is kept short. */
const QUEUE_EVENTS_KEPT = 100

export interface Dispatcher {
  /** Gives messages to the queue, then strikes the debt for them. A message that the queue still has is not added again. */
  dispatch (refs: readonly DispatchRef[]): Promise<void>
  /** Takes a message out of the queue, if no worker has it. For jobs that ended before they were due. */
  discard (ref: AttemptRef): Promise<void>
  /** Raises at most so many messages of each priority that have waited for a worker long enough. Answers how many. */
  raiseOld (everyMs: number, limit: number): Promise<number>
  /** Messages that wait for a worker, and those that wait for their time. */
  count (): Promise<{ waiting: number, delayed: number, active: number }>
  close (): Promise<void>
}

/** Creates the one producer of messages, over the store's connection. */
export function createDispatcher (db: Db, { onError }: { onError (error: Error): void }): Dispatcher {
  const queue = new Queue<Message>(QUEUE_NAME, {
    connection: db.redis,
    prefix: db.keys.queue,
    streams: { events: { maxLen: QUEUE_EVENTS_KEPT } },
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true, keepLogs: 0, stackTraceLimit: 0 },
  })
  queue.on('error', onError)
  return {
    async dispatch (refs) {
      const [first, ...others] = refs.map(toJob)
      if (!first) return
      // For one message, a bulk would cost a pipeline of its own.
      await (others.length === 0 ? queue.add(first.name, first.data, first.opts) : queue.addBulk([first, ...others]))
      await strikeDispatch(db, refs)
    },
    async discard (ref) {
      await queue.remove(messageId(ref))
    },
    raiseOld: (everyMs, limit) => raiseOld(queue, everyMs, limit),
    async count () {
      const { prioritized = 0, waiting = 0, delayed = 0, active = 0 } = await queue.getJobCounts('prioritized', 'waiting', 'delayed', 'active')
      return { waiting: prioritized + waiting, delayed, active }
    },
    close: () => queue.close(),
  }
}

function toJob ({ jobId, attempt, priority, runAtMs }: DispatchRef) {
  const now = Date.now()
  return {
    name: 'run',
    data: { jobId, attempt },
    opts: { jobId: messageId({ jobId, attempt }), priority: QUEUE_PRIORITY[priority], timestamp: now, delay: Math.max(0, runAtMs - now) },
  }
}
