import type { RecordBatch, RecordPort } from '../core/records.ts'
import { parseRejects, type Reject } from '../core/runner-messages.ts'
import { BATCHES_AHEAD, OUTPUT_RECORD_BYTES, type RecordGrant, STATE_BYTES, UNWRITTEN_BYTES } from '../core/runner-protocol.ts'

const NEWLINE = 0x0a
/** An output so large, the first one behind a batch, or one with a state, of which one waits at a time, is no flood of small ones. */
const LARGE_BYTES = 16_384

/** Where a record is in its source: its number, from 1, and the byte that it begins at. */
export interface RecordPlace {
  number: number
  byte: number
}

/** An output as a runner hands it over: its failures in the runner's words. */
export interface RunnerOutput {
  taken: number
  text: Buffer
  count: number
  rejects: readonly { place: RecordPlace, failure: Reject }[]
  state: string | null
}

/** The records of a run, for a runner: `take` gets what it said. */
export interface RunnerPort extends Pick<RecordPort, 'next' | 'mark'> {
  readonly grant: RecordGrant
  take (output: RunnerOutput): Promise<void>
}

export interface OutputMessage {
  taken: number
  count: number
  textBytes: number
  rejectsBytes: number
}

interface RecordFlowOptions {
  port: RunnerPort
  send (message: { type: 'records', count: number } | { type: 'written' }, body?: Uint8Array): void
  /** Frames and bytes that came are bounded by what is written of them. */
  uncount (frames: number, bytes: number): void
  /** The port failed: the code is to be stopped. */
  stop (): void
}

/**
 * Takes records from a port to a runner and what is made of them back, and trusts nothing that comes: a runner that asks for more than it may have,
 * or tells of records that it was not given, makes it throw, which kills the runner. Outputs wait here for their turn to be written, so that whatever
 * else the runner says is heard meanwhile; how much may wait is bounded.
 */
export class RecordFlow {
  readonly #options: RecordFlowOptions
  /** Those that were sent and not taken whole; `first` is the number of records sent before. */
  readonly #batches: { first: number, batch: RecordBatch }[] = []
  /** The one that was taken whole last: the code may still be at its last record. */
  #finished: { first: number, batch: RecordBatch } | undefined
  readonly #queue: { output: RunnerOutput, bytes: number, frames: number }[] = []
  #pulls = 0
  #sent = 0
  #taken = 0
  #rejected = 0
  #unwrittenBytes = 0
  #states = 0
  #isAtEnd = false
  #isEnding = false
  #isOver = false
  #reading = false
  #writing: Promise<void> | undefined
  #error: unknown

  constructor (options: RecordFlowOptions) {
    this.#options = options
  }

