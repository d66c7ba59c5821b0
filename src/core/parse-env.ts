import type { z } from 'zod'

/**
 * Parses the environment with a schema and freezes the answer. An empty variable counts as unset.
 * Throws an Error whose message names every bad key, what is wrong with it, and that nothing was started.
 */
export function parseEnv<T extends z.ZodObject> (schema: T, env: Readonly<Record<string, string | undefined>>): Readonly<z.infer<T>> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = schema.safeParse(set)
  if (parsed.success) return Object.freeze(parsed.data)
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`Cannot start: the environment is not valid\n${lines.join('\n')}`)
}
