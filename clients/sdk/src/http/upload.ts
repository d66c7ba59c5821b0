import type { Upload } from './requester.ts'

/** Lines are sent in pieces of about so many characters. */
const PIECE_CHARS = 65_536

/** What is sent item by item. A function is asked again for each try. */
export type Items<T> = Iterable<T> | AsyncIterable<T> | (() => Iterable<T> | AsyncIterable<T>)

/** Items opened as a body. */
export interface OpenItems extends Pick<Upload, 'open' | 'isRepeatable'> {
  /** What the caller's own iterator threw, if it did. */
  failure (): unknown
  /** Ends an iterator that nobody reads any more: not every runtime does, when an answer comes before the body has ended. */
  close (): void
}

/** Opens items as a body of lines: first a head, then one line of JSON for each. */
export function openItems (head: object, items: Items<unknown>): OpenItems {
  let failure: unknown
  let close = (): void => {}
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
  const stream = (source: AsyncGenerator<string, void, undefined>) => {
    const encoder = new TextEncoder()
    return new ReadableStream<Uint8Array>({
      start (controller) {
        close = () => {
          source.return().catch(() => {}) // the caller is told why the items were not taken
          try { controller.error(new Error('Nobody reads it any more')) } catch {} // it has ended
        }
      },
      async pull (controller) {
        const step = await source.next().catch((error: unknown) => {
          failure = error
          throw error
        })
        if (step.done) controller.close()
        else controller.enqueue(encoder.encode(step.value))
      },
      async cancel () { await source.return() },
    })
  }
  const open = async () => {
    close()
    if (failure !== undefined) throw failure
    const source = pieces()
    if (!isArray && !isBrowser()) return stream(source)
    const parts: string[] = []
    for await (const piece of source) parts.push(piece)
    return new Blob(parts)
  }
  return { open, isRepeatable: isArray || typeof items === 'function', failure: () => failure, close: () => close() }
}

/** Browsers take no body that is still being made, or only over HTTP/2. */
function isBrowser (): boolean {
  return 'document' in globalThis || 'WorkerGlobalScope' in globalThis
}
