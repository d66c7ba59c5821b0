// Fresh isolates per second in bare isolated-vm, on as many threads as it is asked for: what the service's own work is measured against.
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
  const rates = await Promise.all(threads.map(async (thread) => {
    thread.postMessage(ask, [])
    const [rate] = await once(thread, 'message') as [number] // the thread answers with its rate
    return rate
  }))
  process.send?.({ perSecond: rates.reduce((sum, rate) => sum + rate, 0) })
})
