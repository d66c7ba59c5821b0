/** Longest that a request waits for a job, in seconds; a client that asks for more gets this. */
export const WAIT_MAX_SECONDS = 60

const PREFERENCE = /^\s*wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))\s*(?:;|$)/i

/**
 * Reads the seconds of `Prefer: wait=N` (RFC 7240), clamped to `WAIT_MAX_SECONDS`. Answers undefined where there is no such
 * preference or it is malformed: a preference that a server does not understand is ignored, and the first of several counts.
 */
export function parseWait (header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined) return undefined
  const text = typeof header === 'string' ? header : header.join(',')
  for (const preference of text.split(',')) {
    const match = PREFERENCE.exec(preference)
    if (match) return Math.min(Number(match[1] ?? match[2]), WAIT_MAX_SECONDS)
  }
  return undefined
}
