/** Over about how long rates are averaged. */
const WINDOW_MS = 10_000
/** Between two looks: what comes closer together says little. */
const LOOK_MS = 200

/** Rates of a run, and when it will be through at those. Time is passed in, in milliseconds of a steady clock. */
export class TransformMeter {
  #at: number
  #records: number
  #fraction: number
  #recordsPerMs: number | undefined
  #fractionPerMs = 0

  constructor (at: number, { records = 0, fraction = 0 } = {}) {
    this.#at = at
    this.#records = records
    this.#fraction = fraction
  }

  /** That many records were read, and that share of the input; none where that is not known. */
  look (at: number, { records, fraction }: { records: number, fraction: number | null }): { recordsPerSecond: number, etaMs: number | null } {
    const passedMs = at - this.#at
    if (passedMs >= LOOK_MS) {
      const recordsPerMs = (records - this.#records) / passedMs
      const fractionPerMs = ((fraction ?? 0) - this.#fraction) / passedMs
      const weight = this.#recordsPerMs === undefined ? 1 : 1 - Math.exp(-passedMs / WINDOW_MS)
      this.#recordsPerMs = average(this.#recordsPerMs ?? 0, recordsPerMs, weight)
      this.#fractionPerMs = average(this.#fractionPerMs, fractionPerMs, weight)
      this.#at = at
      this.#records = records
      this.#fraction = fraction ?? 0
    }
    const etaMs = fraction === 1 ? 0 : fraction === null || this.#fractionPerMs <= 0 ? null : Math.round((1 - fraction) / this.#fractionPerMs)
    return { recordsPerSecond: Math.round((this.#recordsPerMs ?? 0) * 1000), etaMs }
  }
}

function average (before: number, now: number, weight: number): number {
  return before + (now - before) * weight
}
