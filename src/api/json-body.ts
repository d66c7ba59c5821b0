import { isUtf8 } from 'node:buffer'
import { JobError } from '../core/failures.ts'

/** Deepest nesting that a request may have: far from what JSON.stringify can write without running out of stack. */
export const MAX_NESTING = 1000

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** What is longer is searched natively. */
const SHORT_BYTES = 64

/**
 * Parses a request's body. Throws BAD_REQUEST for what is not UTF-8 or not JSON, and INVALID for what nests deeper than
 * `MAX_NESTING`; that is found before anything is built, since parsing deep nesting costs forty times its bytes.
 */
export function parseJsonBody (bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  if (nestsTooDeep(bytes)) throw new JobError('INVALID', `Cannot take the body: it nests deeper than ${MAX_NESTING} levels`)
  if (!isUtf8(bytes)) throw new JobError('BAD_REQUEST', 'Cannot read the body: it is not UTF-8')
  try {
    return JSON.parse(bytes.toString()) as unknown
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason'
    throw new JobError('BAD_REQUEST', `Cannot read the body as JSON: ${reason}`, { cause: error })
  }
}

function nestsTooDeep (bytes: Buffer): boolean {
  const { length } = bytes
  let depth = 0
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      const near = at + SHORT_BYTES
      for (at++; at < length && bytes[at] !== QUOTE; at++) {
        if (bytes[at] === BACKSLASH) at++
        else if (at >= near) at = endOfString(bytes, at) - 1
      }
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1
      if (depth > MAX_NESTING) return true
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1
    }
  }
  return false
}

/** Finds the quote that ends a string from a place in it that is not escaped: by native search, which pays where a string is long. */
function endOfString (bytes: Buffer, start: number): number {
  let end = bytes.indexOf(QUOTE, start)
  while (end >= 0 && isEscaped(bytes, end, start)) end = bytes.indexOf(QUOTE, end + 1)
  return end < 0 ? bytes.length : end
}

function isEscaped (bytes: Buffer, at: number, start: number): boolean {
  let backslashes = 0
  while (at - 1 - backslashes >= start && bytes[at - 1 - backslashes] === BACKSLASH) backslashes += 1
  return backslashes % 2 === 1
}
