import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { parseLogLine, type LogRecord } from './log-line.ts'

const READY_MS = 60_000
const TAIL_LINES = 15

export type Environment = Readonly<Record<string, string | undefined>>

export interface ChildOptions {
  /** What to call it in messages. */
  name: string
  /** Path of the TypeScript file to run. */
  file: string
  env: Environment
  /** Aborting ends a child that is not ready yet. */
  signal: AbortSignal
  /** How long it may take to stop before it is killed. */
  stopMs: number
  /** Gets every line it writes, the ready line excepted. */
  onLine(line: string): void
}

/** A process of the service that said it is ready. */
export interface Child {
  pid: number
  /** What its ready line said. */
  ready: LogRecord
  /** Resolves when it has ended, with a text that says how. */
  ended: Promise<string>
  /** Asks it to stop, kills it when that takes too long, and resolves when it is gone. */
  stop(): Promise<void>
}

/**
 * Starts one process of the service and resolves when it logged `ready`. It ends when its standard input closes, so it never outlives
 * its starter. Throws an Error with its last lines when it ends or stays silent before that.
 */
export async function startChild (options: ChildOptions): Promise<Child> {
  const { name, file, env, signal, stopMs, onLine } = options
  signal.throwIfAborted()
  const child = spawn(process.execPath, [file], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true, // a group of its own: a terminal's Ctrl-C is the starter's to pass on, in its order
    env: { ...env, BATCHBOX_STOP_WITH_STDIN: '1' },
  })
  child.stdin.on('error', () => {}) // a child that ends closes its end; `ended` tells
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, killer) => resolve(killer ? `was ended by ${killer}` : `ended with code ${code}`))
  })
  const tail: string[] = []
  const ready = watchLines(child, (line) => {
    if (tail.push(line) > TAIL_LINES) tail.shift()
    onLine(line)
  })
  const stop = () => stopChild(child, ended, stopMs)
  try {
    return { pid: child.pid ?? 0, ready: await firstOf(ready, ended, signal), ended, stop }
  } catch (error) {
    await stop()
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error([`Cannot start the ${name}: it ${reason}`, ...tail].join('\n'), { cause: error })
  }
}

function watchLines (child: ChildProcess, onLine: ChildOptions['onLine']): Promise<LogRecord> {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        const record = parseLogLine(line)
        if (record?.msg === 'ready') resolve(record)
        else onLine(line)
      })
    }
  })
}

function firstOf (ready: Promise<LogRecord>, ended: Promise<string>, signal: AbortSignal): Promise<LogRecord> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`was not ready within ${READY_MS} ms`)), READY_MS)
    const onAbort = () => reject(new Error('was stopped before it was ready'))
    const settle = (act: () => void) => () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      act()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    void ready.then((record) => settle(() => resolve(record))())
    void ended.then((how) => settle(() => reject(new Error(how)))())
  })
}

/** Asks a process to stop, kills it when that takes too long, and resolves when `ended` does. */
export async function stopChild (child: ChildProcess, ended: Promise<unknown>, stopMs: number): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await ended
  clearTimeout(timer)
}
