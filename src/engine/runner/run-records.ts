import { BATCHES_AHEAD, OUTPUT_RECORD_BYTES, type RecordGrant } from '../../core/runner-protocol.ts'

/** How often code that takes its time is asked for what it has made. */
const NUDGE_MS = 200
/** Bytes of batches beyond which no more is asked for, however few they are: the isolate holds them. */
const AHEAD_BYTES = 1_048_576

/** What code made of records. The bytes are its output, the rejected records and the state, one after another. */
export interface RecordOutput {
  taken: number
  count: number
  textBytes: number
  rejectsBytes: number
  body: Uint8Array<ArrayBuffer>
}

interface RunRecordsOptions {
  grant: RecordGrant
  /** Asks the worker for one more batch. */
  pull (): void
  output (output: RecordOutput): void
  enter (name: 'feed' | 'written' | 'nudge', args: readonly (string | boolean)[]): Promise<unknown> | undefined
}

/** What the guest needs to know of a transform. */
export function buildRecordSettings (grant: RecordGrant | null): { skip: boolean, maxRecordBytes: number } | null {
  return grant && { skip: grant.skip, maxRecordBytes: OUTPUT_RECORD_BYTES }
}

/**
 * The records of one run, as its thread sees them: keeps some batches ahead in the isolate, so that code never waits for one that there is, and
 * asks for the next when one was taken whole.
 */
export class RunRecords {
  readonly #options: RunRecordsOptions
  /** Of each batch that is not taken whole: records up to its end, and its bytes. */
  readonly #batches: { end: number, bytes: number }[] = []
  readonly #timer: NodeJS.Timeout
  #pulls = 0
  #fed = 0
  #askedAt = performance.now()
  #isNudging = false
  #isOver = false

  constructor (options: RunRecordsOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#nudge(), NUDGE_MS)
  }

  /** Asks for as many batches as there is room for. */
  pull (): void {
    const bytes = this.#batches.reduce((sum, batch) => sum + batch.bytes, 0)
    if (bytes > AHEAD_BYTES) return
    while (!this.#isOver && this.#pulls + this.#batches.length < BATCHES_AHEAD) {
      this.#pulls += 1
      this.#options.pull()
    }
  }

  /** A batch came: records, one a line, or nothing when there are no more. */
  feed (body: Uint8Array, count: number): void {
    this.#pulls -= 1
    if (count === 0) this.#isOver = true
    else this.#batches.push({ end: this.#fed += count, bytes: body.length })
    this.#options.enter('feed', [Buffer.from(body.buffer, body.byteOffset, body.length).toString()])
  }

  /** The oldest output is written. */
  written (): void {
    this.#options.enter('written', [])
  }

  /** Takes an output from the guest, whose every part is looked at as if user code had sent it; the worker checks what it says. */
  take (taken: unknown, text: unknown, count: unknown, rejects: unknown, state: unknown): void {
    if (typeof taken !== 'number' || typeof text !== 'string' || typeof count !== 'number' || typeof rejects !== 'string') return
    const [textBytes, rejectsBytes] = [Buffer.byteLength(text), Buffer.byteLength(rejects)]
    const stateText = typeof state === 'string' ? state : ''
    const body = Buffer.allocUnsafeSlow(textBytes + rejectsBytes + Buffer.byteLength(stateText)) // of its own: it is handed on
    body.write(text, 0)
    body.write(rejects, textBytes)
    body.write(stateText, textBytes + rejectsBytes)
    this.#options.output({ taken, count, textBytes, rejectsBytes, body })
    while (this.#batches[0] && this.#batches[0].end <= taken) this.#batches.shift()
    this.pull()
  }

  close (): void {
    clearInterval(this.#timer)
  }

  /** One at a time: an isolate that is busy would find a thousand of them afterwards. */
  #nudge (): void {
    if (this.#isNudging) return
    const now = performance.now()
    const wantsState = now - this.#askedAt >= this.#options.grant.checkpointMs
    if (wantsState) this.#askedAt = now
    this.#isNudging = true
    void Promise.resolve(this.#options.enter('nudge', [wantsState])).catch(() => {}).finally(() => { this.#isNudging = false })
  }
}
