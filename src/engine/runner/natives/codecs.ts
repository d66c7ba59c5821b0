import { crc32, createDeflate, createDeflateRaw, createGzip, createInflate, createInflateRaw } from 'node:zlib'
import { GzipHeader } from './gzip-header.ts'
import { NativeError } from './native.ts'
import { type Step, ZlibEngine } from './zlib-engine.ts'

/** Turns bytes into others. `step` answers less than `output` has room for only when it has done all that it can. */
export interface Codec {
  /** Throws a NativeError for what cannot be decompressed. */
  step (input: Buffer, isLast: boolean, output: Buffer): Step
  close (): void
}

/** The names of the Compression standard. Source: https://compression.spec.whatwg.org/#supported-formats */
export const FORMATS = ['deflate', 'deflate-raw', 'gzip'] as const
export type Format = typeof FORMATS[number]

const CODECS = {
  compress: { 'deflate': () => new ZlibEngine(createDeflate()), 'deflate-raw': () => new ZlibEngine(createDeflateRaw()), 'gzip': () => new ZlibEngine(createGzip()) },
  decompress: { 'deflate': () => new Inflater(new ZlibEngine(createInflate())), 'deflate-raw': () => new Inflater(new ZlibEngine(createInflateRaw())), 'gzip': () => new Gunzipper() },
} as const satisfies Record<string, Record<Format, () => Codec>>

export function createCodec (isCompressor: boolean, format: Format): Codec {
  return CODECS[isCompressor ? 'compress' : 'decompress'][format]()
}

/** Refuses what follows the end of what was compressed. */
class Inflater implements Codec {
  readonly #engine: ZlibEngine

  constructor (engine: ZlibEngine) {
    this.#engine = engine
  }

  step (input: Buffer, isLast: boolean, output: Buffer): Step {
    const step = this.#engine.step(input, isLast, output)
    if (step.made < output.length && step.taken < input.length) throw new NativeError('TypeError', 'Cannot decompress: bytes follow its end')
    return step
  }

  close (): void {
    this.#engine.close()
  }
}

/** A checksum and a length. Source: RFC 1952, section 2.3.1 */
const TRAILER_BYTES = 8

/** One member of gzip, and nothing after it. */
class Gunzipper implements Codec {
  readonly #header = new GzipHeader()
  readonly #engine = new ZlibEngine(createInflateRaw())
  readonly #trailer = Buffer.alloc(TRAILER_BYTES)
  #trailerBytes = 0
  #isInflated = false
  #crc = 0
  #length = 0

  step (input: Buffer, isLast: boolean, output: Buffer): Step {
    let taken = this.#header.read(input)
    let made = 0
    if (this.#header.isWhole && !this.#isInflated) {
      const step = this.#inflate(input.subarray(taken), output)
      taken += step.taken
      made = step.made
    }
    if (this.#isInflated) taken += this.#readTrailer(input.subarray(taken))
    if (isLast && made < output.length && this.#trailerBytes < TRAILER_BYTES) throw new NativeError('TypeError', 'Cannot decompress: its end is missing')
    return { taken, made }
  }

  close (): void {
    this.#engine.close()
  }

  /** What is left of the input although there is room is behind the end. */
  #inflate (input: Buffer, output: Buffer): Step {
    const step = this.#engine.step(input, false, output)
    this.#crc = crc32(output.subarray(0, step.made), this.#crc)
    this.#length = (this.#length + step.made) % 2 ** 32
    this.#isInflated = step.made < output.length && step.taken < input.length
    return step
  }

  #readTrailer (input: Buffer): number {
    const taken = input.copy(this.#trailer, this.#trailerBytes)
    this.#trailerBytes += taken
    if (taken < input.length) throw new NativeError('TypeError', 'Cannot decompress: bytes follow its end')
    if (this.#trailerBytes < TRAILER_BYTES) return taken
    if (this.#trailer.readUInt32LE(0) !== this.#crc) throw new NativeError('TypeError', 'Cannot decompress: its checksum is wrong')
    if (this.#trailer.readUInt32LE(4) !== this.#length) throw new NativeError('TypeError', 'Cannot decompress: its length is wrong')
    return taken
  }
}
