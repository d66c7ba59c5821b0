/** From this share of a run's time on, that share passes before the next one: a day makes some ninety of them. */
const SPREAD = 1 / 8

/** Says when something is to be told that happens again and again, however long a run is: ever more rarely. */
export class Pace {
  readonly #everyMs: number
  #nextMs: number

  constructor (everyMs: number) {
    this.#everyMs = everyMs
    this.#nextMs = everyMs
  }

  /** Tells whether it is time, so long after the run began, and takes it that it is done then. */
  isDue (runMs: number): boolean {
    if (runMs < this.#nextMs) return false
    this.#nextMs = runMs + Math.max(this.#everyMs, runMs * SPREAD)
    return true
  }
}
