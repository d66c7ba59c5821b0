/** What has come and was not taken yet. One reader at a time. */
export interface Inbox<T> {
  readonly size: number
  put (item: T): void
  /** Nothing more will come: null where that is well, or what the reader is to throw once it has taken everything before. The first word stands. */
  end (error: unknown): void
  /** Takes the oldest; waits for one. Answers undefined at a good end. */
  take (): Promise<T | undefined>
  /** Forgets the oldest. */
  drop (): void
}

export function createInbox<T> (): Inbox<T> {
  const items: T[] = []
  let ended: { error: unknown } | undefined
  let wake: (() => void) | undefined
  return {
    get size () { return items.length },
    put (item) {
      items.push(item)
      wake?.()
    },
    end (error) {
      ended ??= { error }
      wake?.()
    },
    async take () {
      while (items.length === 0) {
        if (ended?.error) throw ended.error
        if (ended) return undefined
        await new Promise<void>((resolve) => { wake = resolve })
      }
      return items.shift()
    },
    drop () { items.shift() },
  }
}
