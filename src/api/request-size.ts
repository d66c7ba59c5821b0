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
export function checkSize ({ request: maxima }: LimitPolicy, request: JobRequest, bodyBytes: number): void {
  const chars = countChars(request)
  if (chars > maxima.codeChars) throw new JobError('CODE_TOO_LARGE', `Cannot take the code: it has ${chars} characters${chars > request.code.length ? ' with its files' : ''}, more than the maximum of ${maxima.codeChars} characters`)
  if (bodyBytes * GROWTH_MAX > maxima.inputBytes) checkInput(JSON.stringify(request.input) ?? 'null', maxima.inputBytes)
}

/** Throws INPUT_TOO_LARGE for an input, written as JSON, above its limit; `bodyBytes` as above. */
export function checkInputSize ({ request: maxima }: LimitPolicy, json: string, bodyBytes: number): void {
  if (bodyBytes * GROWTH_MAX > maxima.inputBytes) checkInput(json, maxima.inputBytes)
}

function checkInput (json: string, maxBytes: number): void {
  const bytes = Buffer.byteLength(json)
  if (bytes > maxBytes) throw new JobError('INPUT_TOO_LARGE', `Cannot take the input: it has ${bytes} bytes as JSON, more than the maximum of ${maxBytes} bytes`)
}
