import { NativeError } from './native.ts'

const MICROS = 1000

/**
 * Does pieces of work one after another, so that a run keeps at most one more processor busy than its own code does, and tells how long
 * that one was. States: open; closed, for good: what has not begun never does.
 */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve()
  #usedMs = 0
  #since: { atMs: number, cpu: NodeJS.CpuUsage } | undefined
  #isClosed = false

  /** Processor time of all that was done and is being done. Never less than it was: where others work in the process, up to the time that passed. */
  get cpuMs (): number {
    return this.#usedMs + this.#sinceMs()
  }

  /** Rejects with a NativeError when it was closed before the work began. */
  run<T> (work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => this.#measure(work))
    this.#last = done.catch(() => {}) // the next begins whatever became of this
    return done
  }

  close (): void {
    this.#isClosed = true
  }

  async #measure<T> (work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new NativeError('OperationError', 'The run is over')
    this.#since = { atMs: performance.now(), cpu: process.cpuUsage() }
    try {
      return await work()
    } finally {
      this.#usedMs += this.#sinceMs()
      this.#since = undefined
    }
  }

  /** The process cannot have worked longer than it did in all, nor one piece of it longer than time has passed. */
  #sinceMs (): number {
    if (!this.#since) return 0
    const { user, system } = process.cpuUsage(this.#since.cpu)
    return Math.min(performance.now() - this.#since.atMs, (user + system) / MICROS)
  }
}
