/** Code may report at the end of each of its turns, of which there are thousands a second: a worker that is sent all takes it for an attack. */
const EVERY_MS = 20

/** Lets the newest report pass, at most one in 20 ms; one that is held back goes when its time has come, or with `flush`. */
export class ProgressGatherer {
  readonly #send: (value: number, message: string) => void
  #held: [value: number, message: string] | undefined
  #sentAt = -Infinity
  #timer: NodeJS.Timeout | undefined

  constructor (send: (value: number, message: string) => void) {
    this.#send = send
  }

  take (value: number, message: string): void {
    this.#held = [value, message]
    const waitMs = this.#sentAt + EVERY_MS - performance.now()
    if (waitMs <= 0) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), waitMs)
  }

  /** Sends what is held now. To be called before the end of the run is told. */
  flush (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#held) return
    const held = this.#held
    this.#held = undefined
    this.#sentAt = performance.now()
    this.#send(...held)
  }
}
