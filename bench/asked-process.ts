import { fork } from 'node:child_process'
import { once } from 'node:events'
import { basename, join } from 'node:path'

/** A process of the bench that is not the service. */
export interface AskedProcess {
  pid: number
  /** Sends one message and answers the next one that comes back. */
  ask (message: object): Promise<unknown>
  close (): Promise<void>
}

/** Starts a file of this folder as a process of its own. It ends when it is closed, or with this one. */
export function startAsked (file: string, { execArgv = [] }: { execArgv?: string[] } = {}): AskedProcess {
  const child = fork(join(import.meta.dirname, file), { execArgv: ['--disable-warning=SecurityWarning', ...execArgv] })
  const exited = once(child, 'exit')
  const failed = exited.then(([code, signal]) => { throw new Error(`Cannot measure with ${basename(file)}: it ended with ${signal ?? code}`) })
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
