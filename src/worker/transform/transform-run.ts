import { setTimeout as delay } from 'node:timers/promises'
import { JobError } from '../../core/failures.ts'
import type { RunOutput } from '../../core/file.ts'
import { buildBrokenLimit, buildFailure, type JobFailure, type Outcome } from '../../core/outcome.ts'
import type { RecordBatch, RecordPort, RecordPosition, TransformOutput } from '../../core/records.ts'
import type { TransformFigures, TransformProgress, TransformSettings } from '../../core/transform.ts'
import type { ActiveRun } from '../active-runs.ts'
import { Pace } from '../pace.ts'
import type { RunCheckpoint } from '../run-checkpoint.ts'
import { describeRecordError, readFailure, TransformFailure } from './failure.ts'
import { TransformMeter } from './meter.ts'
import type { Reject, TransformOutputs, Written } from './outputs.ts'
import type { SourceCursor } from './source-cursor.ts'

/** How long a commit waits that Redis has not brought to where it cannot be lost. */
const UNCONFIRMED_MS = 500

export interface TransformRunOptions {
  settings: TransformSettings
  cursor: SourceCursor
  outputs: TransformOutputs
  checkpoint: Pick<RunCheckpoint, 'save'>
  active: Pick<ActiveRun, 'signal' | 'isLeaving' | 'stop'>
  /** Where its part of the input begins. */
  start: RecordPosition
  /** What the run before has committed, and the state of its code. */
  committed: { figures: TransformFigures, state: string | null }
  /** Share of the input that was read, where the code is there; null where that cannot be told. */
  fractionAt (position: RecordPosition): number | null
  /** The result of a shard says what those who join it need to know. */
  isPart: boolean
  onError (error: unknown): void
}

/**
 * The records of one run of a transform, between its reader, its code and its files. What the code has taken and what was made of it are
 * written in turns, one after another, so that a commit finds both at the same place. States: open → failed or concluded; what went wrong first stands.
 */
export class TransformRun implements RecordPort {
  readonly settings: TransformSettings
  readonly state: string | null
  readonly #options: TransformRunOptions
  readonly #failing = new AbortController()
  readonly #beganAt = performance.now()
  readonly #checkpoints = new Pace(0)
  readonly #meter: TransformMeter
  #records: Omit<TransformFigures['records'], 'read'>
  #furthest: number
  #turn: Promise<unknown> = Promise.resolve()
  #failure: JobFailure | undefined
  #hasCommitted = false

  constructor (options: TransformRunOptions) {
    const { settings, cursor, committed, fractionAt } = options
    this.settings = settings
    this.state = committed.state
    this.#options = options
    this.#records = { ...committed.figures.records }
    this.#furthest = cursor.position.records
    this.#meter = new TransformMeter(this.#beganAt, { records: committed.figures.records.read, fraction: fractionAt(cursor.position) ?? 0 })
  }

