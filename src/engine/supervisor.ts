import { readRssBytes } from './process-memory.ts'
import { RunnerProcess, type RunnerOptions } from './runner-process.ts'

/** How long to wait before a runner that could not start is tried again; doubled up to the most. */
const RESTART_MS = { first: 100, most: 5000 } as const

export interface SupervisorOptions extends RunnerOptions {
  /** Runs at one time. */
  lanes: number
  /** Warm runners beside those, so that a runner that is killed is replaced at once. */
  spares: number
  /** When a runner that served is replaced by a fresh one. */
  wear: WearLimits
  onError (error: Error): void
}

/** A runner is worn when it reached any of these; it goes on until another stands ready, so that capacity never drops. */
export interface WearLimits {
  runs: number
  ageMs: number
  rssMb: number
}

/** For an operator who does not say. */
export const DEFAULT_WEAR: WearLimits = Object.freeze({ runs: 10_000, ageMs: 3_600_000, rssMb: 512 })

interface Wear {
  runs: number
  /** Milliseconds of the steady clock. */
  readonly since: number
}

type Waiter = PromiseWithResolvers<RunnerProcess | undefined>

const MB = 1_048_576
/** Reading a process's memory takes a while, so it is done once in so many runs. */
const RSS_EVERY_RUNS = 50
const CLOSED = 'Cannot run code: the engine is closed'

/** A runner for one run. */
export interface Lease {
  readonly runner: RunnerProcess
  /** Gives the runner back; a dead one is replaced. */
  release (): void
}

/**
 * Keeps runner processes warm, one more than there are lanes, and lends each to one run at a time. A runner that dies is replaced,
 * with growing pauses while none comes up; one that is worn is ended as soon as another is idle.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #all = new Map<RunnerProcess, Wear>()
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
    const first = [...supervisor.#all.keys()].map((runner) => runner.ready)
    try {
      await Promise.any(first)
    } catch {
      await supervisor.close()
      await first[0] // rejects with why
    }
    return supervisor
  }

  get pids (): number[] {
    return [...this.#all.keys()].map((runner) => runner.pid).filter((pid) => pid !== undefined)
  }

  /** Lends an idle runner, waiting for one if none is; undefined when the signal aborts meanwhile. Rejects once it is closed. */
  async acquire (signal: AbortSignal): Promise<Lease | undefined> {
    if (this.#closed) throw new Error(CLOSED)
    const runner = this.#idle.shift() ?? await this.#wait(signal)
    return runner && { runner, release: () => this.#takeBack(runner) }
  }

  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#restart)
    for (const { reject } of this.#waiting) reject(new Error(CLOSED))
    const runners = [...this.#all.keys()]
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
    this.#all.set(runner, { runs: 0, since: performance.now() })
    runner.ready.then(() => {
      this.#restartMs = RESTART_MS.first
      this.#offer(runner)
    }, (error: Error) => { if (!this.#closed) this.#options.onError(error) })
    void runner.exited.then(() => this.#forget(runner))
  }

  #takeBack (runner: RunnerProcess): void {
    const wear = this.#all.get(runner)
    if (!wear) return // it died
    wear.runs += 1
    if (this.#idle.length > 0 && this.#isWorn(runner, wear)) runner.kill('The runner is worn')
    else this.#offer(runner)
  }

  #isWorn ({ pid = 0 }: RunnerProcess, { runs, since }: Wear): boolean {
    const { wear } = this.#options
    if (runs >= wear.runs || performance.now() - since >= wear.ageMs) return true
    return runs % RSS_EVERY_RUNS === 0 && readRssBytes(pid) >= wear.rssMb * MB
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
