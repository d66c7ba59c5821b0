import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { JOB_LIMITS } from '../../core/limits.ts'
import { openDb, type Db, type DbOptions } from '../../store/db.ts'
import { createSubscriber, type Subscriber } from '../../store/subscriber.ts'
import { beat, work, type DoneCall, type FlowWorker, type TakenCall } from '../../store/flow/work.ts'
import { runCall, type CallRunner, type RanCall } from './run-call.ts'

/** A worker that is not heard of for so long is taken for dead, with the calls that it has. */
const ALIVE_MS = 5000
const BEAT_EVERY_MS = 1000
/** An idle worker looks for calls this often, whatever it was told. */
const IDLE_SECONDS = 1
const RETRY_MS = 200
/** How often it is looked whether all lanes are one tenant's, and nothing has ended since: then a call of another tenant is taken. */
const HELD_MS = 250
/** How long the answer of a call is offered to a Redis that is away. */
const ANSWER_WITHIN_MS = 10_000

export interface FlowLanesOptions extends CallRunner, Pick<FlowWorker, 'quarantineCrashes' | 'quarantineMs'> {
  store: Omit<DbOptions, 'failFast' | 'once'>
  /** Name of this worker. */
  worker: string
  /** Calls at one time, and one more while all of those are one tenant's; none are taken with 0. */
  lanes: number
  onError (error: unknown): void
}

export interface FlowLanes {
  /** Calls that run. */
  readonly active: number
  /** Takes no more calls, lets those that run end, and stops those that have not after so long: their callers are told. */
  close (drainMs: number): Promise<void>
}

/**
 * Runs flow calls beside a worker's jobs, in lanes of their own. Whoever ends one takes the next in the same breath; a lane without one waits for the bell, which rings for
 * one worker at a time. While all lanes are one tenant's, one call more is taken, of another tenant: nobody's long calls shut the others out. Commands are sent once: a call that was taken by a command whose answer was lost is run by nobody, and its caller is told.
 */
export async function createFlowLanes (options: FlowLanesOptions): Promise<FlowLanes> {
  if (options.lanes === 0) return { active: 0, close: () => Promise.resolve() }
  const db = openDb({ ...options.store, failFast: true, once: true })
  const bell = db.redis.duplicate({ autoResendUnfulfilledCommands: true, commandTimeout: undefined, maxRetriesPerRequest: null, enableOfflineQueue: true })
  bell.on('error', options.onError)
  const subscriber = createSubscriber(db, options)
  const lanes = new Lanes(db, bell, options)
  const cancels = subscriber.listen(db.keys.flowCancelChannel, (id) => { if (id !== undefined) lanes.stop(id) })
  await cancels.confirmed
  await lanes.start()
  return {
    get active () { return lanes.active },
    close: (drainMs) => closeAll(lanes, drainMs, { db, bell, subscriber }),
  }
}

async function closeAll (lanes: Lanes, drainMs: number, { db, bell, subscriber }: { db: Db, bell: Redis, subscriber: Subscriber }): Promise<void> {
  const drained = lanes.drain()
  const late = setTimeout(() => lanes.stop(), drainMs)
  await drained
  clearTimeout(late)
  bell.disconnect()
  await lanes.idle
  await Promise.all([subscriber.close(), db.close()])
}

/** States: taking → draining. */
class Lanes {
  readonly #db: Db
  readonly #bell: Redis
  readonly #options: FlowLanesOptions
  readonly #self: FlowWorker
  readonly #runs = new Map<string, { tenant: string, stop: AbortController }>()
  /** Lanes that calls were asked for and have not come. */
  #asked = 0
  /** Calls whose callers left while some were asked for: they may be among them, for what Redis takes back and what it hands out come over two connections. */
  readonly #left = new Set<string>()
  /** Calls that are over and whose answer is on its way. */
  #ending = 0
  /** Calls that are over, in all and up to the last look. */
  #ended = 0
  #endedBefore = 0
  #isDraining = false
  #free = Promise.withResolvers<void>()
  #empty = Promise.withResolvers<void>()
  #timers: NodeJS.Timeout[] = []
  /** Resolves when it takes no calls any more. */
  idle: Promise<void> = Promise.resolve()

