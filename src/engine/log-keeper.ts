import type { LogBudget } from '../core/log-budget.ts'
import type { LogEntry, LogTail } from './engine.ts'

/** Of the newest lines that are kept for evidence, whatever the budget: how many, and how much of each. */
const LAST = { lines: 20, chars: 200 } as const

/**
 * Holds the log lines of one run to their budget: the head passes as it comes; once it is full nothing passes any more, a ring keeps
 * the newest lines, and what the ring lets go is counted.
 */
export class LogKeeper {
  readonly #budget: LogBudget
  readonly #ring: { entry: LogEntry, bytes: number }[] = []
  #lines = 0
  #bytes = 0
  #ringBytes = 0
  #headIsFull = false
  readonly #dropped = { lines: 0, bytes: 0 }
  #last: LogEntry[] = []

  constructor (budget: LogBudget) {
    this.#budget = budget
  }

  /** Takes a batch and what the sandbox left out before it; answers the lines that still belong to the head. */
  take (entries: readonly LogEntry[], dropped: { lines: number, bytes: number }): LogEntry[] {
    this.#dropped.lines += dropped.lines
    this.#dropped.bytes += dropped.bytes
    if (dropped.lines > 0) this.#headIsFull = true
    this.#last = [...this.#last, ...entries.slice(-LAST.lines)].slice(-LAST.lines)
    return entries.filter((entry) => this.#takeLine(entry))
  }

  /** Bytes of all that is kept. */
  get bytes (): number {
    return this.#bytes + this.#ringBytes
  }

  /** What the run logged, kept or not. */
  get seen (): { lines: number, bytes: number } {
    return { lines: this.#lines + this.#ring.length + this.#dropped.lines, bytes: this.bytes + this.#dropped.bytes }
  }

  /** The newest lines, each with its level, cut. */
  get lastLines (): string[] {
    return this.#last.map(({ level, message }) => `${level}: ${message}`.slice(0, LAST.chars))
  }

  get tail (): LogTail {
    return { dropped: this.#dropped, lines: this.#ring.map(({ entry }) => entry) }
  }

  #takeLine (entry: LogEntry): boolean {
    const bytes = Buffer.byteLength(entry.message)
    const { headLines, headBytes } = this.#budget
    if (this.#headIsFull || this.#lines + 1 > headLines || this.#bytes + bytes > headBytes) {
      this.#headIsFull = true
      this.#keepInRing(entry, bytes)
      return false
    }
    this.#lines += 1
    this.#bytes += bytes
    return true
  }

  #keepInRing (entry: LogEntry, bytes: number): void {
    this.#ring.push({ entry, bytes })
    this.#ringBytes += bytes
    while (this.#ring.length > this.#budget.tailLines || this.#ringBytes > this.#budget.tailBytes) {
      const oldest = this.#ring.shift()
      if (!oldest) return
      this.#ringBytes -= oldest.bytes
      this.#dropped.lines += 1
      this.#dropped.bytes += oldest.bytes
    }
  }
}
