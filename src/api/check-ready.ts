import { JobError } from '../core/failures.ts'
import type { Db } from '../store/db.ts'

const READY_WITHIN_MS = 1000
const MARK_SECONDS = 60

/**
 * Builds a check that a job should be posted here: this process is not about to stop, and Redis takes a write, within a second. A Redis that only
 * answers reads (full, unable to persist, a replica) is not ready. Checks that come together share one. They throw UNAVAILABLE.
 */
export function buildCheckReady ({ redis, keys }: Db, stopping: AbortSignal): () => Promise<void> {
  let checking: Promise<void> | undefined
  return async () => {
    if (stopping.aborted) throw new JobError('UNAVAILABLE', 'Cannot accept jobs: this process is about to stop')
    checking ??= within(redis.set(`${keys.prefix}:ready`, '1', 'EX', MARK_SECONDS)).finally(() => { checking = undefined })
    await checking
  }
}

async function within (write: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`it did not take a write within ${READY_WITHIN_MS} ms`)), READY_WITHIN_MS)
  try {
    await Promise.race([write, late.promise])
  } catch (cause) {
    throw new JobError('UNAVAILABLE', 'Cannot accept jobs: the store takes no writes', { cause })
  } finally {
    clearTimeout(timer)
  }
}
