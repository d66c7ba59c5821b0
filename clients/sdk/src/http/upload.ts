import type { Upload } from './requester.ts'

export const NDJSON = 'application/x-ndjson'
/** Lines are sent in pieces of about so many characters. */
const PIECE_CHARS = 65_536

/** What is sent item by item. A function is asked again for each try. */
export type Items<T> = Iterable<T> | AsyncIterable<T> | (() => Iterable<T> | AsyncIterable<T>)

/** Opens items as a body of lines: first a head, then one line of JSON for each. */
export function openItems (head: object, items: Items<unknown>): { upload: Upload, failure: () => unknown } {
  let failure: unknown
  const isArray = Array.isArray(items)
  async function * pieces (): AsyncGenerator<string, void, undefined> {
    let piece = `${JSON.stringify(isArray ? { ...head, total: items.length } : head)}\n`
    for await (const item of typeof items === 'function' ? items() : items) {
      piece += `${JSON.stringify(item) ?? 'null'}\n` // what JSON cannot say becomes null, as in arrays
      if (piece.length < PIECE_CHARS) continue
      yield piece
      piece = ''
    }
    if (piece !== '') yield piece
  }
  const open = async () => {
    const source = pieces()
    if (!isArray && !isBrowser()) return stream(source, (error) => { failure = error })
    const parts: string[] = []
    for await (const piece of source) parts.push(piece)
    return new Blob(parts)
  }
  return { upload: { type: NDJSON, open, isRepeatable: isArray || typeof items === 'function' }, failure: () => failure }
}

/** Browsers take no body that is still being made, or only over HTTP/2. */
function isBrowser (): boolean {
  return 'document' in globalThis || 'WorkerGlobalScope' in globalThis
}

function stream (source: AsyncGenerator<string, void, undefined>, onError: (error: unknown) => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull (controller) {
      try {
        const { done, value } = await source.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      } catch (error) {
        onError(error)
        throw error
      }
    },
    async cancel () { await source.return() },
  })
}
