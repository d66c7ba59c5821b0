import { randomUUIDv7 } from 'node:crypto'

const PREFIXES = { job: 'job_', key: 'key_' } as const
type Kind = keyof typeof PREFIXES

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Makes an id: a prefix that names its kind and a UUIDv7 (RFC 9562), so that ids sort by the time they were made. */
export function newId (kind: Kind): string {
  return PREFIXES[kind] + randomUUIDv7()
}

/** Tells whether a text has the form of an id of that kind. */
export function isId (kind: Kind, text: string): boolean {
  return text.startsWith(PREFIXES[kind]) && UUID_V7.test(text.slice(PREFIXES[kind].length))
}
