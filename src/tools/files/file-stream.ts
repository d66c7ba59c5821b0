import type { Readable } from 'node:stream'
import { ToolError } from '../tool.ts'

export interface FileStreamOptions {
  name: string
  isText: boolean
  /** Of one part. */
  chunkBytes: number
}

/** A part of a file, and the bytes of the content that it stands for. */
export interface FilePart {
  content: string | Buffer
  bytes: number
}

/** The content of a file, part by part, as fast as it is asked for. Text is UTF-8, without a byte order mark. */
export class FileStream {
  readonly name: string
  readonly #readable: Readable
  readonly #chunks: AsyncIterator<Buffer>
  readonly #decoder: TextDecoder | undefined
  readonly #chunkBytes: number
  #rest: Buffer = Buffer.alloc(0)
  #position = 0
  #isBusy = false

  constructor (readable: Readable, { name, isText, chunkBytes }: FileStreamOptions) {
    this.name = name
    this.#readable = readable
    this.#chunks = readable[Symbol.asyncIterator]() as AsyncIterator<Buffer> // one of bytes
    this.#decoder = isText ? new TextDecoder('utf-8', { fatal: true }) : undefined
    this.#chunkBytes = chunkBytes
  }

  /** Answers null at the end. */
  async next (): Promise<FilePart | null> {
    if (this.#isBusy) throw new ToolError(`Cannot read ${JSON.stringify(this.name)}: the part before has not come yet`)
    this.#isBusy = true
    const bytes = await this.#gather()
    this.#isBusy = false
    const content = this.#decoder ? this.#decode(this.#decoder, bytes) : bytes
    this.#position += bytes.length
    return bytes.length === 0 ? null : { content, bytes: bytes.length }
  }

  close (): void {
    this.#readable.destroy()
  }

  async #gather (): Promise<Buffer> {
    const chunks = [this.#rest]
    let bytes = this.#rest.length
    while (bytes < this.#chunkBytes) {
      const { value, done } = await this.#chunks.next()
      if (done) break
      chunks.push(value)
      bytes += value.length
    }
    const all = Buffer.concat(chunks)
    this.#rest = all.subarray(this.#chunkBytes)
    return all.subarray(0, this.#chunkBytes)
  }

  #decode (decoder: TextDecoder, bytes: Buffer): string {
    try {
      return decoder.decode(bytes, { stream: bytes.length > 0 })
    } catch (error) {
      throw new ToolError(`Cannot read ${JSON.stringify(this.name)} as text: it is not UTF-8, at or after byte ${this.#position} of its content; read it with readBytes or chunks`, { cause: error })
    }
  }
}
