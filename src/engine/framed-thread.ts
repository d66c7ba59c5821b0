import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { FromThread } from '../core/runner-messages.ts'
import type { ToThread } from '../core/runner-protocol.ts'
import { V8_NEEDS } from './runner-command.ts'
import type { LinkOptions, RunnerExit, RunnerLink } from './runner-link.ts'

const THREAD_FILE = new URL('./runner/embedded.ts', import.meta.url)
/** Heap of the thread itself: it holds the texts of one run on their way, not what user code allocates. */
const HEAP_MB = 512
/** How long a thread may take to end once it was told to. It stops the code in it, which takes some milliseconds where anything stops it. */
const END_MS = 500
/** One that still makes itself warm does that first: an isolate is at work in it. */
const START_MS = 20_000

/**
 * Starts a runner that is a thread of this process, and speaks to it as to a process. Nothing ends a thread from outside while an isolate runs in it: V8 takes the
 * process along. So `kill` asks it to end; one that has not in half a second is given up. Five seconds after the run's time isolated-vm suspends what runs in it, for good.
 */
export function openThread ({ guest, onFrame, onExit }: Pick<LinkOptions, 'guest' | 'onFrame' | 'onExit'>): RunnerLink {
  const { promise: exited, resolve: settle } = Promise.withResolvers<RunnerExit>()
  const freed = Promise.withResolvers<void>()
  const frames: Extract<FromThread, { header: unknown }>[] = []
  let killReason: string | undefined
  let ended = false
  let isHeld = false
  let isUp = false

  function finish (reason: string, exitCode: number | null, isStuck: boolean): void {
    if (ended) return
    ended = true
    const exit = { signal: null, exitCode, reason: killReason ?? reason, stderrTail: '', byItself: killReason === undefined, ...isStuck ? { freed: freed.promise } : {} }
    settle(exit)
    onExit(exit)
  }

  function giveUp (): void {
    finish('', null, true)
  }

  function kill (reason: string): void {
    if (ended || killReason !== undefined) return
    killReason = reason
    worker?.postMessage(null satisfies ToThread, [])
    const late = setTimeout(giveUp, isUp ? END_MS : START_MS)
    void exited.then(() => clearTimeout(late))
  }

  async function take (): Promise<void> {
    if (isHeld) return
    isHeld = true
    try {
      for (let frame = frames.shift(); frame && !ended && killReason === undefined; frame = frames.shift()) {
        const { header, body } = frame
        const pending = onFrame({ header, headerBytes: 0, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) })
        if (pending) await pending
      }
    } catch (error) {
      kill(error instanceof Error ? error.message : 'Cannot handle frame')
    }
    isHeld = false
  }

  const worker = start((error) => finish(`Cannot start thread: ${error.message}`, null, false))
  let problem = 'The thread ended by itself'
  worker?.on('message', (message: FromThread) => {
    if ('lost' in message) {
      killReason ??= `V8 lost control of the code: ${message.lost}`
      return giveUp()
    }
    isUp = true
    frames.push(message)
    void take()
  })
  worker?.on('error', (error: unknown) => { problem = `The thread ended by itself: ${error instanceof Error ? error.message : String(error)}` })
  worker?.on('exit', (exitCode) => {
    freed.resolve()
    finish(problem, exitCode, false)
  })

  return {
    pid: undefined,
    exited,
    archives: guest.archives,
    kill,
    send (header, body = new Uint8Array()) {
      if (ended || killReason !== undefined || !worker) return false
      const bytes = new Uint8Array(body) // Node keeps small buffers together
      worker.postMessage({ header, body: bytes }, [bytes.buffer])
      return true
    },
    isHeld: () => isHeld,
    // It is our own code that speaks, and what it may say of a run is bounded by the run's limits
    setMaxFrameBytes () {},
    uncount () {},
  }
}

/** What does not start is told of like one that ended. */
function start (onFault: (error: Error) => void): Worker | undefined {
  for (const flag of V8_NEEDS) setFlagsFromString(flag)
  try {
    return new Worker(THREAD_FILE, { execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
  } catch (error) {
    queueMicrotask(() => onFault(error as Error)) // node throws errors only
    return undefined
  }
}
