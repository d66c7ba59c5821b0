// @ts-check
import { stringCharCodeAt, stringSlice, typedArrayByteLength, typedArrayKind } from '../../engine/guest/intrinsics.js'
import { fillBytes, viewBytes } from '../../engine/guest/bytes.js'
import { buildWords } from '../../engine/guest/webidl.js'
import { fail, failQuota, toStandardError } from './failure.js'

/** Bytes fetched at a time: a call out of the isolate costs more than they do. */
const BLOCK_BYTES = 4096
/** Most bytes of one array. Source: https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues */
const QUOTA_BYTES = 65_536
const HEX = '0123456789abcdef'

/** The kinds of arrays whose every value is as good as any other. */
const INTEGERS = buildWords(['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array'])

/**
 * Random bytes from the native, each given once.
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 * @param {number} maxBytes of one operation
 */
export function createRandom (host, maxBytes) {
  const quota = maxBytes < QUOTA_BYTES ? maxBytes : QUOTA_BYTES
  const blockBytes = quota < BLOCK_BYTES ? quota : BLOCK_BYTES
  let block = ''
  let used = 0

  /** @param {number} size */
  function take (size) {
    if (size > blockBytes) return fetch(size)
    if (size > block.length - used) {
      block = fetch(blockBytes)
      used = 0
    }
    used += size
    return stringSlice(block, used - size, used)
  }

  /** @param {number} size */
  function fetch (size) {
    try {
      return host.callSync('random', `{"size":${size}}`).bytes
    } catch (error) {
      throw toStandardError(error)
    }
  }

  /** @param {ArrayBufferView} array */
  function fill (array) {
    const kind = typedArrayKind(array)
    if (kind === undefined || !(kind in INTEGERS)) fail('TypeMismatchError', 'Cannot get random values: the view is not an array of integers')
    const size = typedArrayByteLength(array)
    if (size > quota) failQuota(`Cannot get random values: the array has ${size} bytes, more than ${quota}`, quota, size)
    if (size > 0) fillBytes(viewBytes(array), take(size))
  }

  /** A UUID of version 4. Source: RFC 9562, section 5.4 */
  function buildUuid () {
    const bytes = take(16)
    let uuid = ''
    for (let i = 0; i < 16; i++) {
      const byte = stringCharCodeAt(bytes, i)
      const marked = i === 6 ? byte & 0x0f | 0x40 : i === 8 ? byte & 0x3f | 0x80 : byte
      if (i === 4 || i === 6 || i === 8 || i === 10) uuid += '-'
      uuid += /** @type {string} */ (HEX[marked >> 4]) + HEX[marked & 15]
    }
    return uuid
  }

  return { fill, buildUuid }
}
