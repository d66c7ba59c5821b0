/**
 * Gathers what comes one by one into lists, each of at most so many and at most so old: 100 and a second by default (row MSG-13). The last list is given
 * out when the source ends or throws; leaving the loop ends the source. Throws a RangeError for lists of less than one.
 */
export async function * inBatches<T> (source: AsyncIterable<T>, { maxMessages = 100, maxDelayMs = 1000 }: { maxMessages?: number, maxDelayMs?: number } = {}): AsyncGenerator<T[], undefined> {
  if (!(maxMessages >= 1)) throw new RangeError(`Cannot gather lists of at most ${maxMessages}: at least 1 is needed`)
  const iterator = source[Symbol.asyncIterator]()
  /** Asked for and not there yet: what comes after a list's time is up goes to the next one. */
  let pending: Promise<{ item: T } | { end: true, error?: unknown }> | undefined
  let end: { error?: unknown } | undefined
  const ask = () => iterator.next().then(({ done, value }) => done ? { end: true as const } : { item: value }, (error: unknown) => ({ end: true as const, error }))
  try {
    while (!end) {
      const batch: T[] = []
      let timer: ReturnType<typeof setTimeout> | undefined
      let timeUp: Promise<undefined> | undefined
      while (batch.length < maxMessages) {
        pending ??= ask()
        const next = await (timeUp ? Promise.race([pending, timeUp]) : pending)
        if (!next) break
        pending = undefined
        if ('end' in next) {
          end = next
          break
        }
        batch.push(next.item)
        timeUp ??= new Promise((resolve) => { timer = setTimeout(() => resolve(undefined), maxDelayMs) })
      }
      clearTimeout(timer)
      if (batch.length > 0) yield batch
    }
    if ('error' in end) throw end.error
  } finally {
    if (!end) await iterator.return?.()
  }
}
