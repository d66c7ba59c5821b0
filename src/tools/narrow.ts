import { JobError } from '../core/failures.ts'

/**
 * Holds an operator's configuration of a tool to less, as one job asks for. Throws a JobError INVALID for a member that a job has no say in, and for
 * one that asks for more.
 */
export function narrow (tool: string, config: Readonly<Record<string, unknown>>, { asked, narrows }: {
  asked: Readonly<Record<string, unknown>>
  narrows: readonly string[]
}): Record<string, unknown> {
  for (const [name, value] of Object.entries(asked)) {
    const path = `toolConfig.${tool}.${name}`
    if (!narrows.includes(name)) throw new JobError('INVALID', `Cannot run job: ${path} is not for jobs to say; known: ${narrows.join(', ') || 'none'}`)
    if (!isNarrower(value, config[name])) throw new JobError('INVALID', `Cannot run job: ${path} is ${JSON.stringify(value)}, not within the operator's ${JSON.stringify(config[name])}`)
  }
  return { ...config, ...asked }
}

function isNarrower (asked: unknown, own: unknown): boolean {
  if (typeof own === 'number') return typeof asked === 'number' && asked <= own
  if (typeof own === 'boolean') return asked === false || asked === own
  if (Array.isArray(own)) return Array.isArray(asked) && asked.every((value) => own.includes(value))
  return asked === own
}
