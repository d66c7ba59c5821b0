import type { TransportName } from './options.ts'

/** How long a worse transport is used before the better ones are tried again. */
const REMEMBERED_MS = 300_000
/** Tries of a transport that worked before, until it is taken for refused. */
const PATIENCE = 3

/** What worked last at a service, for every client of it in this program. */
const REMEMBERED = new Map<string, { name: TransportName, at: number }>()

/** Which transport is tried next. */
export interface Choice {
  /** The one to start with: what worked last, if that is not long ago, else the best. */
  first (): TransportName
  /** The one to try after one did not open, and whether to wait before: a whole round was in vain, or a transport that has worked may be back soon. */
  next (failed: TransportName, tries: number): { name: TransportName, isPause: boolean }
  opened (name: TransportName): void
}

export function createChoice (origin: string, names: readonly TransportName[]): Choice {
  const worked = new Set<TransportName>()
  const best = names[0] as TransportName // there is one
  const first = () => {
    const last = REMEMBERED.get(origin)
    return last && names.includes(last.name) && Date.now() - last.at < REMEMBERED_MS ? last.name : best
  }
  return {
    first,
    next (failed, tries) {
      if (failed === first() && worked.has(failed) && tries < PATIENCE) return { name: failed, isPause: true }
      const name = names[(names.indexOf(failed) + 1) % names.length] as TransportName // within the list
      return name === first() ? { name, isPause: true } : { name, isPause: false }
    },
    opened (name) {
      worked.add(name)
      if (name === best) REMEMBERED.delete(origin)
      else if (REMEMBERED.get(origin)?.name !== name) REMEMBERED.set(origin, { name, at: Date.now() })
    },
  }
}
