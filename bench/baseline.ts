import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A process that a baseline is measured in. */
export interface Baseline {
  pid: number
  /** Sends one message and answers the next one that comes back. */
  ask (message: object): Promise<unknown>
  close (): Promise<void>
}

/** Starts a file of `baselines/` as a process of its own. It ends when it is closed, or with this one. */
export function startBaseline (file: string, { execArgv = [] }: { execArgv?: string[] } = {}): Baseline {
  const child = fork(join(import.meta.dirname, 'baselines', file), { execArgv: ['--disable-warning=SecurityWarning', ...execArgv] })
  const exited = once(child, 'exit')
  const failed = exited.then(([code, signal]) => { throw new Error(`Cannot measure baseline ${file}: it ended with ${signal ?? code}`) })
  failed.catch(() => {}) // nobody may be waiting
  return {
    pid: child.pid ?? 0,
    async ask (message) {
      const answer = once(child, 'message')
      child.send(message)
      const [value] = await Promise.race([answer, failed]) as [unknown] // the arguments of the event
      return value
    },
    async close () {
      child.kill()
      await exited
    },
  }
}
