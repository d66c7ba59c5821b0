import { readProcessCpuMs, readRssBytes } from './proc.ts'

const LOOK_MS = 1000
/** An idle runner beats, and makes its next isolate ready: some milliseconds in a second. */
const BUSY_SHARE = 0.25
/** Looks in a row at which it is busy: V8 tidies up after a large run. */
const BUSY_LOOKS = 5
const GROWTH_BYTES = 134_217_728

/** What a process used so far; zeros where there is no /proc. */
export type ReadUse = (pid: number) => { cpuMs: number, rssBytes: number }

export interface IdleWatchOptions {
  pid: number
  /** Called once, with what the runner did that no idle runner does. */
  onBusy (reason: string): void
  /** Ours unless given. */
  readUse?: ReadUse
}

interface Look {
  atMs: number
  cpuMs: number
  rssBytes: number
}

/**
 * Watches a runner while no run is in it, when its runs' own watches do not: one that works or grows all the same was taken over. It
 * looks every second; what it sees of a second in which a run was there does not count.
 */
export class IdleWatch {
  readonly #options: IdleWatchOptions
  readonly #readUse: ReadUse
  readonly #timer: NodeJS.Timeout
  #runs = 0
  #first: Look | undefined
  #last: Look | undefined
  #busyLooks = 0

  constructor (options: IdleWatchOptions) {
    this.#options = options
    this.#readUse = options.readUse ?? ((pid) => ({ cpuMs: readProcessCpuMs(pid), rssBytes: readRssBytes(pid) }))
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  /** A run comes. */
  enter (): void {
    this.#runs += 1
    this.#first = this.#last = undefined
    this.#busyLooks = 0
  }

  /** A run is over. */
  leave (): void {
    this.#runs -= 1
  }

  close (): void {
    clearInterval(this.#timer)
  }

  #look (): void {
    if (this.#runs > 0) return
    const now: Look = { atMs: performance.now(), ...this.#readUse(this.#options.pid) }
    this.#first ??= now
    const last = this.#last ?? now
    this.#last = now
    const isBusy = now.cpuMs - last.cpuMs > (now.atMs - last.atMs) * BUSY_SHARE
    this.#busyLooks = isBusy ? this.#busyLooks + 1 : 0
    if (this.#busyLooks >= BUSY_LOOKS) this.#end('The runner works, and no run is in it')
    else if (now.rssBytes - this.#first.rssBytes > GROWTH_BYTES) this.#end('The runner grows, and no run is in it')
  }

  #end (reason: string): void {
    this.close()
    this.#options.onBusy(reason)
  }
}
