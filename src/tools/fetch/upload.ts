import { PassThrough, type Readable } from 'node:stream'
import { ToolError } from '../tool.ts'

/** The body of a request that comes in parts, from the guest half at one end and to the server at the other. */
export class Upload {
  readonly #stream = new PassThrough()
  #isWriting = false
  #wake: (() => void) | undefined
  #sentBytes = 0

  constructor () {
    this.#stream.on('drain', () => this.#wake?.()).on('close', () => this.#wake?.())
    this.#stream.on('error', () => {}) // told by the request
  }

  get body (): Readable { return this.#stream }

  /** Bytes that were written. */
  get sentBytes (): number { return this.#sentBytes }

  /** Resolves once the part is on its way: true, or false when nobody wants it any more. Rejects with a ToolError while another part waits. */
  async write (bytes: Buffer, end: boolean): Promise<boolean> {
    if (this.#isWriting) throw new ToolError('Cannot fetch: a part of the body is being written already')
    if (this.#stream.writableEnded || this.#stream.destroyed) return false
    this.#isWriting = true
    try {
      this.#sentBytes += bytes.length
      const isFull = bytes.length > 0 && !this.#stream.write(bytes)
      if (end) this.#stream.end()
      else if (isFull) await new Promise<void>((resolve) => { this.#wake = resolve })
      return !this.#stream.destroyed || this.#stream.writableFinished
    } finally {
      this.#isWriting = false
    }
  }

  close (): void {
    this.#stream.destroy()
  }
}
