import type { Readable } from 'node:stream'
import { type Frame, FrameReader, type FrameReaderOptions } from './frames.ts'

export interface FramePumpOptions extends FrameReaderOptions {
  /** Gets one frame at a time, in order; while its promise is pending nothing more is read. */
  onFrame (frame: Frame): Promise<void> | void
  /** Sees the size of every chunk before it is looked into, and may throw to refuse it. */
  onChunk? (bytes: number): void
  /** Called at most once, with what broke the framing or what `onFrame` or `onChunk` threw. Nothing is delivered afterwards. */
  onFault (error: unknown): void
}

/**
 * Hands the frames of a stream to one function with back-pressure. It flows while nothing holds it; every pending `onFrame` and
 * a call of `pause` are a hold each. Stopped is for good. Ends and errors of the stream stay the caller's to handle.
 */
export class FramePump {
  readonly #stream: Readable
  readonly #options: FramePumpOptions
  readonly #reader: FrameReader
  #frames: Iterator<Frame> | undefined
  #holds = 0
  #paused = false
  #draining = false
  #stopped = false

  constructor (stream: Readable, options: FramePumpOptions) {
    this.#stream = stream
    this.#options = options
    this.#reader = new FrameReader({ maxFrameBytes: options.maxFrameBytes, maxHeaderBytes: options.maxHeaderBytes })
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  setMaxFrameBytes (bytes: number): void {
    this.#reader.maxFrameBytes = bytes
  }

  /** Nothing is delivered at the moment. */
  get isHeld (): boolean { return this.#holds > 0 }

  pause (): void {
    if (this.#paused) return
    this.#paused = true
    this.#hold()
  }

  resume (): void {
    if (!this.#paused) return
    this.#paused = false
    this.#release()
  }

  stop (): void {
    this.#stopped = true
    this.#frames = undefined
    this.#stream.pause()
  }

  #take (chunk: Buffer): void {
    if (this.#stopped) return
    try {
      this.#options.onChunk?.(chunk.length)
    } catch (error) {
      return this.#fail(error)
    }
    this.#frames = this.#reader.read(chunk) // the one before is used up: a held stream emits no data
    this.#drain()
  }

  #drain (): void {
    if (this.#draining) return // onFrame paused and resumed: the loop below goes on by itself
    this.#draining = true
    try {
      while (this.#frames && this.#holds === 0 && !this.#stopped) {
        const next = this.#frames.next()
        if (next.done) this.#frames = undefined
        else this.#deliver(next.value)
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#draining = false
    if (this.#holds === 0 && !this.#stopped && this.#stream.isPaused()) this.#stream.resume()
  }

  #deliver (frame: Frame): void {
    const pending = this.#options.onFrame(frame)
    if (!pending) return
    this.#hold()
    pending.then(() => this.#release(), (error: unknown) => this.#fail(error))
  }

  #hold (): void {
    this.#holds += 1
    this.#stream.pause()
  }

  #release (): void {
    this.#holds -= 1
    this.#drain()
  }

  #fail (error: unknown): void {
    if (this.#stopped) return
    this.stop()
    this.#options.onFault(error)
  }
}
