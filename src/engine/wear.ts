import { readRssBytes } from './proc.ts'

/** A runner is worn when it reached any of these; it goes on until another stands ready, so that capacity never drops. */
export interface WearLimits {
  runs: number
  ageMs: number
  rssMb: number
}

/** For an operator who does not say. */
export const DEFAULT_WEAR: WearLimits = Object.freeze({ runs: 10_000, ageMs: 3_600_000, rssMb: 512 })

const MB = 1_048_576
/** Times its memory at which a runner takes nobody any more, whoever else is there: each run may add to what it found. */
const SPENT = 2

/** What one runner has been through. */
export class Wear {
  readonly #limits: WearLimits
  readonly #since = performance.now()
  #runs = 0
  #rssBytes = 0

  constructor (limits: WearLimits) {
    this.#limits = limits
  }

  /** One run more is over in the process. */
  add (pid: number): void {
    this.#runs += 1
    this.look(pid)
  }

  look (pid: number): void {
    this.#rssBytes = readRssBytes(pid)
  }

  /** It should be replaced. */
  get isOver (): boolean {
    const { runs, ageMs, rssMb } = this.#limits
    return this.#runs >= runs || performance.now() - this.#since >= ageMs || this.#rssBytes >= rssMb * MB
  }

  /** It must not be lent again. */
  get isSpent (): boolean {
    return this.#rssBytes >= SPENT * this.#limits.rssMb * MB
  }
}
