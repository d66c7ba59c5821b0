import { z } from 'zod'
import { FAILURES, type FailureCode, type InvalidMember, type JobError } from '../core/failures.ts'

const codes = Object.keys(FAILURES) as [FailureCode, ...FailureCode[]] // the keys of a closed, non-empty table

export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** An error as the API answers it. Source: RFC 9457; `errors` points into the request by RFC 6901. */
export const Problem = z.object({
  type: z.string().describe('Names the kind of problem; there is one for each code'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.enum(codes),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  error: z.object({ name: z.string(), message: z.string() }).optional().describe('Only from POST /execute: the same in its own words'),
}).meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>

/** Writes a failure as a problem. An unexpected failure's detail is the caller's to choose: it must not leak. */
export function buildProblem (code: FailureCode, detail: string, errors: readonly InvalidMember[] = []): Problem {
  const { status, title } = FAILURES[code]
  return {
    type: `urn:batchbox:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    detail,
    code,
    ...(errors.length > 0 ? { errors: [...errors] } : {}),
  }
}

export function buildProblemOf (error: JobError): Problem {
  return buildProblem(error.code, error.message, error.errors)
}

const EVERYWHERE = ['BAD_REQUEST', 'UNAUTHENTICATED', 'FORBIDDEN', 'INVALID', 'RATE_LIMITED', 'INTERNAL', 'UNAVAILABLE'] as const satisfies FailureCode[]

/** What else a route may answer that a body can be sent to: all but those of GET. */
export const TAKES_BODY = ['UNSUPPORTED_MEDIA_TYPE', 'INPUT_TOO_LARGE'] as const satisfies FailureCode[]
/** What else a route may answer that makes jobs. */
export const MAKES_JOBS = [...TAKES_BODY, 'IDEMPOTENCY_MISMATCH', 'TENANT_ERASING', 'OVERLOADED'] as const satisfies FailureCode[]

/** Response schemas of a route: its own, and a problem for each status of the named codes and of those that any route can meet. Handlers are typed by the route's own; problems are thrown. */
export function withProblems<T extends object> (own: T, ...codes: FailureCode[]): T {
  const byStatus = Object.groupBy(new Set([...EVERYWHERE, ...codes]), (code) => FAILURES[code].status)
  const problems = Object.entries(byStatus).map(([status, group = []]) => [status, {
    description: group.map((code) => `${code}: ${FAILURES[code].title}`).join('. '),
    content: { [PROBLEM_MEDIA_TYPE]: { schema: Problem } },
  }] as const)
  return { ...Object.fromEntries(problems), ...own }
}
