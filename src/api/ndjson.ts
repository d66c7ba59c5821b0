import type { Readable } from 'node:stream'
import { JobError } from '../core/failures.ts'

export const NDJSON = 'application/x-ndjson'

const NEWLINE = 0x0a

/** One line, without its end. `bytes` is undefined for a line that is longer than allowed. */
export interface Line {
  /** Counts from 1. */
  number: number
  bytes: Buffer | undefined
}

/**
 * Reads a stream line by line as they are asked for, and holds no more than one line of it. A line that is longer than allowed is passed over;
 * an empty one is left out, but counted. Throws BAD_REQUEST where the stream breaks off.
 */
export async function * readLines (stream: Readable, maxLineBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let held = 0
  let number = 1
  const end = (): Line | undefined => {
    const line = { number, bytes: held > maxLineBytes ? undefined : Buffer.concat(parts) }
    parts = []
    held = 0
    number += 1
    return line.bytes === undefined || line.bytes.some((byte) => !isSpace(byte)) ? line : undefined
  }
  for await (const chunk of readBody(stream)) {
    for (let from = 0; from < chunk.length;) {
      const to = chunk.indexOf(NEWLINE, from)
      const part = chunk.subarray(from, to < 0 ? undefined : to)
      held += part.length
      if (held > maxLineBytes) parts = []
      else parts.push(part)
      from += part.length + 1
      const line = to < 0 ? undefined : end()
      if (line) yield line
    }
  }
  const last = held > 0 ? end() : undefined
  if (last) yield last
}

async function * readBody (stream: Readable): AsyncGenerator<Buffer> {
  try {
    yield * stream as AsyncIterable<Buffer> // nobody told it an encoding
  } catch (cause) {
    throw new JobError('BAD_REQUEST', 'Cannot read the body: it broke off', { cause })
  }
}

function isSpace (byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}
