/** How long and how many ids are remembered. Source: row MSG-11. */
export interface DeduplicationWindow {
  /** 5 minutes, by default. */
  windowMs?: number
  /** 10,000, by default. */
  maxEntries?: number
}

/** Remembers what was answered for an id, within a window. */
export interface Deduplication<T> {
  /** Answers what the first call with that id did; calls only for the first. One that threw is forgotten. */
  once (id: string, run: () => T): T
  /** Tells whether an id came before. Remembers it. */
  isRepeat (id: string): boolean
  forget (id: string): void
}

export function createDeduplication<T> ({ windowMs = 300_000, maxEntries = 10_000 }: DeduplicationWindow = {}): Deduplication<T> {
  /** In the order in which they came, so the oldest are first. */
  const entries = new Map<string, { at: number, answer?: T }>()

  const find = (id: string) => {
    const now = Date.now()
    for (const [old, { at }] of entries) {
      if (now - at < windowMs) break
      entries.delete(old)
    }
    const entry = entries.get(id)
    if (entry) return { entry, isNew: false }
    if (entries.size >= maxEntries) entries.delete(entries.keys().next().value as string) // there is one
    const added: { at: number, answer?: T } = { at: now }
    entries.set(id, added)
    return { entry: added, isNew: true }
  }
  return {
    once (id, run) {
      const { entry, isNew } = find(id)
      if (!isNew) return entry.answer as T // set below by the first
      try {
        return entry.answer = run()
      } catch (error) {
        entries.delete(id)
        throw error
      }
    },
    isRepeat: (id) => !find(id).isNew,
    forget: (id) => { entries.delete(id) },
  }
}
