import { ApiError, ConnectionError, RequestTimeoutError } from '../errors.ts'

const FIRST_DELAY_MS = 500
const LAST_DELAY_MS = 8000
/** A service that asks for more patience is told of instead: the caller decides. */
const PATIENCE_MS = 60_000
/** Refused before anything was done, whatever the request. */
const NEVER_DONE = new Set([408, 429])

/** Tells whether a request that failed so may be sent again. `isRepeatable` are those that do no more when they come twice. */
export function mayRetry (error: unknown, isRepeatable: boolean): boolean {
  if (error instanceof ConnectionError || error instanceof RequestTimeoutError) return isRepeatable
  if (!(error instanceof ApiError)) return false
  const { status, retryAfterMs } = error
  if (retryAfterMs !== undefined && retryAfterMs > PATIENCE_MS) return false
  if (NEVER_DONE.has(status)) return true
  const isPassing = status === 409 ? retryAfterMs !== undefined : status >= 500 && status !== 501 // a conflict that passes says when
  return isRepeatable && isPassing
}

/** How long to wait after a number of failures (from 1): doubling, half of it at random, unless the service said when. */
export function delayOf (failures: number, retryAfterMs?: number, random: () => number = Math.random): number {
  const whole = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LAST_DELAY_MS)
  const jittered = whole * (1 - random() / 2)
  return Math.max(retryAfterMs ?? 0, jittered)
}

/** Reads a Retry-After header (RFC 9110): seconds, or a time. */
export function readRetryAfter (header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** Waits for a promise, but only for so long; then throws what is made for that. */
export async function within<T> (ms: number, work: Promise<T>, buildError: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(buildError()), ms) })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits; throws the signal's reason once it is aborted. */
export function sleep (ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason as Error) // whatever it was aborted with
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
