import { createNoopMeter } from '@opentelemetry/api'
import { JobError } from '../core/failures.ts'
import type { PoolFigures } from '../core/pool-figures.ts'
import { createRunnerMetrics, type RunnerMetrics, type RunnerState } from '../telemetry/metrics/runners.ts'
import { countStates, DEFAULT_POOL, type PoolSettings } from './pool-settings.ts'
import { readRssBytes } from './proc.ts'
import { RunnerProcess, type RunnerOptions } from './runner-process.ts'
import { Wear, type WearLimits } from './wear.ts'

/** How long to wait before a runner that could not start is tried again; doubled up to the most. */
const RESTART_MS = { first: 100, most: 5000 } as const

/** Threads that cannot be stopped before no others are started in their place. */
const STUCK_MOST = 4

export interface SupervisorOptions extends RunnerOptions {
  /** Runs at one time. */
  lanes: number
  /** Warm runners beside those that are in use, so that one that is killed is replaced at once, and the next run finds one. */
  spares: number
  /** How the number of runners follows what there is to do. Without `least` there are always as many as there may be. */
  pool?: Partial<PoolSettings>
  /** When a runner that served is replaced by a fresh one. */
  wear: WearLimits
  /** Counts how runners end; nobody does without it. */
  metrics?: RunnerMetrics
  onError (error: Error): void
}

/** What a run asks of the runner that it is lent. */
export interface LeaseRequest {
  tenant: string
  /** Nobody else may run in it meanwhile. */
  alone: boolean
}

/** A runner and who is in it. */
interface Slot {
  readonly runner: RunnerProcess
  readonly wear: Wear
  isReady: boolean
  /** Ends as soon as nobody is in it. */
  isRetiring: boolean
  runs: number
  /** Of whoever is in it. */
  tenant: string
  isAlone: boolean
}

interface Waiter extends PromiseWithResolvers<Lease | undefined> {
  readonly request: LeaseRequest
}

const CLOSED = 'Cannot run code: the engine is closed'

/** A runner for one run. */
export interface Lease {
  readonly runner: RunnerProcess
  /** Gives the runner back; a dead one is replaced. */
  release (): void
}

