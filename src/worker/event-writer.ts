import type { NewEvent } from '../core/events.ts'
import type { Progress } from '../core/job.ts'
import type { TransformProgress } from '../core/transform.ts'
import type { LogEntry } from '../engine/engine.ts'
import type { Db, Run } from '../store/db.ts'
import { append } from '../store/moves/progress.ts'

/** Events waiting for Redis before the runner is made to wait too. */
const PENDING_MAX = 500
/** Events of one write; more go in several, since the arguments of a command are bounded. */
const BATCH_MAX = 1000
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

/**
 * Appends the events of one run as they come, one write at a time: what comes during a write goes with the next.
 * States: open ⇄ writing → fenced. A fenced writer drops whatever comes.
 */
export class EventWriter {
  readonly #db: Db
  readonly #run: Run
  readonly #on: WriterEvents
  #pending: NewEvent[] = []
  #progress: Progress | undefined
  /** What the code said last of its progress, and what is known of it without the code. */
  #said: Pick<Progress, 'value' | 'message'> | undefined
  #figures: TransformProgress | undefined
  #progressEvents = 0
  #writing: Promise<void> | undefined
  readonly #skewMs: number
  #fenced = false

  /** Times are put right by that much: see `shiftTimes`. */
  constructor (db: Db, run: Run, on: WriterEvents, skewMs = 0) {
    this.#db = db
    this.#run = run
    this.#on = on
    this.#skewMs = skewMs
  }

  /** Resolves when there is room for more. */
  addLogs (entries: readonly LogEntry[]): Promise<void> | void {
    if (this.#fenced) return
    for (const entry of entries) this.#pending.push(logEvent(entry))
    this.#write()
    if (this.#pending.length > PENDING_MAX) return this.#writing
  }

  setProgress (value: number, message: string): void {
    if (this.#fenced) return
    this.#said = { value, message }
    this.#progressEvents += 1
    this.#tellProgress(this.#progressEvents <= PROGRESS_EVENTS_MAX)
  }

  /** Tells how far a transform is, in the history only where that is asked for: a run does so a bounded number of times. */
  setFigures (figures: TransformProgress, isTold: boolean): void {
    if (this.#fenced) return
    this.#figures = figures
    this.#tellProgress(isTold)
  }

  /** For events of which a run has a bounded number. */
  add (event: NewEvent): void {
    if (this.#fenced) return
    this.#pending.push(event)
    this.#write()
  }

  /** Resolves when everything that was added so far is written, or is not to be any more. */
  async written (): Promise<void> {
    await this.#writing // which ends with nothing left to write
  }

  /** Takes the run's last events and answers those that go with its settlement, so that a short history costs no write of its own. */
  async finish (last: readonly NewEvent[]): Promise<NewEvent[]> {
    for (const event of last) this.#pending.push(event)
    const rest = this.#pending.splice(Math.max(0, this.#pending.length - BATCH_MAX))
    this.#write()
    await this.#writing
    return rest
  }

  #tellProgress (isTold: boolean): void {
    const { value, message } = this.#said ?? { value: this.#figures?.fraction ?? 0, message: '' }
    this.#progress = { value, message, ...this.#figures }
    if (isTold) this.#pending.push({ type: 'job.progress', time: Date.now(), payload: this.#progress })
    this.#write()
  }

  #write (): void {
    if (this.#pending.length > 0 || this.#progress) this.#writing ??= this.#drain()
  }

  async #drain (): Promise<void> {
    while (!this.#fenced && (this.#pending.length > 0 || this.#progress)) {
      const [events, progress] = [this.#pending.splice(0, BATCH_MAX), this.#progress]
      this.#progress = undefined
      const answer = await append(this.#db, this.#run, shiftTimes(events, this.#skewMs), progress).catch((error: unknown) => {
        this.#on.error(error)
        return { type: 'fenced' } as const
      })
      if (answer.type === 'fenced') this.#fence()
      else if (answer.cancelled) this.#on.cancelled()
    }
    this.#writing = undefined // with the look at what is pending: nothing may come in between and find nobody to write it
  }

  #fence (): void {
    this.#fenced = true
    this.#pending = []
    this.#progress = undefined
    this.#on.fenced()
  }
}

/** Puts the times of events right that a worker's clock told, which may be far from Redis's: the history of a job is to have one clock. */
export function shiftTimes (events: readonly NewEvent[], skewMs: number): readonly NewEvent[] {
  return skewMs === 0 ? events : events.map((event) => ({ ...event, time: event.time + skewMs }))
}

/** A line of the log as an event. */
export function logEvent ({ time, level, message }: LogEntry): NewEvent {
  return { type: 'job.log', time, payload: { level, message } }
}
