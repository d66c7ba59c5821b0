// @ts-check
import { bytesOf } from './views.js'

/** @param {ArrayBufferView} left @param {ArrayBufferView} right @returns {-1 | 0 | 1} */
export const compare = (left, right) => compareBytes(bytesOf(left), bytesOf(right))

/**
 * @param {ArrayBufferView} source @param {ArrayBufferView} target
 * @param {number} targetStart @param {number} sourceStart @param {number} targetEnd @param {number} sourceEnd
 */
export function compareOffset (source, target, targetStart, sourceStart, targetEnd, sourceEnd) {
  return compareBytes(bytesOf(source).subarray(sourceStart, sourceEnd), bytesOf(target).subarray(targetStart, targetEnd))
}

/** @param {Uint8Array} left @param {Uint8Array} right */
function compareBytes (left, right) {
  const shared = Math.min(left.length, right.length)
  for (let i = 0; i < shared; i++) {
    if (left[i] !== right[i]) return /** @type {number} */ (left[i]) < /** @type {number} */ (right[i]) ? -1 : 1
  }
  return left.length === right.length ? 0 : left.length < right.length ? -1 : 1
}

/**
 * Where a byte is first, or last, from a place on and before another.
 * @param {ArrayBufferView} view @param {number} byte @param {number} offset @param {boolean} isForward @param {number} end
 */
export function indexOfNumber (view, byte, offset, isForward, end) {
  const haystack = bytesOf(view)
  const length = clampEnd(end, haystack.length)
  const from = startOf(haystack.length, offset, 1, isForward)
  if (from < 0 || length === 0) return -1
  if (!isForward) return haystack.lastIndexOf(byte & 0xff, Math.min(from, length - 1))
  const found = haystack.indexOf(byte & 0xff, from)
  return found < length ? found : -1
}

/**
 * Where some bytes are first, or last, from a place on and before another. Wide ones are found at even places only.
 * Source: IndexOfString and IndexOfBuffer of node_buffer.cc
 * @param {Uint8Array} haystack @param {Uint8Array} needle @param {{ offset: number, isForward: boolean, end: number, isWide: boolean, isText: boolean }} how
 */
export function indexOfBytes (haystack, needle, { offset, isForward, end, isWide, isText }) {
  const all = isWide && isText ? haystack.length & ~1 : haystack.length
  const within = clampEnd(end, all)
  const length = isWide ? within & ~1 : within
  const from = startOf(all, offset, needle.length, isForward)
  if (needle.length === 0) return Math.min(from, length)
  if (length === 0 || from < 0 || needle.length > length) return -1
  if (isForward && from + needle.length > length) return -1
  if (isWide && needle.length < 2) return -1
  const step = isWide ? 2 : 1
  const size = isWide ? needle.length & ~1 : needle.length
  const last = length - size
  const begin = isWide ? from & ~1 : from
  return isForward ? findForward(haystack, needle, begin, last, size, step) : findBackward(haystack, needle, Math.min(begin, last), size, step)
}

/** @param {Uint8Array} haystack @param {Uint8Array} needle @param {number} begin @param {number} last @param {number} size @param {number} step */
function findForward (haystack, needle, begin, last, size, step) {
  const first = /** @type {number} */ (needle[0])
  for (let at = haystack.indexOf(first, begin); at >= 0 && at <= last; at = haystack.indexOf(first, at + 1)) {
    if ((at - begin) % step === 0 && matches(haystack, needle, at, size)) return at
  }
  return -1
}

/** @param {Uint8Array} haystack @param {Uint8Array} needle @param {number} begin @param {number} size @param {number} step */
function findBackward (haystack, needle, begin, size, step) {
  const first = /** @type {number} */ (needle[0])
  for (let at = haystack.lastIndexOf(first, begin); at >= 0; at = at === 0 ? -1 : haystack.lastIndexOf(first, at - 1)) {
    if ((begin - at) % step === 0 && matches(haystack, needle, at, size)) return at
  }
  return -1
}

/** @param {Uint8Array} haystack @param {Uint8Array} needle @param {number} at @param {number} size */
function matches (haystack, needle, at, size) {
  for (let i = 0; i < size; i++) if (haystack[at + i] !== needle[i]) return false
  return true
}

/** What no int64 holds is taken as none at all. @param {number} end @param {number} length */
const clampEnd = (end, length) => end > 0 && end < 2 ** 63 ? Math.min(Math.trunc(end), length) : 0

/** Where to begin; -1 for nowhere. Source: `IndexOfOffset` of Node's node_buffer.cc. @param {number} length @param {number} given @param {number} size @param {boolean} isForward */
function startOf (length, given, size, isForward) {
  const offset = Math.trunc(given) + 0 // of minus zero, zero
  if (offset < 0) {
    if (offset + length >= 0) return length + offset
    return isForward || size === 0 ? 0 : -1
  }
  if (offset + size <= length) return offset
  if (size === 0) return length
  return isForward ? -1 : length - 1
}