  constructor (db: Db, bell: Redis, options: FlowLanesOptions) {
    const { lanes, worker, quarantineCrashes, quarantineMs } = options
    this.#db = db
    this.#bell = bell
    this.#options = options
    this.#self = { member: `${lanes} ${worker}`, quarantineCrashes, quarantineMs, runMs: 2 * JOB_LIMITS.timeoutMs.max }
  }

  get active (): number { return this.#runs.size }

  async start (): Promise<void> {
    await beat(this.#db, this.#self, ALIVE_MS)
    this.#timers = [
      setInterval(() => { beat(this.#db, this.#self, ALIVE_MS).catch(this.#options.onError) }, BEAT_EVERY_MS),
      setInterval(() => this.#look(), HELD_MS),
    ]
    this.idle = this.#take()
  }

  /** Stops one call, or all. */
  stop (id?: string): void {
    for (const [each, run] of this.#runs) if (id === undefined || id === each) run.stop.abort()
    if (id !== undefined && this.#asked > 0) this.#left.add(id)
  }

  async drain (): Promise<void> {
    this.#isDraining = true
    this.#free.resolve()
    if (!this.#isEmpty) await this.#empty.promise
    for (const timer of this.#timers) clearInterval(timer)
    await beat(this.#db, this.#self, 0).catch(this.#options.onError)
  }

  get #isEmpty (): boolean { return this.#runs.size + this.#asked + this.#ending === 0 }

  get #room (): number { return this.#isDraining ? 0 : this.#options.lanes - this.#runs.size - this.#asked }

  /** The tenant whose calls hold every lane. */
  get #holder (): string | undefined {
    if (this.#isDraining || this.#asked > 0 || this.#runs.size !== this.#options.lanes) return undefined
    const [first, ...others] = this.#runs.values()
    return others.every(({ tenant }) => tenant === first?.tenant) ? first?.tenant : undefined
  }

  async #take (): Promise<void> {
    const { keys } = this.#db
    while (!this.#isDraining) {
      try {
        if (this.#room > 0) await this.#ask()
        if (this.#room <= 0) {
          await this.#free.promise
          continue
        }
        const rung = await this.#bell.blpop(keys.flowBell, IDLE_SECONDS)
        if (rung && this.#room <= 0) await this.#db.redis.rpush(keys.flowBell, '') // for another worker
      } catch (error) {
        if (this.#isDraining) return
        this.#options.onError(error)
        await delay(RETRY_MS)
      }
    }
  }

  /** Every so often: takes a call of another tenant where one has held every lane since the last look. */
  #look (): void {
    if (this.#holder !== undefined && this.#ended === this.#endedBefore) this.#ask().catch(this.#options.onError)
    this.#endedBefore = this.#ended
  }

  /** Takes as many calls as there is room for, or one of another tenant than the one that holds every lane, after it has told of one that is over. */
  async #ask (done?: DoneCall): Promise<void> {
    const passOver = this.#holder
    const wanted = passOver === undefined ? Math.max(0, this.#room) : 1
    this.#asked += wanted
    let taken: TakenCall[] = []
    try {
      taken = await work(this.#db, this.#self, wanted, { done, passOver })
    } finally {
      this.#asked -= wanted
      for (const call of taken) void this.#run(call)
      if (this.#asked === 0) this.#left.clear()
      this.#tell()
    }
  }

  async #run (call: TakenCall): Promise<void> {
    const stop = new AbortController()
    this.#runs.set(call.id, { tenant: call.tenant, stop })
    if (this.#left.has(call.id)) stop.abort()
    const ran = await runCall(this.#options, call, stop.signal)
    this.#ending += 1
    this.#ended += 1
    this.#runs.delete(call.id)
    await this.#answer(call, ran)
    this.#ending -= 1
    this.#tell()
  }

  async #answer ({ id, tenant, codeHash, caller }: TakenCall, ran: RanCall): Promise<void> {
    const until = performance.now() + ANSWER_WITHIN_MS
    for (;;) {
      try {
        return await this.#ask({ id, tenant, codeHash, caller, ...ran })
      } catch (error) {
        this.#options.onError(error)
        if (performance.now() > until) return
        await delay(RETRY_MS)
      }
    }
  }

  /** Tells whoever waits for room, or for the end of it all. */
  #tell (): void {
    if (this.#room > 0) {
      this.#free.resolve()
      this.#free = Promise.withResolvers()
    }
    if (this.#isDraining && this.#isEmpty) this.#empty.resolve()
  }
}
