import type { NewEvent } from '../core/events.ts'
import type { LogEntry } from '../engine/engine.ts'
import type { Db, Run } from '../store/db.ts'
import { append, type Progress } from '../store/moves/progress.ts'

/** Events waiting for Redis before the runner is made to wait too. */
const PENDING_MAX = 500
/** Progress is kept in the history up to this many times a run; afterwards only the newest value is. */
const PROGRESS_EVENTS_MAX = 10_000

export interface WriterEvents {
  /** The run no longer holds its job: nothing more is written. */
  fenced (): void
  /** Somebody asked for the end of the job. */
  cancelled (): void
  /** A write failed for good. */
  error (error: unknown): void
}

/** Appends the events of one run as they come, one write at a time: what comes during a write goes with the next. */
export class EventWriter {
  readonly #db: Db
  readonly #run: Run
  readonly #on: WriterEvents
  #pending: NewEvent[] = []
  #progress: Progress | undefined
  #progressEvents = 0
  #writing: Promise<void> | undefined

  constructor (db: Db, run: Run, on: WriterEvents) {
    this.#db = db
    this.#run = run
    this.#on = on
  }

  /** Resolves when there is room for more. */
  addLogs (entries: readonly LogEntry[]): Promise<void> | void {
    this.#pending.push(...entries.map(logEvent))
    this.#write()
    if (this.#pending.length > PENDING_MAX) return this.#writing
  }

  setProgress (value: number, message: string): void {
    this.#progress = { value, message }
    this.#progressEvents += 1
    if (this.#progressEvents <= PROGRESS_EVENTS_MAX) this.#pending.push({ type: 'job.progress', time: Date.now(), payload: { value, message } })
    this.#write()
  }

  /** Waits for the write under way and answers what was not written yet, for the settlement to take along. */
  async finish (): Promise<NewEvent[]> {
    const rest = this.#pending
    this.#pending = []
    await this.#writing
    return rest
  }

  #write (): void {
    this.#writing ??= this.#drain().finally(() => { this.#writing = undefined })
  }

  async #drain (): Promise<void> {
    while (this.#pending.length > 0 || this.#progress) {
      const [events, progress] = [this.#pending, this.#progress]
      this.#pending = []
      this.#progress = undefined
      const answer = await append(this.#db, this.#run, events, progress).catch((error: unknown) => {
        this.#on.error(error)
        return { type: 'fenced' } as const
      })
      if (answer.type === 'fenced') return this.#on.fenced()
      if (answer.cancelled) this.#on.cancelled()
    }
  }
}

/** A line of the log as an event. */
export function logEvent ({ time, level, message }: LogEntry): NewEvent {
  return { type: 'job.log', time, payload: { level, message } }
}
