import { pipeline, type Readable, Transform } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

/** Bytes of one part that is read, and bytes that are kept for the next one. */
export const PART_BYTES = 262_144

/** A part of a body. `ended`: nothing follows. */
export interface Part {
  bytes: Buffer
  ended: boolean
}

/**
 * Reads the body of a response in parts as large as what is there already, through the streams that decompress it. While nobody reads, little more than one
 * part is kept, and the server has to wait.
 */
export class BodyReader {
  readonly #last: Transform
  #error: Error | undefined
  #wake: (() => void) | undefined

  /** `onCompressed` counts what is decompressed, by each of the streams, and `onBytes` what comes of it, or what came as it was; what they throw ends the body. `onEnd` hears of its end, good or bad. */
  constructor (body: Readable, decoders: readonly Transform[], { onCompressed, onBytes, onEnd }: { onCompressed (bytes: number): void, onBytes (bytes: number): void, onEnd (): void }) {
    this.#last = buildMeter(onBytes)
    this.#last.on('readable', () => this.#wake?.()).on('end', () => this.#wake?.())
    pipeline([body, ...decoders.flatMap((decoder) => [buildMeter(onCompressed), decoder]), this.#last], (error) => {
      this.#error = error ?? undefined
      onEnd()
      this.#wake?.()
    })
  }

  /** Answers the next part, once there is one. Rejects with the error that ended the body. One call at a time. */
  async read (): Promise<Part> {
    while (!this.#isReady()) {
      const woken = Promise.withResolvers<void>()
      this.#wake = woken.resolve
      this.#last.read(0) // has the stream look for more, or for its end
      await woken.promise
    }
    return await this.readNow()
  }

  /** Answers what is there, which may be nothing. */
  async readNow (): Promise<Part> {
    await turn() // what came with it is on its way through the streams
    if (this.#error) throw this.#error
    const bytes = Math.min(this.#last.readableLength, PART_BYTES)
    const part = bytes === 0 ? Buffer.alloc(0) : this.#last.read(bytes) as Buffer // so many are there
    if (this.#last.readableLength === 0) {
      this.#last.read(0)
      await turn()
    }
    return { bytes: part, ended: this.#last.readableEnded }
  }

  #isReady (): boolean {
    return this.#error !== undefined || this.#last.readableLength > 0 || this.#last.readableEnded
  }
}

function buildMeter (count: (bytes: number) => void): Transform {
  return new Transform({
    readableHighWaterMark: PART_BYTES,
    transform (chunk: Buffer, _encoding, callback) {
      try {
        count(chunk.length)
        callback(null, chunk)
      } catch (error) {
        callback(error as Error) // a ToolError
      }
    },
  })
}
