import { JobError } from './failures.ts'

/** What may be followed: one job, one batch, or all jobs of the tenant that have a tag. */
export type Topic =
  | { type: 'job' | 'batch', id: string }
  | { type: 'tag', name: string, value: string }

const SHOWN_CHARS = 64

/** Reads `job:<id>`, `batch:<id>` or `tag:<name>:<value>`, whose name ends at the first colon. Throws INVALID for any other text. */
export function parseTopic (text: string): Topic {
  const [, type, rest = ''] = /^(job|batch|tag):(.*)$/s.exec(text) ?? []
  if (type === 'job' || type === 'batch') return { type, id: rest }
  const colon = rest.indexOf(':')
  if (type === 'tag' && colon > 0) return { type, name: rest.slice(0, colon), value: rest.slice(colon + 1) }
  throw new JobError('INVALID', `Cannot follow ${JSON.stringify(text.slice(0, SHOWN_CHARS))}: a topic is job:<job id>, batch:<batch id> or tag:<name>:<value>`)
}

/** Writes a topic as `parseTopic` reads it. */
export function formatTopic (topic: Topic): string {
  return topic.type === 'tag' ? `tag:${topic.name}:${topic.value}` : `${topic.type}:${topic.id}`
}