  /** Aborts when the transform cannot go on, whatever its code does. */
  get signal (): AbortSignal { return this.#failing.signal }

  /** It got further than any run before, and that is kept. */
  get hasCommitted (): boolean { return this.#hasCommitted }

  get figures (): TransformFigures {
    const { cursor, start, outputs } = this.#options
    const { records, bytes } = cursor.position
    const { written, rejected } = this.#records
    return { records: { read: records - start.records, written, rejected }, bytes: { read: bytes - start.bytes, written: outputs.bytes } }
  }

  get progress (): TransformProgress {
    const { figures } = this
    const fraction = this.#options.fractionAt(this.#options.cursor.position)
    return { ...figures, fraction, ...this.#meter.look(performance.now(), { records: figures.records.read, fraction }) }
  }

  async next (): Promise<RecordBatch | null> {
    try {
      return await this.#options.cursor.next()
    } catch (error) {
      throw this.#fail(error)
    }
  }

  mark (): void {
    this.#options.outputs.mark()
  }

  take (output: TransformOutput): Promise<void> {
    return this.#inTurn(() => this.#take(output))
  }

  /** Counts what was passed over, where it is more than can wait. */
  passSkipped (): Promise<void> {
    return this.#inTurn(() => this.#advance())
  }

  /** Says what the attempt ended with, which is a failure where its records were; where the code ended well, with everything written. */
  async conclude (outcome: Outcome): Promise<{ outcome: Outcome, outputs: RunOutput[] }> {
    if (outcome.type === 'succeeded' && !this.#failure) {
      try {
        const written = await this.#inTurn(() => this.#end())
        return { outcome: { ...outcome, result: this.#writeResult(outcome.result, written) }, outputs: written.outputs }
      } catch {
        // It is kept as the failure.
      }
    }
    const isStopped = this.#options.active.signal.aborted
    const outputs = await this.#salvage()
    return { outcome: this.#failure && !isStopped ? { type: 'failed', error: this.#failure, usage: outcome.usage } : outcome, outputs }
  }

  #inTurn<T> (act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => { this.#throwIfFailed(); return act() }).catch((error: unknown) => { throw this.#fail(error) })
    this.#turn = done.catch(() => {}) // whoever acts hears of it
    return done
  }

  async #take ({ taken, text, count, rejects, state }: TransformOutput): Promise<void> {
    const { cursor, outputs } = this.#options
    await outputs.write(text, count)
    this.#records.written += count
    await this.#reject(rejects.map(({ record, byte, failure }) => ({ record, byte, error: shorten(failure) })), (record) => cursor.lineOf(record))
    await this.#advance(taken)
    if (state !== null) await this.#commit(state)
  }

  async #advance (taken?: number): Promise<void> {
    const skipped = this.#options.cursor.advance(taken)
    await this.#reject(skipped.map((error) => ({ record: error.record, byte: error.byte, error: shorten(describeRecordError(error)) })))
  }

  async #reject (rejects: readonly Reject[], textOf?: (record: number) => string | undefined): Promise<void> {
    const { outputs, settings: { errors: { policy, max = Infinity } } } = this.#options
    if (rejects.length > 0 && policy === 'fail') throw new RangeError('Cannot take rejects: the first failure ends the transform')
    await outputs.reject(rejects, textOf)
    const room = Math.max(0, max - this.#records.rejected)
    this.#records.rejected += rejects.length
    const last = rejects[room]
    if (last) throw tooMany(last, max)
  }

  async #commit (json: string): Promise<void> {
    const { cursor: { position }, outputs, checkpoint, active } = this.#options
    const { outputs: files, state: writer } = await outputs.commit(false)
    const isFurther = position.records > this.#furthest
    const more = { work: { position, figures: this.figures, writer }, outputs: files, isFurther, isTold: this.#checkpoints.isDue(performance.now() - this.#beganAt) }
    let saved = await checkpoint.save(json, more)
    for (; saved === 'unconfirmed' && !active.signal.aborted; saved = await checkpoint.save(json, more)) await delay(UNCONFIRMED_MS)
    if (saved !== 'kept') return // the run was told to stop
    this.#furthest = position.records
    this.#hasCommitted ||= isFurther
    if (active.isLeaving) active.stop('shutdown')
  }

  async #end (): Promise<Written> {
    await this.#advance()
    return this.#options.outputs.commit(true)
  }

  /** What was written of a transform that does not end well, for whoever wants to look at it. */
  async #salvage (): Promise<RunOutput[]> {
    await this.#turn
    const { outputs } = this.#options
    return outputs.bytes === 0 ? [] : outputs.salvage().catch(() => [])
  }

  #writeResult (value: string, { outputs, state }: Written): string {
    const files = outputs.map(({ id, name, extents }) => ({ id, name, bytes: extents.reduce((sum, { bytes }) => sum + bytes, 0) }))
    const rest = JSON.stringify({ ...this.figures, files, ...this.#options.isPart ? { state } : {} })
    return `{"value":${value},${rest.slice(1)}`
  }

  /** What comes after it was told of is not dealt with any more. */
  #throwIfFailed (): void {
    if (this.#failure) throw new TransformFailure(this.#failure)
  }

  /** Keeps what went wrong first, and has the code be stopped. What nobody has foreseen is for the log alone. */
  #fail (error: unknown): JobError {
    const failure = readFailure(error)
    if (!failure) this.#options.onError(error)
    this.#failure ??= failure ?? buildFailure('INTERNAL', 'The transform cannot go on: what came of its records could not be dealt with')
    this.#failing.abort()
    return new JobError(this.#failure.code, this.#failure.message, { cause: error })
  }
}

function shorten ({ code, name, message }: JobFailure): Reject['error'] {
  return { code, name, message }
}

function tooMany ({ record: number, byte, error: { message } }: Reject, max: number): TransformFailure {
  const at = number === null ? {} : { record: { number, byte } }
  return new TransformFailure(buildFailure('RECORD_ERRORS', `Cannot go on: more than ${max} records failed (transform.errors.max); record ${number}: ${message}`, { limit: buildBrokenLimit('errors.max', max, max + 1), ...at }))
}