  /** What the port failed with; undefined while it did not. */
  get error (): unknown { return this.#error }

  /** The runner has room for a batch. */
  pull (): void {
    if (this.#pulls + this.#batches.length >= BATCHES_AHEAD) throw new Error(`Cannot take "pull": the run has ${this.#batches.length} batches of records and asked for ${this.#pulls}, allowed are ${BATCHES_AHEAD}`)
    this.#pulls += 1
    if (!this.#reading) void this.#read()
  }

  /** The runner has made something of records. */
  take (message: OutputMessage, body: Buffer): void {
    const output = this.#check(message, body)
    this.#unwrittenBytes += body.length
    if (this.#unwrittenBytes > UNWRITTEN_BYTES) throw new Error(`Cannot take "output": ${this.#unwrittenBytes} bytes wait to be written, allowed are ${UNWRITTEN_BYTES}`)
    const finished = this.#finishBatches(output.taken)
    if (this.#error !== undefined) return // the run is being stopped
    if (output.state !== null) this.#options.port.mark?.()
    this.#queue.push({ output, bytes: body.length, frames: finished > 0 || output.state !== null || body.length >= LARGE_BYTES ? 1 : 0 })
    this.#writing ??= this.#write()
  }

  /** Tells where a record is, by its number since the run began; undefined for one that the code has not at the moment. */
  locate (record: number): RecordPlace | undefined {
    const held = [this.#finished, ...this.#batches].find((each) => each && record > each.first && record <= each.first + each.batch.count)
    if (!held) return undefined
    const { first, batch } = held
    const index = record - first - 1
    return { number: batch.start.records + index + 1, byte: index === 0 ? batch.start.bytes : batch.ends[index - 1] ?? batch.start.bytes }
  }

  /** The run is over: what waits is written if it succeeded, else forgotten. Resolves when the port writes nothing any more. */
  async finish (succeeded: boolean): Promise<void> {
    this.#isEnding = true
    if (succeeded) await this.#writing
    this.#isOver = true
    this.#queue.length = 0
    await this.#writing
  }

  #check ({ taken, count, textBytes, rejectsBytes }: OutputMessage, body: Buffer): RunnerOutput {
    if (taken < this.#taken || taken > this.#sent) throw new Error(`Cannot take "output": it tells of ${taken} records taken, after ${this.#taken}, and ${this.#sent} were sent`)
    const stateBytes = body.length - textBytes - rejectsBytes
    if (stateBytes < 0) throw new Error('Cannot take "output": it is shorter than it says')
    if (taken === this.#taken && body.length === 0) throw new Error('Cannot take "output": it says nothing')
    const text = body.subarray(0, textBytes)
    checkLines(text, count)
    const rejects = parseRejects(body.toString('utf8', textBytes, textBytes + rejectsBytes)).map((failure) => this.#placeReject(failure, taken))
    return { taken, text, count, rejects, state: stateBytes === 0 ? null : this.#checkState(body.toString('utf8', textBytes + rejectsBytes), stateBytes) }
  }

  #checkState (text: string, bytes: number): string {
    if (bytes > STATE_BYTES) throw new Error(`Cannot take "output": its state has ${bytes} bytes, allowed are ${STATE_BYTES}`)
    if (this.#states > 0) throw new Error('Cannot take "output": the state before is not written yet')
    JSON.parse(text)
    this.#states += 1
    return text
  }

  #placeReject (failure: Reject, taken: number): RunnerOutput['rejects'][number] {
    const [record] = failure
    const place = record < this.#rejected || record > taken ? undefined : this.locate(record)
    if (!place) throw new Error(`Cannot take "output": record ${record} is none that the code has`)
    this.#rejected = record
    return { place, failure }
  }

  /** Answers how many were taken whole since the output before. */
  #finishBatches (taken: number): number {
    this.#taken = taken
    const rest = this.#batches.findIndex(({ first, batch }) => first + batch.count > taken)
    const finished = this.#batches.splice(0, rest < 0 ? this.#batches.length : rest)
    this.#finished = finished.at(-1) ?? this.#finished
    return finished.length
  }

  async #read (): Promise<void> {
    this.#reading = true
    try {
      while (this.#pulls > 0 && !this.#isAtEnd && !this.#isOver) this.#send(await this.#options.port.next())
    } catch (error) {
      this.#fail(error)
    }
    this.#reading = false
  }

  #send (batch: RecordBatch | null): void {
    if (this.#isOver) return
    if (!batch) {
      this.#isAtEnd = true
      return this.#options.send({ type: 'records', count: 0 })
    }
    this.#batches.push({ first: this.#sent, batch })
    this.#pulls -= 1
    this.#sent += batch.count
    this.#options.uncount(1, 0) // of the pull
    this.#options.send({ type: 'records', count: batch.count }, batch.text)
  }

  async #write (): Promise<void> {
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        await this.#options.port.take(next.output)
        this.#unwrittenBytes -= next.bytes
        if (next.output.state !== null) this.#states -= 1
        if (this.#isEnding) continue
        this.#options.uncount(next.frames, next.bytes)
        this.#options.send({ type: 'written' })
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#writing = undefined
  }

  #fail (error: unknown): void {
    if (this.#isOver || this.#error !== undefined) return
    this.#error = error ?? new Error('The port of records failed')
    this.#queue.length = 0
    this.#isAtEnd = true
    if (!this.#isEnding) this.#options.stop()
  }
}

/** What follows a newline that was counted is the next record: so a record is no more and no less than a line. */
function checkLines (text: Buffer, count: number): void {
  let lines = 0
  for (let at = 0; at < text.length; lines++) {
    const end = text.indexOf(NEWLINE, at)
    if (end < 0 || end === at) throw new Error('Cannot take "output": it has a line that is empty, or has no end')
    if (end - at > OUTPUT_RECORD_BYTES) throw new Error(`Cannot take "output": a record has ${end - at} bytes, allowed are ${OUTPUT_RECORD_BYTES}`)
    at = end + 1
  }
  if (lines !== count) throw new Error(`Cannot take "output": it says ${count} records, and has ${lines}`)
}
