import { createGzip, createZstdCompress, type Gzip, type ZstdCompress } from 'node:zlib'
import type { Compression } from '../core/transform.ts'

/** Where what is written goes. */
export interface RecordSink {
  write (bytes: Buffer): Promise<void>
}

/** Writes content to a sink, compressed. What is written between two ends is one gzip member or zstd frame. */
export class Compressor {
  readonly #compression: Compression
  readonly #sink: RecordSink
  #stream: Gzip | ZstdCompress | undefined
  /** That were given to the sink. */
  bytes = 0

  constructor (compression: Compression, sink: RecordSink) {
    this.#compression = compression
    this.#sink = sink
  }

  async write (content: Buffer): Promise<void> {
    if (this.#compression === 'none') return this.#give(content)
    this.#stream ??= this.#compression === 'gzip' ? createGzip() : createZstdCompress()
    await this.#drain(this.#stream, (done) => this.#stream?.write(content, done))
  }

  /** Ends the member or frame that was begun, if any. */
  async end (): Promise<void> {
    const stream = this.#stream
    if (!stream) return
    await this.#drain(stream, (done) => stream.once('end', done).end())
    this.close()
  }

  close (): void {
    this.#stream?.destroy()
    this.#stream = undefined
  }

  /** Gives what comes out to the sink until an act on the stream is done: no more of it is held than the stream holds. */
  async #drain (stream: Gzip | ZstdCompress, act: (done: (error?: Error | null) => void) => void): Promise<void> {
    let done = false
    let failure: Error | undefined
    let wake = (): void => {}
    const onError = (error: Error): void => {
      failure = error
      wake()
    }
    const onReadable = (): void => wake()
    stream.on('readable', onReadable).once('error', onError)
    try {
      act((error) => {
        done = true
        failure ??= error ?? undefined
        wake()
      })
      for (;;) {
        const out = stream.read() as Buffer | null // no encoding is set
        if (out) await this.#give(out)
        else if (failure) throw failure
        else if (done) return
        else await new Promise<void>((resolve) => { wake = resolve })
      }
    } finally {
      stream.off('readable', onReadable).off('error', onError)
    }
  }

  async #give (bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return
    await this.#sink.write(bytes)
    this.bytes += bytes.length
  }
}
