import { ConnectionError } from '../errors.ts'
import { within } from './retry.ts'

/** Whoever writes a body has something to say at least so often. */
const SILENCE_MS = 60_000

/** Reads a body as it comes. A loop that is left cancels it. Throws a ConnectionError where it stalls. */
export async function * readChunks (body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await within(SILENCE_MS, reader.read(), () => new ConnectionError(`Nothing came for ${SILENCE_MS} ms`))
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => {}) // it broke: whoever read it knows
  }
}

/** Makes a body of what comes when it is asked for. */
export function toStream<T> (chunks: AsyncIterator<T>): ReadableStream<T> {
  return new ReadableStream({
    async pull (controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel () { await chunks.return?.() },
  })
}
