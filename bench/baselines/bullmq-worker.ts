// A bare BullMQ worker whose jobs do nothing.
import { Worker, type ConnectionOptions } from 'bullmq'
import { buildRedisOptions } from '../../src/store/connection.ts'

const CONCURRENCY = 10

process.on('message', async (message) => {
  const { url, queue } = message as { url: string, queue: string } // its parent is the bench
  const worker = new Worker(queue, async () => {}, {
    connection: buildRedisOptions({ url, failFast: false }) as ConnectionOptions, // the same options, typed without exact optional members
    concurrency: CONCURRENCY,
  })
  worker.on('error', (error) => process.stderr.write(`${error.message}\n`))
  await worker.waitUntilReady()
  process.send?.('ready')
})
