/**
 * Milliseconds before each try, the first included: what operators may have otherwise. Source: Standard Webhooks, "Retry schedule".
 */
export const WEBHOOK_DELAYS_MS: readonly number[] = [0, 5000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000]

/** Share of a delay that is added to it at the most, so that what failed together does not come back together. */
const JITTER = 0.2
/** Longest that a receiver can put its next try off by asking, and have all tries to it rest. */
const RETRY_AFTER_MAX_MS = 86_400_000
const REST_MAX_MS = 3_600_000

/** What becomes of a delivery whose try failed. */
export interface Later {
  /** Until its next try; null where that was the last. */
  delayMs: number | null
  /** For which its receiver is left alone. */
  restMs: number
}

/** Plans the try after that many of the schedule. A receiver that says when it may be asked again is asked no sooner. */
export function planNext (delaysMs: readonly number[], step: number, retryAfterMs: number, random = Math.random): Later {
  const delayMs = delaysMs[step + 1]
  const restMs = Math.min(retryAfterMs, REST_MAX_MS)
  if (delayMs === undefined) return { delayMs: null, restMs }
  return { delayMs: Math.max(delayMs * (1 + JITTER * random()), Math.min(retryAfterMs, RETRY_AFTER_MAX_MS)), restMs }
}

/** How long after its event a delivery may have its last try, and a while: receivers that are left alone put tries off. */
export function longestMs (delaysMs: readonly number[]): number {
  const SPARE_MS = 3_600_000
  return Math.ceil(delaysMs.reduce((sum, delayMs) => sum + delayMs, 0) * (1 + JITTER)) + SPARE_MS
}

/** Reads how long a `Retry-After` asks to wait, at that time; 0 where it says nothing that can be read. Source: RFC 9110, section 10.2.3. */
export function readRetryAfter (header: string, nowMs: number): number {
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs)
}
