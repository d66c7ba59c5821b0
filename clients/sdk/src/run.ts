import type { NewJob } from './api-types.ts'
import { buildRunError } from './errors.ts'
import { newIdempotencyKey } from './http/requester.ts'
import type { WaitOptions } from './http/wait.ts'
import type { Jobs } from './jobs.ts'
import type { RequestOptions } from './options.ts'

/** What a run may be given beside code and input, and how its end is waited for. */
export interface RunOptions extends WaitOptions, Omit<NewJob, 'code' | 'codeBase64' | 'input'> {
  /** Whether the job is cancelled once the signal ends the wait for it; true without it. */
  cancelOnAbort?: boolean
}

/** Runs code, or what the jobs are posted to, and answers what it returned. Throws a RunError where it did not succeed, a WaitTimeoutError, or an ApiError. */
export async function run<T> (jobs: Jobs, code: string | undefined, input: unknown, options: RunOptions = {}): Promise<T> {
  const { signal, timeoutMs, retries, headers, idempotencyKey = newIdempotencyKey(), waitMs, cancelOnAbort = true, ...spec } = options
  const request: RequestOptions = { timeoutMs, retries, headers }
  const newJob = { ...spec, code, input } as NewJob // JSON leaves out what is undefined
  signal?.throwIfAborted() // there is nothing to cancel yet
  try {
    const job = await jobs.run<T>(newJob, { ...request, idempotencyKey, signal, waitMs })
    if (job.status !== 'succeeded') throw buildRunError(job)
    return 'result' in job ? job.result as T : await jobs.result<T>(job.id, { ...request, signal })
  } catch (error) {
    // Nobody waits any more. The same key answers the same job, also where the answer with its id never came.
    if (signal?.aborted && cancelOnAbort) void jobs.create(newJob, { ...request, idempotencyKey }).then(({ id }) => jobs.cancel(id, request)).catch(() => {})
    throw error
  }
}
