import { JobError } from '../core/failures.ts'
import { countChars } from '../core/job-sources.ts'
import type { JobRequest } from '../core/job-request.ts'
import type { LimitPolicy } from '../core/limits.ts'

/** JSON written again can be longer than it came: `1e20` becomes 21 digits. */
const GROWTH_MAX = 6

/**
 * Throws CODE_TOO_LARGE or INPUT_TOO_LARGE for a request above its limits. `bodyBytes` is the size of the request that brought
 * it: where that alone shows that the input is small enough, the input is not written out to be measured.
 */
export function checkSize (policy: LimitPolicy, request: JobRequest, bodyBytes: number): void {
  const { request: maxima } = policy
  const chars = countChars(request)
  if (chars > maxima.codeChars) throw new JobError('CODE_TOO_LARGE', `Cannot take the code: it has ${chars} characters${chars > request.code.length ? ' with its files' : ''}, more than the maximum of ${maxima.codeChars} characters`)
  if (bodyBytes * GROWTH_MAX > maxima.inputBytes) checkInputSize(policy, JSON.stringify(request.input) ?? 'null')
}

/** Throws INPUT_TOO_LARGE for an input, written as JSON, above its limit. */
export function checkInputSize ({ request: maxima }: LimitPolicy, json: string): void {
  const bytes = Buffer.byteLength(json)
  if (bytes > maxima.inputBytes) throw new JobError('INPUT_TOO_LARGE', `Cannot take the input: it has ${bytes} bytes as JSON, more than the maximum of ${maxima.inputBytes} bytes`)
}
