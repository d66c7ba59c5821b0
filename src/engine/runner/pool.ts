import { MessageChannel, type MessagePort, SHARE_ENV } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { ToolScripts } from '../../core/runner-protocol.ts'
import type { ThreadMessage, ThreadOrder, ThreadTask } from './thread.ts'
import type { RunTask } from './run.ts'

const THREAD_FILE = new URL('./thread.ts', import.meta.url).href
/** Heap of a thread itself: it holds the texts of one run on their way, not what user code allocates. */
const THREAD_HEAP_MB = 512

export interface RunnerPool {
  /** Runs a task in a thread that is free; what comes of it arrives as messages. Rejects when the thread died. */
  run (task: RunTask): Promise<void>
  /** Gives an order to the thread that runs the task with that token. */
  order (order: ThreadOrder): void
}

/**
 * Starts the threads, all of them at once and for good: one task each at a time, none started later. Resolves when every thread has
 * rehearsed a job and dropped its permissions.
 */
export async function createPool ({ threads, memoryMb, archives, tools, onMessage }: {
  threads: number
  memoryMb: number
  archives: readonly number[]
  tools: ToolScripts
  onMessage (message: Exclude<ThreadMessage, { type: 'warm' }>): void
}): Promise<RunnerPool> {
  const pool = new Piscina<ThreadTask, void>({
    filename: THREAD_FILE,
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: 1,
    idleTimeout: Infinity,
    atomics: 'disabled', // an idle thread must go on with its own work: the next isolate is made then
    recordTiming: false,
    env: SHARE_ENV, // main takes away from all of them what none needs any more
    resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
  })
  const ports = Array.from({ length: threads }, () => new MessageChannel())
  // The cast: the library takes the list type from an overload that does not fit
  const warmUps = ports.map(({ port2 }, thread) => pool.run({ type: 'warm-up', thread, port: port2, archives, tools, memoryMb }, { transferList: [port2] as never }))
  await Promise.race([Promise.all(ports.map(({ port1 }) => isWarm(port1))), Promise.all(warmUps)])
  const homes = new Map<string, MessagePort>()
  for (const { port1 } of ports) {
    port1.on('message', (message: Parameters<typeof onMessage>[0]) => {
      if (message.type === 'started') homes.set(message.token, port1)
      else if (message.type === 'done') homes.delete(message.token)
      onMessage(message)
    })
    port1.postMessage(null) // the word to lock down
  }
  await Promise.all(warmUps)

  return {
    run: (task) => pool.run({ type: 'run', ...task }),
    order (order) {
      if (order.type === 'records') homes.get(order.token)?.postMessage(order, [order.body.buffer])
      else for (const { port1 } of ports) port1.postMessage(order) // a stop may come before its run has started
    },
  }
}

function isWarm (port: MessagePort): Promise<void> {
  return new Promise((resolve) => { port.once('message', () => resolve()) })
}
