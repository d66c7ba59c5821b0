// Fresh isolates in bare isolated-vm, on as many threads as it is asked for: what the service's own work is measured against.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

interface Ask {
  threads: number
  forMs: number
  code: string
}

const THREAD_FILE = new URL('isolate-thread.ts', import.meta.url)
const threads: Worker[] = []

process.on('message', async (message) => {
  const ask = message as Ask // its parent is the bench
  while (threads.length < ask.threads) threads.push(new Worker(THREAD_FILE))
  const counts = await Promise.all(threads.map(async (thread) => {
    thread.postMessage(ask, [])
    const [count] = await once(thread, 'message') as [number] // the thread answers with how many it made
    return count
  }))
  process.send?.({ count: counts.reduce((sum, count) => sum + count, 0) })
})
