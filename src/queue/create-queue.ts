import { Queue } from 'bullmq'
import type { Db } from '../store/db.ts'
import type { Channel } from './messages.ts'

/** BullMQ tells of each message in a stream that nobody here reads, so it is kept short. */
const QUEUE_EVENTS_KEPT = 100

/** Creates the producer's side of a queue, over the store's connection. Messages are delivered at least once, and nothing of them is kept. */
export function createQueue<T> (db: Db, { name }: Channel<T>, onError: (error: Error) => void): Queue<T, void, string, T, void, string> {
  const queue = new Queue<T, void, string, T, void, string>(name, {
    connection: db.redis,
    prefix: db.keys.queue,
    streams: { events: { maxLen: QUEUE_EVENTS_KEPT } },
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true, keepLogs: 0, stackTraceLimit: 0 },
  })
  queue.on('error', onError)
  return queue
}
