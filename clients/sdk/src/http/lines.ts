import { ConnectionError } from '../errors.ts'
import { within } from './retry.ts'

/** Whoever writes a body has something to say at least so often. */
const SILENCE_MS = 60_000

/** Reads a body line by line; an empty line is left out. A loop that is left cancels the body. Throws a ConnectionError where it stalls. */
export async function * readLines (body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let parts: string[] = []
  try {
    for (;;) {
      const { done, value } = await within(SILENCE_MS, reader.read(), () => new ConnectionError(`Nothing came for ${SILENCE_MS} ms`))
      const lines = decoder.decode(value, { stream: !done }).split('\n')
      for (const line of lines.slice(0, -1)) {
        const whole = parts.join('') + line
        parts = []
        if (whole.trim() !== '') yield whole
      }
      parts.push(lines.at(-1) ?? '')
      if (done) break
    }
    const last = parts.join('')
    if (last.trim() !== '') yield last
  } finally {
    await reader.cancel().catch(() => {}) // it broke: whoever read it knows
  }
}
