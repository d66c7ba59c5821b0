import { type Codec, FORMATS, type Format, createCodec } from './codecs.ts'
import { CallArguments } from './crypto-arguments.ts'
import { type Native, type NativeAnswer, NativeError } from './native.ts'
import { ProcessorTime } from './processor-time.ts'

/** Streams that a run may have open: zlib takes up to 300 KB for each, which the memory of the isolate does not count. */
const OPEN_STREAMS = 100
/** Bytes that are made at a time: what is not asked for is not made. */
const PIECE_BYTES = 131_072
/** Bytes that are taken at a time: some milliseconds of work. */
const INPUT_BYTES = 262_144
const NOTHING = Buffer.alloc(0)
const NO_KEYS = new Map()
/** What a piece begins with: whether there is another behind it. */
const MORE = 'm'
const ENOUGH = 'e'

interface Stream {
  codec: Codec
  input: Buffer
  isLast: boolean
}

/**
 * Compresses and decompresses for one run, at once and in pieces: the next piece is made when it is asked for, so what a few bytes can be blown up to
 * is there only as far as the guest pulls it. Bytes go both ways as Base64, which isolates make of bytes ten times as fast as anything else that is text.
 */
export function createCompression (): Native {
  return new CompressionNative()
}

class CompressionNative implements Native {
  readonly #streams = new Map<number, Stream>()
  readonly #output = Buffer.alloc(PIECE_BYTES)
  readonly #time = new ProcessorTime()
  #lastId = 0

  get cpuMs (): number { return this.#time.cpuMs }

  /** `open` answers a number; `write`, `finish` and `more` a piece; `close` forgets a stream. After a failure a stream is closed. */
  callSync (method: string, args: unknown, bytes: Buffer): NativeAnswer {
    return this.#time.measure(() => ({ text: this.#answer(method, args, bytes) }))
  }

  call (): Promise<NativeAnswer> {
    return Promise.reject(new NativeError('TypeError', 'Cannot compress: this native answers at once'))
  }

  close (): void {
    for (const id of this.#streams.keys()) this.#end(id)
  }

  #answer (method: string, args: unknown, bytes: Buffer): string {
    const given = new CallArguments(args, { bytes, keys: NO_KEYS, maxBytes: INPUT_BYTES })
    if (method === 'open') return this.#open(given.flag('isCompressor'), given.word('format', FORMATS))
    const id = given.integer('id', this.#lastId)
    if (method === 'close') return this.#end(id)
    const stream = this.#streams.get(id)
    if (!stream) throw new NativeError('TypeError', 'Cannot compress: the stream is closed')
    if (method === 'write') this.#take(stream, Buffer.from(bytes.toString('latin1'), 'base64'))
    else if (method === 'finish') stream.isLast = true
    else if (method !== 'more') throw new NativeError('TypeError', 'Cannot compress: the method is not known')
    return this.#step(id, stream)
  }

  #open (isCompressor: boolean, format: Format): string {
    if (this.#streams.size >= OPEN_STREAMS) throw new NativeError('QuotaExceededError', `Cannot ${isCompressor ? 'compress' : 'decompress'}: ${OPEN_STREAMS} streams are open, the limit; read them to their end or cancel them`)
    const id = ++this.#lastId
    this.#streams.set(id, { codec: createCodec(isCompressor, format), input: NOTHING, isLast: false })
    return String(id)
  }

  #take (stream: Stream, input: Buffer): void {
    if (stream.input.length > 0 || stream.isLast || input.length > INPUT_BYTES) throw new NativeError('TypeError', 'Cannot compress: that is too much at a time')
    stream.input = input
  }

  #step (id: number, stream: Stream): string {
    try {
      const { taken, made } = stream.codec.step(stream.input, stream.isLast, this.#output)
      stream.input = stream.input.subarray(taken)
      const hasMore = made === PIECE_BYTES || stream.input.length > 0
      if (stream.isLast && !hasMore) this.#end(id)
      return `${hasMore ? MORE : ENOUGH}${this.#output.toString('base64', 0, made)}`
    } catch (error) {
      this.#end(id)
      throw error
    }
  }

  #end (id: number): string {
    this.#streams.get(id)?.codec.close()
    this.#streams.delete(id)
    return 'null'
  }
}
