import { sha256 } from '../core/digest.ts'

/** Enough that no two tags of a tenant are taken for one another. */
const DIGEST_CHARS = 24

/** A tag as names of keys and the moves know it, whatever its characters. */
export function digestTag (name: string, value: string): string {
  return sha256(JSON.stringify([name, value])).slice(0, DIGEST_CHARS)
}

/** The tags of a job as its record has them; empty without any. */
export function digestTags (tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags).map(([name, value]) => digestTag(name, value)).join(' ')
}
