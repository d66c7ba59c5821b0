/** Milliseconds since a run began, and bytes that its process had grown by. */
export type MemorySample = [ms: number, bytes: number]

const SAMPLES_MAX = 64

/** Keeps at most 64 samples of any number that come, evenly spread over those, and always the last. */
export class MemoryCurve {
  #kept: MemorySample[] = []
  #last: MemorySample | undefined
  /** One in so many is kept. */
  #every = 1
  #count = 0

  add (ms: number, bytes: number): void {
    this.#last = [Math.round(ms), bytes]
    if (this.#count++ % this.#every !== 0) return
    this.#kept.push(this.#last)
    if (this.#kept.length < SAMPLES_MAX) return
    this.#kept = this.#kept.filter((_, index) => index % 2 === 0)
    this.#every *= 2
  }

  get samples (): MemorySample[] {
    return this.#last === undefined || this.#kept.at(-1) === this.#last ? [...this.#kept] : [...this.#kept, this.#last]
  }
}
