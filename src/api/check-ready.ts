import { JobError } from '../core/failures.ts'
import type { Db } from '../store/db.ts'
import { readPools, type Pools } from '../store/pools.ts'

const READY_WITHIN_MS = 1000
const MARK_SECONDS = 60

/**
 * Builds a check that a job should be posted here: this process is not about to stop, and Redis takes a write, within a second. A Redis that only
 * answers reads (full, unable to persist, a replica) is not ready. Answers what there is to run jobs. Checks that come together share one. They throw UNAVAILABLE.
 */
export function buildCheckReady (db: Db, stopping: AbortSignal): () => Promise<Pools> {
  const { redis, keys } = db
  let checking: Promise<Pools> | undefined
  return async () => {
    if (stopping.aborted) throw new JobError('UNAVAILABLE', 'Cannot accept jobs: this process is about to stop')
    checking ??= within(Promise.all([readPools(db), redis.set(`${keys.prefix}:ready`, '1', 'EX', MARK_SECONDS)])).finally(() => { checking = undefined })
    return await checking
  }
}

async function within (asked: Promise<[Pools, unknown]>): Promise<Pools> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`it did not take a write within ${READY_WITHIN_MS} ms`)), READY_WITHIN_MS)
  try {
    const [pools] = await Promise.race([asked, late.promise])
    return pools
  } catch (cause) {
    throw new JobError('UNAVAILABLE', 'Cannot accept jobs: the store takes no writes', { cause })
  } finally {
    clearTimeout(timer)
  }
}
