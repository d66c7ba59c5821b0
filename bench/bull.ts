import { setTimeout as wait } from 'node:timers/promises'
import { Queue, QueueEvents, type ConnectionOptions } from 'bullmq'
import { startBaseline } from './baseline.ts'
import { buildRedisOptions } from '../src/store/connection.ts'

const QUEUE = 'bench'
const BULK = 500
const POLL_MS = 5

/** A bare BullMQ queue with a worker, in a process of its own, whose jobs do nothing. */
export interface BullBaseline {
  /** Adds that many jobs in bulk and answers the milliseconds until all are done. */
  runMany (count: number): Promise<number>
  /** Adds one job and answers the milliseconds until it is told of as completed. */
  runOne (): Promise<number>
}

/** Starts the queue on that Redis. `closing` ends it. */
export async function startBull (url: string, closing: AsyncDisposableStack): Promise<BullBaseline> {
  const worker = startBaseline('bullmq-worker.ts')
  closing.defer(() => worker.close())
  await worker.ask({ url, queue: QUEUE })
  const connection = buildRedisOptions({ url, failFast: false }) as ConnectionOptions // the same options, typed without exact optional members
  const queue = new Queue(QUEUE, { connection, defaultJobOptions: { removeOnComplete: true } })
  closing.defer(() => queue.close())
  const events = new QueueEvents(QUEUE, { connection })
  closing.defer(() => events.close())
  await events.waitUntilReady()
  const waiting = new Map<string, () => void>()
  events.on('completed', ({ jobId }) => waiting.get(jobId)?.())
  let lastId = 0

  return {
    async runMany (count) {
      const started = performance.now()
      for (let added = 0; added < count; added += BULK) {
        await queue.addBulk(Array.from({ length: Math.min(BULK, count - added) }, () => ({ name: 'no-op', data: { value: 1 } })))
      }
      while (await isBusy(queue)) await wait(POLL_MS)
      return performance.now() - started
    },
    async runOne () {
      lastId += 1
      const jobId = `one-${lastId}`
      const completed = new Promise<void>((resolve) => { waiting.set(jobId, resolve) })
      const started = performance.now()
      await queue.add('no-op', { value: 1 }, { jobId })
      await completed
      waiting.delete(jobId)
      return performance.now() - started
    },
  }
}

async function isBusy (queue: Queue): Promise<boolean> {
  const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active')
  return waiting + active > 0
}
