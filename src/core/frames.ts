/** A message between a worker and a process it does not trust: a small JSON header and an opaque UTF-8 body. */
export interface Frame {
  header: unknown
  /** As it came. */
  headerBytes: number
  body: Buffer
}

const LENGTH_BYTES = 4
const NEWLINE = 0x0a
const SMALL_CHUNK_BYTES = 65_536
const EMPTY = Buffer.alloc(0)

/** Thrown by a reader when the other side breaks the framing. Nothing that it sent afterwards may be read. */
export class FramingError extends Error {
  override readonly name = 'FramingError'
}

/**
 * Writes one frame: a big-endian 32-bit length of what follows, the header as one line of JSON, and the body as it is.
 * JSON.stringify never writes a raw newline, so the first one ends the header.
 */
export function encodeFrame (header: object, body: Uint8Array = EMPTY): Buffer {
  const line = Buffer.from(`${JSON.stringify(header)}\n`)
  const prefix = Buffer.allocUnsafe(LENGTH_BYTES)
  prefix.writeUInt32BE(line.length + body.length)
  return Buffer.concat([prefix, line, body])
}

export interface FrameReaderOptions {
  /** A longer frame is refused when its length is read, before anything of it is kept. */
  maxFrameBytes: number
  /** A longer header is refused before it is parsed. */
  maxHeaderBytes: number
}

/**
 * Reads frames out of chunks as they come. Throws a FramingError for a frame that is empty, too long, or whose header is
 * not one line of JSON. Holds at most one frame of memory.
 */
export class FrameReader {
  readonly #maxHeaderBytes: number
  #maxFrameBytes: number
  #chunks: Buffer[] = []
  #held = 0
  #need = LENGTH_BYTES
  #inLength = true

  constructor (options: FrameReaderOptions) {
    this.#maxFrameBytes = options.maxFrameBytes
    this.#maxHeaderBytes = options.maxHeaderBytes
  }

  /** The most bytes that the next frame may have; it can be changed between frames, as a run's limits ask. */
  set maxFrameBytes (bytes: number) {
    this.#maxFrameBytes = bytes
  }

  * read (chunk: Buffer): Generator<Frame> {
    this.#keep(chunk)
    while (this.#held >= this.#need) {
      const bytes = this.#take(this.#need)
      if (this.#inLength) {
        this.#need = this.#checkLength(bytes.readUInt32BE(0))
        this.#inLength = false
      } else {
        this.#need = LENGTH_BYTES
        this.#inLength = true
        yield this.#parse(bytes)
      }
    }
  }

  /** Joins small neighbours, so that a frame that drips in byte by byte costs its bytes and not a buffer for each. */
  #keep (chunk: Buffer): void {
    let last = chunk
    for (let before = this.#chunks.at(-1); before && before.length <= last.length && last.length < SMALL_CHUNK_BYTES; before = this.#chunks.at(-1)) {
      this.#chunks.pop()
      last = Buffer.concat([before, last])
    }
    this.#chunks.push(last)
    this.#held += chunk.length
  }

  #checkLength (length: number): number {
    if (length === 0 || length > this.#maxFrameBytes) {
      throw new FramingError(`Cannot read frame: its length is ${length}, allowed are 1 to ${this.#maxFrameBytes}`)
    }
    return length
  }

  #take (count: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks) // one chunk: held >= count > 0
    this.#held -= count
    this.#chunks = this.#held > 0 ? [all.subarray(count)] : []
    return all.subarray(0, count)
  }

  #parse (bytes: Buffer): Frame {
    const end = bytes.subarray(0, this.#maxHeaderBytes).indexOf(NEWLINE)
    if (end < 0) throw new FramingError(`Cannot read frame: no header within ${this.#maxHeaderBytes} bytes`)
    try {
      return { header: JSON.parse(bytes.toString('utf8', 0, end)) as unknown, headerBytes: end, body: bytes.subarray(end + 1) }
    } catch {
      throw new FramingError('Cannot read frame: its header is not JSON')
    }
  }
}
