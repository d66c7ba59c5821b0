import { JobError } from '../core/failures.ts'
import type { Db } from '../store/db.ts'
import { readMemory } from '../store/memory.ts'

/** How old the figure may be that a request is judged by. */
const FRESH_MS = 1000

/**
 * Builds a check that there is room for more jobs: throws OVERLOADED while Redis uses more than that share of the memory it may use. What is left
 * is for the jobs that were accepted, which have results and logs to store yet. Requests that come together share one look.
 */
export function buildCheckRoom (db: Pick<Db, 'redis'>, share: number): () => Promise<void> {
  let lookedAt = Number.NEGATIVE_INFINITY
  let looking: Promise<string | undefined> = Promise.resolve(undefined)

  async function look (): Promise<string | undefined> {
    const { usedBytes, maxBytes } = await readMemory(db)
    if (maxBytes === 0 || usedBytes <= maxBytes * share) return undefined
    return `Redis uses more than ${Math.round(share * 100)} % of the memory that it may use; jobs that were accepted go on, so try again later`
  }

  return async () => {
    const now = performance.now()
    if (now - lookedAt > FRESH_MS) {
      lookedAt = now
      looking = look()
      looking.catch(() => { lookedAt = Number.NEGATIVE_INFINITY }) // the requests that wait for it hear of it
    }
    const full = await looking
    if (full) throw new JobError('OVERLOADED', `Cannot take more jobs now: ${full}`)
  }
}
