import type { JobFailure } from './outcome.ts'
import type { TransformSettings } from './transform.ts'

/** Where a record begins: how many come before it, and which byte of the source, without its compression, it begins at. */
export interface RecordPosition {
  records: number
  bytes: number
}

/** Some records of a source, one after another. */
export interface RecordBatch {
  /** Their JSON, one a line, in valid UTF-8, with a newline after each. What is between the newlines was bounded but not parsed: a line may be no JSON. */
  text: Buffer
  count: number
  /** Of the first one. */
  start: RecordPosition
  /** Where each of them ends in the source: where the next one begins. */
  ends: Float64Array
}

/** Reads a source record by record, as fast as it is asked. The caller closes it. */
export interface RecordReader {
  /**
   * The next batch; undefined when there are no more. Throws a RecordError for what is not as it has to be, after everything before it was given; where
   * that has an `end`, the call after it goes on there.
   */
  next (): Promise<RecordBatch | undefined>
  /** Bytes of the source, as it is stored, that were taken so far. */
  readonly storedBytes: number
  close (): Promise<void>
}

/** What the code made of records. */
export interface TransformOutput {
  /** Records that the code has taken since this run began, those that a generator is still at included. Where there is a state, everything made of them was handed over, here or before. */
  taken: number
  /** JSON of each record to be written, one a line, with a newline after each. Written by a runner: not checked. */
  text: Buffer
  count: number
  /** Records that the code failed for: their numbers in the source, from 1, and the bytes that they begin at. None where one failure ends the run. */
  rejects: readonly { record: number, byte: number, failure: JobFailure }[]
  /** JSON of what the next run needs to go on from here; null where none is to. */
  state: string | null
}

/**
 * The records of one run, on their way into the sandbox and out of it. The sandbox calls one method of it at a time, but may call `take` while `next` is
 * open. Where one rejects, the code is stopped: a JobError, and a RecordError (INPUT_MALFORMED), become the run's failure; anything else is thrown at who
 * asked for the run.
 */
export interface RecordPort {
  /** The sandbox asks the code for a state as often as `checkpointMs` says, where the code leaves checkpoints to us. */
  readonly settings: Pick<TransformSettings, 'errors' | 'checkpointMs'>
  /** JSON of the state that the run before handed over last; null for a start from the beginning. */
  readonly state: string | null
  /** The next batch, when there is one; null after the last. */
  next (): Promise<RecordBatch | null>
  /** An output with a state has come, and waits for `take`: what the code does with tools from here on is not of that state. Called before anything else is heard of the run. */
  mark? (): void
  /** Resolves when it is written, and, where it has a state, when that is committed. */
  take (output: TransformOutput): Promise<void>
}

/** Something is wrong with a record, or with the source around it; what it is about is named: a record by its number from 1, a byte from 0. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
  readonly record: number | null
  /** Of the source without its compression; where that is what is wrong, of the source as it is stored. The message says so. */
  readonly byte: number | null
  /** Where the next record begins, if it is but one record that is wrong: its reader goes on there. */
  readonly end: RecordPosition | null

  constructor (message: string, { record, byte, end, ...options }: ErrorOptions & { record?: number, byte?: number, end?: RecordPosition } = {}) {
    super(message, options)
    this.record = record ?? null
    this.byte = byte ?? null
    this.end = end ?? null
  }
}
