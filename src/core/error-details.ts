import { z } from 'zod'
import { FAILURE_CHARS } from './runner-protocol.ts'

/** Errors that one may gather, of those that are told. */
const ERRORS_MAX = 16
const ERRORS = 'Those of an AggregateError'
const CAUSE = 'What it was caused by'

/** An error that another was caused by, or has gathered. What was thrown need not be one: its name is then `Exception`. */
export const ThrownError = z.object({
  name: z.string().max(FAILURE_CHARS.name),
  message: z.string().max(FAILURE_CHARS.message),
  stack: z.string().max(FAILURE_CHARS.stack).optional().describe('Frames of the code alone'),
  properties: z.record(z.string(), z.unknown()).optional().describe('Members that code has put on it: as JSON where that is short, as text of the console otherwise'),
  get errors () { return z.array(ThrownError).max(ERRORS_MAX).optional().describe(ERRORS) },
  get cause () { return ThrownError.optional().describe(CAUSE) },
}).meta({ id: 'ThrownError', description: 'An error that another was caused by, or has gathered' })
export type ThrownError = z.infer<typeof ThrownError>

/** What an error has beside its name, its message and its stack. Together they are bounded. */
export const ErrorDetails = z.object({
  properties: ThrownError.shape.properties,
  errors: z.array(ThrownError).max(ERRORS_MAX).optional().describe(ERRORS), // of its own: what is shared is given a name in the reference
  cause: ThrownError.optional().describe(CAUSE),
})
export type ErrorDetails = z.infer<typeof ErrorDetails>

const StrictDetails = z.strictObject(ErrorDetails.shape)

/** Deeper than a guest writes it, and far from what JSON.stringify can write without running out of stack. */
const NESTING_MAX = 1200

/** Reads what a runner tells of an error, from JSON text. Throws for anything else. */
export function parseErrorDetails (json: string): ErrorDetails {
  const value: unknown = JSON.parse(json)
  checkNesting(value, 0)
  return StrictDetails.parse(value)
}

function checkNesting (value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > NESTING_MAX) throw new RangeError(`Cannot read details of an error: they nest deeper than ${NESTING_MAX} levels`)
  for (const member of Object.values(value)) checkNesting(member, depth + 1)
}

/** Answers the same with other stacks. */
export function mapStacks ({ errors, cause, ...rest }: ErrorDetails, map: (stack: string) => string): ErrorDetails {
  const mapOne = ({ name, message, stack, ...details }: ThrownError): ThrownError => {
    const mapped = stack === undefined ? '' : map(stack)
    return { name, message, ...(mapped === '' ? {} : { stack: mapped }), ...mapStacks(details, map) }
  }
  return { ...rest, ...(errors ? { errors: errors.map(mapOne) } : {}), ...(cause ? { cause: mapOne(cause) } : {}) }
}
