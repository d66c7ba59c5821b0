import { z } from 'zod'
import { JobError } from '../core/failures.ts'

/**
 * Holds an operator's configuration of a tool to less, as one job asks for. Throws a JobError INVALID for a member that a job has no say in, for one
 * that asks for more, and for one that the tool could not be held to: -1 of what is counted.
 */
export function narrow<C extends z.ZodObject> (tool: string, config: Readonly<Record<string, unknown>>, { asked, narrows, schema }: {
  asked: Readonly<Record<string, unknown>>
  narrows: readonly string[]
  schema: C
}): z.output<C> {
  for (const [name, value] of Object.entries(asked)) {
    const path = `toolConfig.${tool}.${name}`
    if (!narrows.includes(name)) throw new JobError('INVALID', `Cannot run job: ${path} is not for jobs to say; known: ${narrows.join(', ') || 'none'}`)
    if (!isNarrower(value, config[name], listWords(schema.shape[name]))) throw new JobError('INVALID', `Cannot run job: ${path} is ${JSON.stringify(value)}, not within the operator's ${JSON.stringify(config[name])}`)
  }
  const narrowed = schema.safeParse({ ...config, ...asked })
  if (narrowed.success) return narrowed.data
  const [issue] = narrowed.error.issues
  const [name = ''] = issue?.path ?? []
  throw new JobError('INVALID', `Cannot run job: toolConfig.${tool}.${String(name)} is ${JSON.stringify(asked[String(name)])}: ${issue?.message ?? 'not valid'}`)
}

function isNarrower (asked: unknown, own: unknown, words: readonly unknown[]): boolean {
  if (typeof own === 'number') return typeof asked === 'number' && asked <= own
  if (typeof own === 'boolean') return asked === false || asked === own
  if (Array.isArray(own)) return Array.isArray(asked) && asked.every((value) => own.includes(value))
  return asked === own || words.indexOf(asked) > words.indexOf(own)
}

/** The words of an enumeration, which stand from the widest to the narrowest; none for a member that is none. */
function listWords (member: unknown): readonly unknown[] {
  const type = member instanceof z.ZodDefault ? member.unwrap() : member
  return type instanceof z.ZodEnum ? type.options : []
}
