// @ts-check
import { JSONStringify, ObjectCreate, safe, typedArrayByteLength } from '../../engine/guest/intrinsics.js'
import { bytesToText, viewBytes } from '../../engine/guest/bytes.js'
import { failQuota, toStandardError } from './failure.js'

/** @typedef {{ operations: number, bytes: number, methods: string[] }} Limits */

/**
 * Counts the operations of a run. The native counts, too; here it is one error for those that never get there.
 * @param {Limits} limits
 */
export function createCounter ({ operations }) {
  let count = 0
  return () => {
    if (++count > operations) failQuota(`Cannot use crypto: ${operations} operations were made, the limit`, operations, count)
  }
}

/** One call of the native as it is put together: arguments for JSON, and the bytes of all of them behind one another. */
export class Request {
  /** @type {Record<string, unknown>} */
  #args = ObjectCreate(null)
  #bytes = ''
  #method
  #maxBytes

  /** @param {string} method @param {number} maxBytes of one argument */
  constructor (method, maxBytes) {
    this.#method = method
    this.#maxBytes = maxBytes
  }

  /** @param {string} name @param {unknown} value a primitive, or something without a prototype */
  put (name, value) {
    this.#args[name] = value
  }

  /** Copies the bytes of a source as they are now. Answers where they are. @param {import('../../engine/guest/bytes.js').BufferSource} source @param {string} what */
  span (source, what) {
    const bytes = viewBytes(source)
    const size = typedArrayByteLength(bytes)
    if (size > this.#maxBytes) failQuota(`Cannot ${this.#method}: ${what} has ${size} bytes, more than ${this.#maxBytes}`, this.#maxBytes, size)
    const span = ObjectCreate(null)
    span.at = this.#bytes.length
    span.size = size
    this.#bytes += bytesToText(bytes)
    return span
  }

  /** @param {import('../../engine/guest/tools.js').ToolHost} host */
  async send (host) {
    try {
      return await safe(host.call(this.#method, JSONStringify(this.#args), this.#bytes))
    } catch (error) {
      throw toStandardError(error)
    }
  }
}
