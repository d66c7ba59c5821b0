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
/** Reading a process's memory takes a while, so it is done once in so many runs. */
const RSS_EVERY_RUNS = 50

/** What one runner has been through. */
export class Wear {
  readonly #since = performance.now()
  #runs = 0

  /** One run more is over. */
  add (): void {
    this.#runs += 1
  }

  isOver (limits: WearLimits, pid: number): boolean {
    if (this.#runs >= limits.runs || performance.now() - this.#since >= limits.ageMs) return true
    return this.#runs > 0 && this.#runs % RSS_EVERY_RUNS === 0 && readRssBytes(pid) >= limits.rssMb * MB
  }
}
