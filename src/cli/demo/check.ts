import { inspect, isDeepStrictEqual } from 'node:util'
import type { JobView } from '../../core/job.ts'
import type { FailureCode } from '../../core/failures.ts'

/** The service answered something that it must not. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

/** Throws a WrongAnswer that says what was expected and what came. */
export function expectEqual (what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return
  throw new WrongAnswer(`${what}: expected ${show(expected)}, got ${show(actual)}`)
}

/** Throws a WrongAnswer unless the condition holds. */
export function expectTrue (what: string, holds: boolean, actual: unknown): void {
  if (!holds) throw new WrongAnswer(`${what}: got ${show(actual)}`)
}

/** Checks that a job succeeded and answers its result. */
export function resultOf (job: JobView): unknown {
  expectEqual('the job', outcomeOf(job), 'succeeded')
  return job.result
}

/** Checks that a job failed with one of the codes and answers its error. */
export function failureOf (job: JobView, codes: readonly FailureCode[]): NonNullable<JobView['error']> {
  const { error } = job
  if (job.status === 'failed' && error && codes.includes(error.code)) return error
  throw new WrongAnswer(`the job: expected failed with ${codes.join(' or ')}, got ${outcomeOf(job)}${error ? ` (${error.message})` : ''}`)
}

/** How a job ended, in two words. */
export function outcomeOf (job: JobView): string {
  return job.error ? `${job.status} ${job.error.code}` : job.status
}

function show (value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Infinity, maxArrayLength: 5, maxStringLength: 300 })
}
