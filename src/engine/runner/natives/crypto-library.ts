import { randomFillSync } from 'node:crypto'
import { CallArguments } from './crypto-arguments.ts'
import { DERIVATIONS } from './crypto-derivations.ts'
import { KEY_OPERATIONS } from './crypto-key-operations.ts'
import { describeError, type Operation, type Operations, packMembers } from './crypto-operation.ts'
import { PRIMES } from './crypto-primes.ts'
import { SIGNATURES } from './crypto-signatures.ts'
import { CryptoStreams } from './crypto-streams.ts'
import { type Native, type NativeAnswer, NativeError } from './native.ts'
import { ProcessorTime } from './processor-time.ts'

const RANDOM_BYTES = 65_536
/** OpenSSL keeps what it has to say in a list of the thread, some of Node's functions leave it there, and others take it for what became of themselves. This one clears it. */
const ONE_BYTE = Buffer.alloc(1)

/**
 * What `node:crypto` in the isolate has done for it: Node's own functions. The guest's half of Node's library has checked their arguments; here they are checked
 * again. All of it is done at once, in the runner's thread, on the run's own processor time, and what could take more than some seconds is refused. Keys come and
 * go as bytes. What Node says of arguments is an answer, too: it tells of those alone.
 */
export class CryptoLibrary implements Native {
  readonly #maxBytes: number
  readonly #allows: (method: string) => boolean
  readonly #streams = new CryptoStreams()
  readonly #time = new ProcessorTime()
  readonly #operations: Operations

  /** `allows` tells of a method of Web Cryptography whether the operator allows it. */
  constructor (maxBytes: number, allows: (method: string) => boolean) {
    this.#maxBytes = maxBytes
    this.#allows = allows
    const random: Operation = { as: 'getRandomValues', run: (args) => ({ made: crypto.getRandomValues(Buffer.alloc(args.integer('size', Math.min(RANDOM_BYTES, maxBytes)))) }) }
    this.#operations = { random, ...KEY_OPERATIONS, ...SIGNATURES, ...DERIVATIONS, ...PRIMES, ...this.#streams.operations }
  }

  get cpuMs (): number { return this.#time.cpuMs }

  close (): void {
    this.#streams.close()
  }

  callSync (method: string, members: unknown, bytes: Buffer): NativeAnswer {
    return this.#time.measure(() => this.#answer(method, members, bytes))
  }

  call (): Promise<NativeAnswer> {
    return Promise.reject(new NativeError('TypeError', 'Cannot call native: it answers at once'))
  }

  #answer (method: string, members: unknown, bytes: Buffer): NativeAnswer {
    if (method === 'bounds') return packMembers({ bytes: this.#maxBytes })
    const operation = Object.hasOwn(this.#operations, method) ? this.#operations[method] : undefined
    try {
      if (!operation || (operation.as !== null && !this.#allows(operation.as))) throw new NativeError('NotSupportedError', 'the method is unknown or not allowed')
      randomFillSync(ONE_BYTE)
      return packMembers(operation.run(new CallArguments(members, { bytes, keys: new Map(), maxBytes: this.#maxBytes })) ?? {})
    } catch (error) {
      if (!(error instanceof Error)) throw new NativeError('OperationError', 'Cannot use node:crypto: the operation failed')
      if (error instanceof NativeError) throw new NativeError(error.name, `Cannot use node:crypto: ${error.message}`)
      return packMembers({ error: describeError(error) })
    }
  }
}
