import type { Db } from '../store/db.ts'

const READY_WITHIN_MS = 1000
const MARK_SECONDS = 60

/**
 * Builds a check that a job could be accepted: Redis takes a write, within a second. A Redis that only answers reads (full,
 * unable to persist, a replica) is not ready. Checks that come together share one.
 */
export function buildCheckReady ({ redis, keys }: Db): () => Promise<void> {
  let checking: Promise<void> | undefined
  return () => {
    checking ??= within(redis.set(`${keys.prefix}:ready`, '1', 'EX', MARK_SECONDS)).finally(() => { checking = undefined })
    return checking
  }
}

async function within (write: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`Cannot write to the store within ${READY_WITHIN_MS} ms`)), READY_WITHIN_MS)
  try {
    await Promise.race([write, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
