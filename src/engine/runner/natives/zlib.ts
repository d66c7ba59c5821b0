import { type Zlib, type ZlibOptions, createDeflate, createDeflateRaw, createGunzip, createGzip, createInflate, createInflateRaw, createUnzip } from 'node:zlib'
import { CallArguments } from './crypto-arguments.ts'
import { type Native, type NativeAnswer, NativeError } from './native.ts'
import { ProcessorTime } from './processor-time.ts'

/** Streams that a run may have open: zlib takes up to 300 KB for each, which the memory of the isolate does not count. */
const OPEN_STREAMS = 100
/** Bytes that are taken at a time, and bytes that are made: some milliseconds of work. */
const INPUT_BYTES = 65_536
const OUTPUT_BYTES = 131_072
const NO_KEYS = new Map()

/** Flush values, levels (and one for the default), strategies, window sizes as powers of two, and memory levels of zlib. Source: https://zlib.net/manual.html */
const MAX = { flush: 5, level: 9, strategy: 4, windowBits: 15, memLevel: 9 } as const
const FLUSH_FINISH = 4

/** By Node's names of what they do. */
const MAKERS = {
  deflate: createDeflate, inflate: createInflate, gzip: createGzip, gunzip: createGunzip, deflateRaw: createDeflateRaw, inflateRaw: createInflateRaw, unzip: createUnzip,
} as const satisfies Record<string, (options: ZlibOptions) => Zlib>
type Kind = keyof typeof MAKERS
const KINDS = Object.keys(MAKERS) as Kind[] // its own keys

/** What Node's zlib streams are made of, which its types do not tell of: the one way to have them work at once and give no more than there is room for. */
interface Internals {
  _handle: {
    writeSync (flush: number, input: Buffer, from: number, length: number, output: Buffer, outputFrom: number, outputLength: number): void
    params (level: number, strategy: number): void
    reset (): void
  }
  /** Room that is left in the output, and bytes that are left of the input. */
  _writeState: Uint32Array
}

interface Stream {
  readonly handle: Internals['_handle']
  readonly state: Uint32Array
  close (): void
}

/**
 * What `node:zlib` has of zlib, for one run: the streams as C++ gives them to Node's library, whose JavaScript is in the isolate. Bytes go both ways as Base64, which
 * isolates make of bytes ten times as fast as anything else that is text. How much memory one of Brotli's or Zstandard's takes is up to who makes the bytes: there are none.
 */
export function createZlib (): Native {
  return new ZlibNative()
}

class ZlibNative implements Native {
  readonly #streams = new Map<number, Stream>()
  readonly #output = Buffer.alloc(OUTPUT_BYTES)
  readonly #time = new ProcessorTime()
  #lastId = 0

  get cpuMs (): number { return this.#time.cpuMs }

  /** `open` answers a number; `write` what is left of the room and of the bytes, and what was made, or how it failed; the others `null`. */
  callSync (method: string, args: unknown, bytes: Buffer): NativeAnswer {
    return this.#time.measure(() => ({ text: JSON.stringify(this.#answer(method, new CallArguments(args, { bytes, keys: NO_KEYS, maxBytes: INPUT_BYTES }), bytes)) }))
  }

  call (): Promise<NativeAnswer> {
    return Promise.reject(new NativeError('TypeError', 'Cannot compress: this native answers at once'))
  }

  close (): void {
    for (const stream of this.#streams.values()) stream.close()
    this.#streams.clear()
  }

  #answer (method: string, given: CallArguments, bytes: Buffer): unknown {
    if (method === 'open') return this.#open(given, bytes)
    const id = given.integer('id', this.#lastId)
    const stream = this.#streams.get(id)
    if (!stream) throw new NativeError('TypeError', 'Cannot compress: the stream is closed')
    switch (method) {
      case 'write': return this.#write(stream, given, readBytes(bytes))
      case 'params': return watch(stream, () => stream.handle.params(given.integer('level', MAX.level + 1) - 1, given.integer('strategy', MAX.strategy))) ?? null
      case 'reset': return watch(stream, () => stream.handle.reset()) ?? null
      case 'close': {
        stream.close()
        this.#streams.delete(id)
        return null
      }
      default: throw new NativeError('TypeError', 'Cannot compress: the method is not known')
    }
  }

  #open (given: CallArguments, bytes: Buffer): number {
    const kind = given.word('kind', KINDS)
    if (this.#streams.size >= OPEN_STREAMS) throw new NativeError('QuotaExceededError', `Cannot open a stream of zlib: ${OPEN_STREAMS} are open, the limit; read them to their end or close them`)
    const options: ZlibOptions = {
      windowBits: given.integer('windowBits', MAX.windowBits), level: given.integer('level', MAX.level + 1) - 1, memLevel: given.integer('memLevel', MAX.memLevel), strategy: given.integer('strategy', MAX.strategy),
      ...given.flag('hasDictionary') ? { dictionary: readBytes(bytes) } : {},
    }
    const id = ++this.#lastId
    this.#streams.set(id, make(kind, options))
    return id
  }

  #write (stream: Stream, given: CallArguments, input: Buffer): unknown {
    const room = given.integer('room', OUTPUT_BYTES)
    const flush = given.integer('flush', MAX.flush)
    const failure = watch(stream, () => stream.handle.writeSync(flush, input, 0, input.length, this.#output, 0, room))
    const [roomLeft = 0, left = 0] = stream.state
    return failure ?? { left, made: this.#output.toString('base64', 0, room - roomLeft), isFull: roomLeft === 0 }
  }
}

function readBytes (bytes: Buffer): Buffer {
  const input = Buffer.from(bytes.toString('latin1'), 'base64')
  if (input.length > INPUT_BYTES) throw new NativeError('TypeError', 'Cannot compress: that is too much at a time')
  return input
}

function make (kind: Kind, options: ZlibOptions): Stream {
  try {
    const made = MAKERS[kind]({ ...options, finishFlush: FLUSH_FINISH })
    const { _handle: handle, _writeState: state } = made as unknown as Internals // see there
    return { handle, state, close: () => made.close() }
  } catch {
    throw new NativeError('RangeError', 'Cannot open a stream of zlib: its options are out of range')
  }
}

/** Answers how a stream failed while something was done with it; undefined where it did not. */
function watch ({ handle }: Stream, work: () => void): { failure: [message: string, errno: number, code: string] } | undefined {
  let failed: { failure: [string, number, string] } | undefined
  Object.assign(handle, { onerror (message: string, errno: number, code: string) { failed = { failure: [message, errno, code] } } })
  work()
  return failed
}
