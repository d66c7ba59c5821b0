import { z } from 'zod'

/** Versions of a function that are kept: the oldest gives way to one more. */
export const FUNCTION_VERSIONS = 20

/** Name of a stored function. */
export const FunctionName = z.string().regex(/^[A-Za-z_][\w-]{0,63}$/, 'Expected 1 to 64 letters, digits, hyphens and underscores, not beginning with a digit or a hyphen')
