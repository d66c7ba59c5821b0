/** Lets things pass in their order, so many at once and so many from then on; what is too fast waits. */
export class Pace {
  readonly #charsPerMs: number
  readonly #burstMs: number
  readonly #waiting = new Set<NodeJS.Timeout>()
  /** When all that was taken would have passed at an even pace. */
  #evenAtMs = 0

  constructor ({ charsPerMs, burstChars }: { charsPerMs: number, burstChars: number }) {
    this.#charsPerMs = charsPerMs
    this.#burstMs = burstChars / charsPerMs
  }

  pass (chars: number, send: () => void): void {
    const now = performance.now()
    this.#evenAtMs = Math.max(this.#evenAtMs, now) + chars / this.#charsPerMs
    const delayMs = Math.ceil(this.#evenAtMs - now - this.#burstMs)
    if (delayMs <= 0 && this.#waiting.size === 0) return send()
    const timer = setTimeout(() => {
      this.#waiting.delete(timer)
      send()
    }, Math.max(0, delayMs))
    this.#waiting.add(timer)
  }

  /** Drops what waits. */
  close (): void {
    for (const timer of this.#waiting) clearTimeout(timer)
    this.#waiting.clear()
  }
}
