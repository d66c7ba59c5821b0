import { Readable } from 'node:stream'
import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { JobError, type InvalidMember } from '../core/failures.ts'

/** Most faults of one request that an answer lists. */
const ERRORS_MAX = 20
/** Characters of a request that an answer repeats: both hold what the caller wrote. */
const POINTER_CHARS = 256
const MESSAGE_CHARS = 512

/**
 * Compiles zod schemas for Fastify, which hands over null for no body. A request that does not fit throws INVALID, naming every wrong member by JSON pointer;
 * a request without the body that a route needs throws BAD_REQUEST.
 */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => (data: unknown) => {
  if (data instanceof Readable) return { value: data } // whoever reads it looks at what comes
  const parsed = schema.safeParse(data)
  if (parsed.success) return { value: parsed.data }
  if (httpPart === 'body' && data === null) return { error: new JobError('BAD_REQUEST', 'Cannot read the body: there is none') }
  return { error: describeFaults(parsed.error, httpPart ?? 'request') }
}

/** Reads a part of a request by its schema. Throws INVALID, naming every wrong member by JSON pointer. */
export function parseWith<T> (schema: z.ZodType<T>, data: unknown, part: string): T {
  const parsed = schema.safeParse(data)
  if (parsed.success) return parsed.data
  throw describeFaults(parsed.error, part)
}

function describeFaults (error: z.ZodError, part: string): JobError {
  const errors = error.issues.slice(0, ERRORS_MAX).flatMap((issue) => describeIssue(issue))
  const summary = errors.map(({ pointer, message }) => `${pointer || 'the whole'}: ${message}`).join('; ')
  return new JobError('INVALID', `Cannot take the ${part}: ${summary}`, { errors })
}

function describeIssue (issue: z.core.$ZodIssue): InvalidMember[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, ERRORS_MAX).map((key) => ({ pointer: buildPointer([...issue.path, key]), message: 'Unknown member' }))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0 && !hasOwnWords(issue)) return describeNearest(issue.path, issue.errors)
  return [{ pointer: buildPointer(issue.path), message: issue.message.slice(0, MESSAGE_CHARS) }]
}

/** A union that is no kind of what it expects, and whose schema says in its own words what that would be. */
function hasOwnWords ({ message, errors }: z.core.$ZodIssueInvalidUnion): boolean {
  return message !== 'Invalid input' && errors.every(isOtherKind)
}

/** Whether a value is not even of the kind that a form is about. */
function isOtherKind (issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.some(({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'))
}

/** Of a value that fits none of several forms, tells what keeps it from the one of its kind that knows most of its members. */
function describeNearest (path: readonly PropertyKey[], forms: readonly z.core.$ZodIssue[][]): InvalidMember[] {
  const [nearest = []] = forms.toSorted((a, b) => Number(isOtherKind(a)) - Number(isOtherKind(b)) || countUnknown(a) - countUnknown(b) || a.length - b.length)
  return nearest.slice(0, ERRORS_MAX).flatMap((issue) => describeIssue({ ...issue, path: [...path, ...issue.path] }))
}

function countUnknown (issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys.length : 0), 0)
}

/** Writes a path as a JSON pointer, very long keys cut. Source: RFC 6901. */
export function buildPointer (path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).slice(0, POINTER_CHARS).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
