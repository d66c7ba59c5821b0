import type { webcrypto } from 'node:crypto'
import { NativeError } from './native.ts'

/** Keys that one run may hold at a time. They live until it ends: what the guest forgot, the host cannot know. */
const KEYS_MAX = 2000

/** What the guest is told of a key: everything but the key. */
export interface KeyView {
  id: number
  type: string
  extractable: boolean
  algorithm: Record<string, unknown>
  usages: string[]
}

/** The keys of one run. The isolate holds only their numbers, so nothing in it can leak a key that is not extractable. */
export class KeyRing {
  readonly keys = new Map<number, webcrypto.CryptoKey>()

  /** Asked before a key is made: throws when there is no room for so many more. */
  expect (count: number): void {
    if (this.keys.size + count > KEYS_MAX) throw new NativeError('QuotaExceededError', `A run may have ${KEYS_MAX} keys`)
  }

  add (key: webcrypto.CryptoKey): KeyView {
    const id = this.keys.size + 1
    this.keys.set(id, key)
    return { id, type: key.type, extractable: key.extractable, algorithm: describeAlgorithm(key.algorithm), usages: [...key.usages] }
  }
}

/** As JSON can carry it: a public exponent becomes a string with a character for each byte. */
function describeAlgorithm (algorithm: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(algorithm).map(([name, value]: [string, unknown]) => {
    if (value instanceof Uint8Array) return [name, Buffer.from(value).toString('latin1')]
    return [name, value]
  }))
}
