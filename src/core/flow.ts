import { z } from 'zod'
import { LogLevel } from './events.ts'
import { FAILURES, isFailureCode, type FailureCode } from './failures.ts'
import { JOB_LIMITS, type LimitName } from './limits.ts'

/** Kinds of failures that the flow endpoint tells apart. */
export const FLOW_ERRORS = ['ValidationError', 'SecurityError', 'SyntaxError', 'ReferenceError', 'TypeError', 'RuntimeError', 'TimeoutError', 'ConcurrencyError'] as const
export type FlowErrorType = typeof FLOW_ERRORS[number]

/** What the code's own errors are told as by their names; others are a RuntimeError. */
const BY_NAME: ReadonlySet<string> = new Set<FlowErrorType>(['SyntaxError', 'ReferenceError', 'TypeError'])

/** Codes whose kind does not follow from who has to act. */
const BY_CODE: Partial<Record<FailureCode, FlowErrorType>> = {
  SYNTAX_ERROR: 'SyntaxError',
  TIMEOUT: 'TimeoutError',
  CPU_LIMIT: 'TimeoutError',
  MODULE_NOT_ALLOWED: 'SecurityError',
  PERMISSION_DENIED: 'SecurityError',
  UNAUTHENTICATED: 'SecurityError',
  FORBIDDEN: 'SecurityError',
  RATE_LIMITED: 'ConcurrencyError',
  OVERLOADED: 'ConcurrencyError',
  CANCELLED: 'RuntimeError',
}

/** Tells which kind of failure a code is, given the name of the error where code threw one. */
export function flowErrorType (code: FailureCode, name?: string): FlowErrorType {
  if (code === 'USER_ERROR' || code === 'UNHANDLED_REJECTION') return name !== undefined && BY_NAME.has(name) ? name as FlowErrorType : 'RuntimeError' // the set has no others
  return BY_CODE[code] ?? (FAILURES[code].fault === 'caller' ? 'ValidationError' : 'RuntimeError')
}

const limits = Object.fromEntries(Object.keys(JOB_LIMITS).map((name) => [name, z.number()])) as Record<LimitName, z.ZodNumber> // the keys of a closed table

/** A call as the API hands it to a worker; its input, JSON text, goes beside it. */
export const FlowCall = z.object({
  code: z.string(),
  tools: z.array(z.string()),
  limits: z.object(limits),
  traceparent: z.string().nullable(),
})
export type FlowCall = z.infer<typeof FlowCall>

export const FlowLog = z.object({
  level: LogLevel,
  message: z.string(),
  timestamp: z.number().describe('Milliseconds of the Unix epoch'),
})
export type FlowLog = z.infer<typeof FlowLog>

/** What came of a call, as a worker tells the API; the result, JSON text, goes beside it where there is no error. */
export const FlowReply = z.object({
  error: z.object({
    code: z.string().transform((code): FailureCode => isFailureCode(code) ? code : 'INTERNAL'), // a worker of another version may know others
    name: z.string(),
    message: z.string(),
    stack: z.string().optional(),
  }).nullable(),
  wallMs: z.number(),
  logs: z.array(FlowLog).optional(),
})
export type FlowReply = z.output<typeof FlowReply>

/** Writes a head and the JSON beside it as one text, neither of which has to be read to tell them apart. */
export function writeFlowText (head: FlowCall | FlowReply, json: string): string {
  return `${JSON.stringify(head)}\n${json}` // JSON has no line break that is not escaped
}

/** Reads what `writeFlowText` wrote. */
export function readFlowText<T> (schema: z.ZodType<T>, text: string): { head: T, json: string } {
  const end = text.indexOf('\n')
  return { head: schema.parse(JSON.parse(text.slice(0, end))), json: text.slice(end + 1) }
}
