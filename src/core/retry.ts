import { z } from 'zod'
import { FAILURES, isFailureCode, type FailureCode } from './failures.ts'

const DAY_MS = 86_400_000

export const RETRY_BOUNDS = { attempts: 100, delayMs: DAY_MS, crashes: 20, lost: 100 } as const

/** What an attempt's outcome may be retried for: the codes a run can end with. */
const RetryCode = z.string().refine(isFailureCode, { error: (issue) => `Unknown code ${JSON.stringify(issue.input)}` })

export const Backoff = z.strictObject({
  type: z.enum(['fixed', 'exponential']).default('exponential'),
  delayMs: z.number().int().min(0).max(RETRY_BOUNDS.delayMs).default(1000),
  maxDelayMs: z.number().int().min(0).max(RETRY_BOUNDS.delayMs).default(300_000),
  /** Share of the delay that is drawn at random: 0 waits exactly, 1 anywhere between none and all of it. */
  jitter: z.number().min(0).max(1).default(0.5),
})

export const RetryPolicy = z.strictObject({
  attempts: z.number().int().min(1).max(RETRY_BOUNDS.attempts).default(1),
  backoff: Backoff.prefault({}),
  /** Codes to retry; without it, those that the table of failures calls retryable. */
  on: z.array(RetryCode).max(Object.keys(FAILURES).length).optional(),
  /** Runners that may die under the job before it is dead. */
  maxCrashes: z.number().int().min(1).max(RETRY_BOUNDS.crashes).default(3),
  /** Workers that may vanish under the job before it is dead. */
  maxLost: z.number().int().min(1).max(RETRY_BOUNDS.lost).default(10),
})
export type RetryPolicy = z.infer<typeof RetryPolicy>

/** Tells whether the policy retries an attempt that ended with that code. Cancelled and expired jobs never are. */
export function isRetried (policy: RetryPolicy, code: FailureCode): boolean {
  if (code === 'CANCELLED' || code === 'EXPIRED') return false
  return policy.on ? policy.on.includes(code) : FAILURES[code].retry
}

/** Milliseconds to wait after the given number of failures (from 1). `random` draws from [0, 1). */
export function backoffMs (backoff: z.infer<typeof Backoff>, failures: number, random: () => number): number {
  const grown = backoff.type === 'fixed' ? backoff.delayMs : backoff.delayMs * 2 ** Math.min(failures - 1, 52)
  const whole = Math.min(grown, backoff.maxDelayMs)
  return Math.round(whole * (1 - backoff.jitter * random()))
}