/**
 * Keeps runner processes warm, some more than are in use, and lends them: to one run at a time, or, where runners have several threads,
 * to several runs of one tenant. More are started as runs come, and those that nobody needed for a while are ended. A runner that dies is
 * replaced, with growing pauses while none comes up; one that is worn takes nobody any more as soon as another is idle, and is ended when
 * it is empty; where each is to serve one run, all are worn by it.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #pool: PoolSettings
  /** Runners that every lane and spare has one of. */
  readonly #most: number
  readonly #metrics: RunnerMetrics
  /** The one that was released last comes last: whoever comes next finds a runner that had time to make its next isolate. */
  readonly #slots = new Map<RunnerProcess, Slot>()
  /** Served strictly in order, so that who wants a runner alone is not passed by for ever. */
  readonly #waiting = new Set<Waiter>()
  #restartMs: number = RESTART_MS.first
  #restart: NodeJS.Timeout | undefined
  /** Most runners that were needed at one time since then. */
  #peak = { needed: 0, sinceMs: performance.now() }
  readonly #check: NodeJS.Timeout
  /** Threads that were given up and have not ended. */
  #stuck = 0
  #closed = false

  private constructor (options: SupervisorOptions) {
    const { lanes, threads, spares, pool = {} } = options
    this.#options = options
    this.#most = Math.ceil(lanes / threads) + spares
    this.#pool = { ...DEFAULT_POOL, ...pool, least: Math.min(pool.least ?? this.#most, this.#most) }
    this.#metrics = options.metrics ?? createRunnerMetrics(createNoopMeter())
    this.#metrics.observe(() => ({ figures: this.figures, rssBytes: this.pids.reduce((sum, pid) => sum + readRssBytes(pid), 0) }))
    this.#check = setInterval(() => this.#lookOver(), this.#pool.checkMs)
  }

  /** Starts a runner, and when it is ready to serve the others that are always there: together they would all be late. Rejects, leaving none behind, when not one of them comes up. */
  static async start (options: SupervisorOptions): Promise<Supervisor> {
    const supervisor = new Supervisor(options)
    const first = supervisor.#add()
    const anyReady = () => Promise.any([first, ...supervisor.#slots.keys()].map((runner) => runner.ready))
    try {
      await anyReady().catch(() => {
        supervisor.#fill()
        return anyReady()
      })
    } catch (error) {
      await supervisor.close()
      throw (error as AggregateError).errors[0] // what Promise.any rejects with
    }
    supervisor.#fill()
    return supervisor
  }

  get pids (): number[] {
    return [...this.#slots.keys()].map((runner) => runner.pid).filter((pid) => pid !== undefined)
  }

  get figures (): PoolFigures {
    return countStates([...this.#slots.values()].map(stateOf), { least: this.#pool.least, most: this.#most })
  }

  /** Lends a runner, waiting for one if none has room; undefined when the signal aborts meanwhile. Rejects once it is closed, and with UNAVAILABLE where too many threads are stuck. */
  async acquire (request: LeaseRequest, signal: AbortSignal): Promise<Lease | undefined> {
    if (this.#closed) throw new Error(CLOSED)
    const waiter: Waiter = { request, ...Promise.withResolvers<Lease | undefined>() }
    const giveUp = () => { if (this.#waiting.delete(waiter)) waiter.resolve(undefined) }
    this.#waiting.add(waiter)
    this.#serve()
    this.#grow()
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    try {
      return await waiter.promise
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#restart)
    clearInterval(this.#check)
    for (const { reject } of this.#waiting) reject(new Error(CLOSED))
    const runners = [...this.#slots.keys()]
    for (const runner of runners) runner.kill('The worker stops')
    await Promise.all(runners.map((runner) => runner.exited))
  }

  #serve (): void {
    for (const waiter of this.#waiting) {
      const slot = this.#find(waiter.request)
      if (!slot) return
      this.#waiting.delete(waiter)
      waiter.resolve(this.#lend(slot, waiter.request))
    }
  }

  /** A tenant's own runner first, so that the idle ones are left for the others. */
  #find ({ tenant, alone }: LeaseRequest): Slot | undefined {
    const open = this.#listOpen()
    const shared = alone || this.#pool.fresh ? undefined : open.find((slot) => slot.runs > 0 && slot.runs < this.#options.threads && slot.tenant === tenant && !slot.isAlone)
    return shared ?? open.find(({ runs }) => runs === 0)
  }

  #lend (slot: Slot, { tenant, alone }: LeaseRequest): Lease {
    slot.runs += 1
    slot.tenant = tenant
    slot.isAlone = alone
    return { runner: slot.runner, release: () => this.#takeBack(slot) }
  }

  #takeBack (slot: Slot): void {
    const { runner, wear } = slot
    if (!this.#slots.delete(runner)) return // it died
    this.#slots.set(runner, slot)
    slot.runs -= 1
    wear.add(runner.pid ?? 0)
    this.#retireIfWorn(slot)
    this.#serve()
  }

  /** Those that were started together are worn together: the next one is retired when the last one's replacement is ready. */
  #retireIfWorn (slot: Slot): void {
    const { wear } = slot
    if (this.#pool.fresh || wear.isSpent || (wear.isOver && this.#listOpen().length >= this.#needed && this.#listIdle().some((other) => other !== slot))) slot.isRetiring = true
    if (slot.isRetiring && slot.runs === 0) slot.runner.kill('The runner is worn', 'worn')
  }

  /** Those that are ready and go on. */
  #listOpen (): Slot[] {
    return [...this.#slots.values()].filter(({ isReady, isRetiring }) => isReady && !isRetiring)
  }

  #listIdle (): Slot[] {
    return this.#listOpen().filter(({ runs }) => runs === 0)
  }

  /** Runners that there should be: one for each that is in use or waited for, and spares. */
  get #needed (): number {
    const { threads, spares } = this.#options
    const busy = this.#slots.values().reduce((sum, { runs }) => runs > 0 ? sum + 1 : sum, Math.ceil(this.#waiting.size / threads))
    return Math.min(this.#most, Math.max(this.#pool.least, busy + spares))
  }

  /** While none comes up, the pause before the next one is kept. */
  #grow (): void {
    this.#peak.needed = Math.max(this.#peak.needed, this.#needed)
    if (!this.#restart) this.#fill()
  }

  #fill (): void {
    clearTimeout(this.#restart)
    this.#restart = undefined
    if (this.#closed) return
    const needed = this.#needed
    while (this.#slots.size < needed && this.#stuck < STUCK_MOST) this.#add()
    this.#refuse()
  }

  /** Ends those that are worn though nobody used them, and those more than were needed since they were last counted. */
  #lookOver (): void {
    for (const slot of this.#listIdle()) {
      slot.wear.look(slot.runner.pid ?? 0)
      if (slot.wear.isOver) this.#retireIfWorn(slot)
    }
    if (performance.now() - this.#peak.sinceMs < this.#pool.idleMs) return
    const staying = this.#slots.values().reduce((sum, { isRetiring }) => isRetiring ? sum : sum + 1, 0)
    const surplus = Math.max(0, staying - Math.max(this.#peak.needed, this.#needed))
    for (const slot of this.#listIdle().slice(0, surplus)) {
      slot.isRetiring = true
      slot.runner.kill('Nobody needed the runner')
    }
    this.#peak = { needed: this.#needed, sinceMs: performance.now() }
  }

  #add (): RunnerProcess {
    const runner = new RunnerProcess(this.#options)
    const slot: Slot = { runner, wear: new Wear(this.#options.wear), isReady: false, isRetiring: false, runs: 0, tenant: '', isAlone: false }
    this.#slots.set(runner, slot)
    runner.ready.then(() => {
      this.#restartMs = RESTART_MS.first
      slot.isReady = true
      this.#serve()
    }, (error: Error) => { if (!this.#closed) this.#options.onError(error) })
    void runner.exited.then(({ freed }) => this.#forget(runner, freed))
    return runner
  }

  /** A thread that does not end is left to itself, and another takes its place as long as there are not too many such. */
  #leaveStuck (freed: Promise<void>): void {
    this.#stuck += 1
    this.#options.onError(new Error(`A thread runs code that nothing stops but the end of this process: it holds its memory, and the process does not end but by SIGKILL (${this.#stuck} of at most ${STUCK_MOST})`))
    void freed.then(() => {
      this.#stuck -= 1
      this.#fill()
    })
  }

  /** Without a runner, and without one to come, nobody is to wait. */
  #refuse (): void {
    if (this.#stuck < STUCK_MOST || this.#slots.size > 0) return
    for (const { reject } of this.#waiting) reject(new JobError('UNAVAILABLE', `Cannot run code: ${this.#stuck} threads of this process run code that nothing stops but the end of the process`))
    this.#waiting.clear()
  }

  #forget (runner: RunnerProcess, freed: Promise<void> | undefined): void {
    this.#slots.delete(runner)
    this.#metrics.ended(runner.end)
    if (this.#closed) return
    if (freed) this.#leaveStuck(freed)
    if (runner.isolation) return this.#fill() // it served: the next one will too
    clearTimeout(this.#restart)
    this.#restart = setTimeout(() => this.#fill(), this.#restartMs)
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_MS.most)
  }
}

function stateOf ({ isReady, isRetiring, runs }: Slot): RunnerState {
  if (!isReady) return 'starting'
  if (isRetiring) return 'retiring'
  return runs > 0 ? 'busy' : 'idle'
}
