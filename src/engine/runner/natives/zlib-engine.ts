import type { Zlib } from 'node:zlib'
import { NativeError } from './native.ts'

/** Flush values of zlib. Source: https://zlib.net/manual.html */
const NO_FLUSH = 0
const FINISH = 4

/** What Node's zlib streams are made of, which its types do not tell of: the one way to have them work at once and give no more than there is room for. */
interface Internals {
  _handle: {
    onerror: (message: string) => void
    writeSync (flush: number, input: Buffer, from: number, length: number, output: Buffer, outputFrom: number, outputLength: number): void
  }
  /** Room that is left in the output, and bytes that are left of the input. */
  _writeState: Uint32Array
}

/** What a piece of work did: bytes that it took from the input, and bytes that it made. */
export interface Step {
  taken: number
  made: number
}

/** Compresses or decompresses step by step. Made by what `node:zlib` makes, which `close` ends. */
export class ZlibEngine {
  readonly #stream: Zlib & { close (): void }
  readonly #handle: Internals['_handle']
  readonly #state: Uint32Array
  #failure: string | undefined

  constructor (stream: Zlib & { close (): void }) {
    this.#stream = stream
    const { _handle: handle, _writeState: state } = stream as unknown as Internals // see there
    this.#handle = Object.assign(handle, { onerror: (message: string) => { this.#failure = message } })
    this.#state = state
  }

  /** Takes bytes until there are no more or `output` is full. Throws a NativeError for bytes that cannot be decompressed, and when the last ones are not the end. */
  step (input: Buffer, isLast: boolean, output: Buffer): Step {
    this.#handle.writeSync(isLast ? FINISH : NO_FLUSH, input, 0, input.length, output, 0, output.length)
    if (this.#failure !== undefined) throw new NativeError('TypeError', `Cannot decompress: ${this.#failure}`)
    const [room = 0, left = 0] = this.#state
    return { taken: input.length - left, made: output.length - room }
  }

  close (): void {
    this.#stream.close()
  }
}
