import { BEAT_MS } from '../core/runner-protocol.ts'

/** Words in the reason of a kill for silence. */
export const SILENCE = 'gave no sign of life'

/** Beats that a thread may miss, for an operator who does not say. */
export const DEFAULT_MISSED_BEATS = 5

export interface HeartbeatOptions {
  threads: number
  /** Looks in a row without a beat of a thread that are still forgiven. */
  missedBeats: number
  /** Nothing is being read from the threads: they cannot be blamed for their silence. */
  isDeaf (): boolean
  /** A thread gave no sign of life for too long. Called once. */
  onLost (reason: string): void
}

/**
 * Looks about every second whether each thread of a runner was heard since the last look. It counts looks and not time: when the machine
 * was suspended, or this process held up, nobody looked either.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #missed: number[]
  readonly #timer: NodeJS.Timeout

  constructor (options: HeartbeatOptions) {
    this.#options = options
    this.#missed = Array.from({ length: options.threads }, () => 0)
    this.#timer = setInterval(() => this.#look(), BEAT_MS)
  }

  /** A thread lives. Throws when there is no such thread. */
  beat (thread: number): void {
    if (this.#missed[thread] === undefined) throw new Error(`Cannot take "beat": the runner has no thread ${thread}`)
    this.#missed[thread] = 0
  }

  close (): void {
    clearInterval(this.#timer)
  }

  #look (): void {
    if (this.#options.isDeaf()) return void this.#missed.fill(0)
    this.#missed.forEach((count, thread) => { this.#missed[thread] = count + 1 })
    if (!this.#missed.some((count) => count > this.#options.missedBeats)) return
    this.close()
    this.#options.onLost(`A thread of the runner ${SILENCE} for ${this.#options.missedBeats} s`)
  }
}
