import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import type { CallArguments } from './crypto-arguments.ts'
import { type NativeAnswer, NativeError } from './native.ts'

/** Digests that one run may have begun and not ended. Each takes some hundred bytes, outside of the isolate. */
const MAX_OPEN = 1000
const LARGEST = 0x7fff_ffff

/**
 * Digests that are made while code waits, as `node:crypto` has them: whole, or begun, given more and ended. What Node says of an algorithm
 * that it has not, or of a length, is an answer, too: it tells of the arguments alone.
 */
export class Digests {
  readonly #open = new Map<number, Hash | Hmac>()
  #lastId = 0

  /** Every member of `methods` makes one operation, and is its name. */
  readonly methods: Readonly<Record<string, (args: CallArguments) => NativeAnswer>> = {
    hash: (args) => tell(() => begin(args).update(args.bytes('data')).digest()),
    hashOpen: (args) => tell(() => this.#keep(begin(args))),
    hashCopy: (args) => tell(() => this.#keep((this.#find(args) as Hash).copy(readLength(args)))), // one of an Hmac is never asked for, and fails
    hashUpdate: (args) => tell(() => void this.#find(args).update(args.bytes('data'))),
    hashDigest: (args) => tell(() => {
      const hash = this.#find(args)
      this.#open.delete(args.integer('id', LARGEST))
      return hash.digest()
    }),
  }

  close (): void {
    this.#open.clear()
  }

  #keep (hash: Hash | Hmac): number {
    if (this.#open.size >= MAX_OPEN) throw new NativeError('QuotaExceededError', `${MAX_OPEN} digests were begun and not ended, the limit`)
    this.#open.set(++this.#lastId, hash)
    return this.#lastId
  }

  #find (args: CallArguments): Hash | Hmac {
    const hash = this.#open.get(args.integer('id', LARGEST))
    if (!hash) throw new NativeError('OperationError', 'The digest was ended')
    return hash
  }
}

function begin (args: CallArguments): Hash | Hmac {
  const algorithm = args.text('algorithm')
  return args.has('key') ? createHmac(algorithm, args.bytes('key')) : createHash(algorithm, readLength(args))
}

/** Bounded, since an extendable function makes as many bytes as it is asked for. */
function readLength (args: CallArguments): { outputLength?: number } {
  return args.has('outputLength') ? { outputLength: args.size('outputLength') } : {}
}

function tell (work: () => Buffer | number | undefined): NativeAnswer {
  try {
    const made = work()
    return Buffer.isBuffer(made) ? { text: '{}', bytes: made } : { text: JSON.stringify({ id: made }) }
  } catch (error) {
    if (error instanceof NativeError || !(error instanceof Error)) throw error
    const { name, message, code, library, reason } = error as Error & Record<'code' | 'library' | 'reason', unknown> // which OpenSSL's errors have
    return { text: JSON.stringify({ error: { name, message, code, library, reason } }) }
  }
}
