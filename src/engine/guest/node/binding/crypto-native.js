// @ts-check
import { bytesToText, fillBytes } from '../../bytes.js'
import { JSONStringify } from '../../intrinsics.js'
import { askNative } from '../../natives.js'
import { toBuffer, toEncodingNumber } from '../../web/node-library.js'
import { buildFailure, bytesOfAny, encode } from './buffer.js'

// How what Node's `crypto` has of C++ reaches the native of the tool of that name.

/** Bytes that one argument may have; 0 until it was asked. */
let argumentBytes = 0

/** Throws unless the run has the tool. */
export function readBounds () {
  if (argumentBytes > 0) return argumentBytes
  if (!Object.hasOwn(globalThis, 'crypto')) {
    throw buildFailure(/** @type {any} */ (Error), 'PERMISSION_DENIED', 'Cannot use node:crypto: the job has not asked for the tool "crypto"; name it in its "tools"')
  }
  argumentBytes = JSON.parse(askNative('library:crypto', 'bounds', '{}').text).bytes
  return argumentBytes
}

/** One call as it is put together: what JSON can carry, and the bytes of all arguments behind one another. */
export class Call {
  /** @type {Record<string, any>} */
  #members = Object.create(null)
  #bytes = ''

  /** Leaves out what is undefined. @param {Record<string, unknown>} members text, numbers and booleans @returns {this} */
  put (members) {
    for (const name in members) if (Object.hasOwn(members, name) && members[name] !== undefined) this.#members[name] = members[name]
    return this
  }

  /** @param {string} name @param {string | ArrayBuffer | ArrayBufferView | undefined | null} data text has one character for each byte @returns {this} */
  bytes (name, data) {
    if (data !== undefined && data !== null) this.#members[name] = this.span(data)
    return this
  }

  /** @param {string} name @param {(call: Call) => Record<string, unknown>} describe what to put in a member of its own @returns {this} */
  child (name, describe) {
    this.#members[name] = describe(this)
    return this
  }

  /** @param {string | ArrayBuffer | ArrayBufferView} data */
  span (data) {
    const text = typeof data === 'string' ? data : bytesToText(bytesOfAny(data))
    const span = Object.create(null)
    span.at = this.#bytes.length
    span.size = text.length
    this.#bytes += text
    return span
  }

  /** Answers what came back; a member that is bytes is a Uint8Array of its own. @param {string} method @returns {Record<string, any>} */
  ask (method) {
    readBounds()
    const { text, bytes } = askNative('library:crypto', method, /** @type {string} */ (JSONStringify(this.#members)), this.#bytes)
    const { error, spans, ...rest } = JSON.parse(text)
    if (error !== undefined) throw revive(error)
    for (const name in spans) {
      const [at, size] = spans[name]
      rest[name] = new Uint8Array(size)
      fillBytes(rest[name], bytes.slice(at, at + size))
    }
    return rest
  }
}

/** An error of Node's own, from the other side. @param {{ name: string, message: string }} described */
function revive ({ name, message, ...more }) {
  const Kind = name === 'TypeError' ? TypeError : name === 'RangeError' ? RangeError : Error
  return Object.assign(new Kind(message), more)
}

/** One character for each byte. @param {unknown} data @param {unknown} [encoding] */
export function textOf (data, encoding) {
  return bytesToText(typeof data === 'string' ? encode(data, toEncodingNumber(encoding)) : bytesOfAny(/** @type {any} */ (data)))
}

/** @param {Uint8Array} bytes @param {unknown} [encoding] */
export function give (bytes, encoding) {
  const buffer = toBuffer(bytes)
  return typeof encoding === 'string' && buffer.constructor.isEncoding(encoding) ? buffer.toString(encoding) : buffer
}

/** Of some functions Node answers an empty text where there are no bytes. @param {Uint8Array} bytes */
export const giveAny = (bytes) => bytes.length === 0 ? '' : give(bytes)
