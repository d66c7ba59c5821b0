import type { webcrypto } from 'node:crypto'
import { NativeError } from './native.ts'

const TEXTS_MAX = 64
/** Characters that a byte takes in a JSON Web Key. */
const BASE64_CHARS = 4 / 3

/** The bytes a call brought, what it may name, and how much it may bring at a time. */
export interface CallScope {
  readonly bytes: Buffer
  readonly keys: ReadonlyMap<number, webcrypto.CryptoKey>
  readonly maxBytes: number
}

/**
 * Reads the arguments of a call, which are whatever code in the isolate made of them. Every member is looked for on the object itself
 * and checked when it is read; what is wrong with it throws a NativeError `TypeError`. The guest checked before: whoever sees one of
 * these has got past it.
 */
export class CallArguments {
  readonly #members: object
  readonly #scope: CallScope

  constructor (members: unknown, scope: CallScope) {
    if (typeof members !== 'object' || members === null) throw new NativeError('TypeError', 'The arguments are not an object')
    this.#members = members
    this.#scope = scope
  }

  has (name: string): boolean {
    return this.#read(name) !== undefined
  }

  text (name: string): string {
    const value = this.#read(name)
    if (typeof value !== 'string') return refuse(name, 'a string')
    this.#checkSize(name, value.length / BASE64_CHARS)
    return value
  }

  isText (name: string): boolean {
    return typeof this.#read(name) === 'string'
  }

  /** One of the words of a list. */
  word<Word extends string> (name: string, words: readonly Word[]): Word {
    const value = this.#read(name)
    return words.find((word) => word === value) ?? refuse(name, `one of ${words.join(', ')}`)
  }

  flag (name: string): boolean {
    const value = this.#read(name)
    return typeof value === 'boolean' ? value : refuse(name, 'a boolean')
  }

  integer (name: string, max: number): number {
    const value = this.#read(name)
    return isIndex(value, max) ? value : refuse(name, `an integer from 0 to ${max}`)
  }

  /** An integer, of whichever sign. */
  whole (name: string): number {
    const value = this.#read(name)
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(name, 'an integer')
  }

  /** A number of bytes that an answer is to have. */
  size (name: string): number {
    const value = this.integer(name, 0xffff_ffff)
    this.#checkSize(name, value)
    return value
  }

  child (name: string): CallArguments {
    return new CallArguments(this.#read(name), this.#scope)
  }

  /** A part of the bytes of the call, given as where it begins and how long it is. A copy: nothing else is in its buffer. */
  bytes (name: string): Uint8Array<ArrayBuffer> {
    const { bytes } = this.#scope
    const span = this.child(name)
    const at = span.integer('at', bytes.length)
    const size = span.integer('size', bytes.length - at)
    this.#checkSize(name, size)
    return new Uint8Array(bytes.subarray(at, at + size))
  }

  key (name: string): webcrypto.CryptoKey {
    const value = this.#read(name)
    const key = typeof value === 'number' ? this.#scope.keys.get(value) : undefined
    return key ?? refuse(name, 'a key of this run')
  }

  texts (name: string): string[] {
    const value = this.#read(name)
    const isList = Array.isArray(value) && value.length <= TEXTS_MAX && value.every((item) => typeof item === 'string')
    return isList ? value : refuse(name, 'a list of strings')
  }

  words<Word extends string> (name: string, words: readonly Word[]): Word[] {
    return this.texts(name).map((item) => words.find((word) => word === item) ?? refuse(name, `a list of ${words.join(', ')}`))
  }

  #checkSize (name: string, size: number): void {
    const { maxBytes } = this.#scope
    if (size > maxBytes) throw new NativeError('QuotaExceededError', `${name} has ${Math.ceil(size)} bytes, more than ${maxBytes}`)
  }

  #read (name: string): unknown {
    return Object.getOwnPropertyDescriptor(this.#members, name)?.value
  }
}

function isIndex (value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
}

function refuse (name: string, wanted: string): never {
  throw new NativeError('TypeError', `${name} is not ${wanted}`)
}
