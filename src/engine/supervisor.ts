import { RunnerProcess, type RunnerOptions } from './runner-process.ts'

/** How long to wait before a runner that could not start is tried again; doubled up to the most. */
const RESTART_MS = { first: 100, most: 5000 } as const

export interface SupervisorOptions extends RunnerOptions {
  /** Runs at one time. */
  lanes: number
  /** Warm runners beside those, so that a runner that is killed is replaced at once. */
  spares: number
  onError (error: Error): void
}

type Waiter = PromiseWithResolvers<RunnerProcess | undefined>

const CLOSED = 'Cannot run code: the engine is closed'

/** A runner for one run. */
export interface Lease {
  readonly runner: RunnerProcess
  /** Gives the runner back; a dead one is replaced. */
  release (): void
}

/**
 * Keeps runner processes warm, one more than there are lanes, and lends each to one run at a time. A runner that dies is replaced,
 * with growing pauses while none comes up.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #all = new Set<RunnerProcess>()
  readonly #idle: RunnerProcess[] = []
  readonly #waiting = new Set<Waiter>()
  #restartMs: number = RESTART_MS.first
  #restart: NodeJS.Timeout | undefined
  #closed = false

  private constructor (options: SupervisorOptions) {
    this.#options = options
  }

  /** Starts every runner; resolves when the first is ready to serve. Rejects, leaving none behind, when not one of them comes up. */
  static async start (options: SupervisorOptions): Promise<Supervisor> {
    const supervisor = new Supervisor(options)
    supervisor.#fill()
    const first = [...supervisor.#all].map((runner) => runner.ready)
    try {
      await Promise.any(first)
    } catch {
      await supervisor.close()
      await first[0] // rejects with why
    }
    return supervisor
  }

  get pids (): number[] {
    return [...this.#all].map((runner) => runner.pid).filter((pid) => pid !== undefined)
  }

  /** Lends an idle runner, waiting for one if none is; undefined when the signal aborts meanwhile. Rejects once it is closed. */
  async acquire (signal: AbortSignal): Promise<Lease | undefined> {
    if (this.#closed) throw new Error(CLOSED)
    const runner = this.#idle.shift() ?? await this.#wait(signal)
    return runner && { runner, release: () => { if (this.#all.has(runner)) this.#offer(runner) } }
  }

  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#restart)
    for (const { reject } of this.#waiting) reject(new Error(CLOSED))
    const runners = [...this.#all]
    for (const runner of runners) runner.kill('The worker stops')
    await Promise.all(runners.map((runner) => runner.exited))
  }

  async #wait (signal: AbortSignal): Promise<RunnerProcess | undefined> {
    const waiter = Promise.withResolvers<RunnerProcess | undefined>()
    const giveUp = () => { if (this.#waiting.delete(waiter)) waiter.resolve(undefined) }
    this.#waiting.add(waiter)
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    try {
      return await waiter.promise
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  #fill (): void {
    if (this.#closed) return
    while (this.#all.size < this.#options.lanes + this.#options.spares) this.#add()
  }

  #add (): void {
    const runner = new RunnerProcess(this.#options)
    this.#all.add(runner)
    runner.ready.then(() => {
      this.#restartMs = RESTART_MS.first
      this.#offer(runner)
    }, (error: Error) => { if (!this.#closed) this.#options.onError(error) })
    void runner.exited.then(() => this.#forget(runner))
  }

  #offer (runner: RunnerProcess): void {
    const [next] = this.#waiting
    if (!next) return void this.#idle.push(runner)
    this.#waiting.delete(next)
    next.resolve(runner)
  }

  #forget (runner: RunnerProcess): void {
    this.#all.delete(runner)
    const index = this.#idle.indexOf(runner)
    if (index >= 0) this.#idle.splice(index, 1)
    if (this.#closed) return
    if (runner.isolation) return this.#fill() // it served: the next one will too
    clearTimeout(this.#restart)
    this.#restart = setTimeout(() => this.#fill(), this.#restartMs)
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_MS.most)
  }
}
